"""Two submissions side by side, what they have in common coloured and linked: something to look at, never a verdict."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

import jinja2

from checker.language import _, ngettext, number, spoken
from checker.report import page
from checker.report.prose import cut, prose, visible
from checker.report.prose import share as share_text

# how many colours there are before the first one comes again; each stretch has its number as well
COLOURS = 6
LONGEST = 2000


class Anchor(NamedTuple):
    """Where a stretch begins: its number, and the line at which it begins in the other submission."""

    stretch: int
    there: int


class Line(NamedTuple):
    """A line of code; ``colour`` is that of the stretch it belongs to, None where it is the submission's own."""

    number: int
    text: str
    colour: int | None
    anchors: tuple[Anchor, ...]


class Side(NamedTuple):
    """One of the two: the letters that its anchors and those of the other begin with, its name, report and lines."""

    here: str
    there: str
    name: str
    other: str
    href: str
    lines: list[Line]


def html(
    one: str,
    other: str,
    share: float,
    left: Sequence[str],
    right: Sequence[str],
    regions: Sequence[tuple[range, range]],
    *,
    hrefs: tuple[str, str] = ("", ""),
    back: str = "",
) -> str:
    """The page, in the run's language.

    ``left`` and ``right`` are the lines of ``one`` and of ``other``. Each of ``regions`` is a stretch of both, as indices
    into them: ``range(0, 3)`` are the first three lines. ``hrefs`` lead to their reports and ``back`` to the class.
    """
    there = [region for region in regions if region[0] and region[1]]
    ones, others = [region[0] for region in there], [region[1] for region in there]
    sides = (
        Side("a", "b", one, other, hrefs[0], list(_lines(left, ones, others))),
        Side("b", "a", other, one, hrefs[1], list(_lines(right, others, ones))),
    )
    return (
        _environment()
        .get_template("beside.html.j2")
        .render(
            share=share,
            sides=sides,
            stretches=len(there),
            back=back,
            language=spoken(),
            _=_,
            ngettext=ngettext,
        )
    )


@cache
def _environment() -> jinja2.Environment:
    environment = page.environment()
    environment.finalize = visible
    environment.filters.update(prose=prose, count=number, share=share_text)
    return environment


def _lines(lines: Sequence[str], here: Sequence[range], there: Sequence[range]) -> Iterator[Line]:
    """The lines of one side; where stretches overlap, a line has the colour of the first."""
    colours: dict[int, int] = {}
    anchors: dict[int, list[Anchor]] = {}
    for stretch, (mine, other) in enumerate(zip(here, there, strict=True)):
        anchors.setdefault(mine.start, []).append(Anchor(stretch + 1, other.start + 1))
        for place in mine:
            colours.setdefault(place, stretch % COLOURS)
    for place, text in enumerate(lines):
        shown = cut(text.rstrip("\r\n"), LONGEST)
        yield Line(place + 1, shown, colours.get(place), tuple(anchors.get(place, ())))
