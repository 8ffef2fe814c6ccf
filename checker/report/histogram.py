"""The marks of a class as a histogram: bars of a round width, full marks apart, drawn as inline SVG."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from markupsafe import Markup

from checker.language import _, number
from checker.report.cohort import Spread, hundredths
from checker.report.words import points

MOST_BARS = 20
# a label under every bar, or every second, fifth or tenth one
EVERY, LABELS = (1, 2, 5, 10, 20), 11
WIDTH, HEIGHT, TOP, FOOT, SIDE, GAP = 720, 250, 44, 44, 14, 18


class Bar(NamedTuple):
    """How many marks are from ``low`` to under ``high``; full marks, and more, where ``high`` is None."""

    low: float
    high: float | None
    many: int

    @property
    def label(self) -> str:
        """The marks in words."""
        if self.high is None:
            return _("{points} and more: full marks").format(points=points(self.low))
        return _("{low} to under {high}").format(low=points(self.low), high=points(self.high))


def bars(marks: Sequence[int], maximum: float) -> list[Bar]:
    """The histogram of marks in hundredths of a point: at most ``MOST_BARS`` of a round width, and full marks."""
    most = hundredths(maximum)
    step = next(width for width in _widths() if width * MOST_BARS >= most)
    edges = [*range(0, most, step), most]
    counts = [0] * len(edges)
    for mark in marks:
        counts[bisect_right(edges, mark) - 1] += 1
    highs = [*(edge / 100 for edge in edges[1:]), None]
    return [Bar(edge / 100, high, count) for edge, high, count in zip(edges, highs, counts, strict=True)]


def _widths() -> Iterator[int]:
    """1, 2, 5, 10, 20, 50, …"""
    power = 1
    while True:
        yield from (power, 2 * power, 5 * power)
        power *= 10


def svg(found: Sequence[Bar], spread: Spread) -> Markup:
    """The bars as an SVG element, with a line where the median is."""
    opening = Markup(
        '<svg class="marks" viewBox="0 0 {} {}" role="img" aria-labelledby="marks-title marks-desc" '
        'xmlns="http://www.w3.org/2000/svg"><title id="marks-title">{}</title><desc id="marks-desc">{}</desc>'
    ).format(WIDTH, HEIGHT, _("How many submissions have which mark"), "; ".join(_told(found)))
    floor = HEIGHT - FOOT
    base = Markup('<path class="base" d="M{} {}H{}"/>').format(SIDE, floor, WIDTH - SIDE)
    columns = list(_columns(found))
    # the numbers last, so that the median's line does not cross one out
    parts = [*(bar for bar, _count in columns), base, _median(found, spread.median), *_labels(found)]
    parts += [count for _bar, count in columns]
    return Markup("").join([opening, *parts, Markup("</svg>")])


def _told(found: Sequence[Bar]) -> Iterator[str]:
    for bar in found:
        if bar.many:
            yield _("{name}: {value}").format(name=bar.label, value=number(bar.many))


def _wide(found: Sequence[Bar]) -> float:
    """The width of a bar."""
    return (WIDTH - 2 * SIDE - GAP) / len(found)


def _left(found: Sequence[Bar], place: int) -> float:
    return SIDE + place * _wide(found) + (GAP if place == len(found) - 1 else 0)


def _columns(found: Sequence[Bar]) -> Iterator[tuple[Markup, Markup]]:
    """Each bar, and its number above."""
    tallest = max((bar.many for bar in found), default=0) or 1
    room, floor = HEIGHT - TOP - FOOT - 18, HEIGHT - FOOT
    for place, bar in enumerate(found):
        if not bar.many:
            continue
        height = max(2, round(room * bar.many / tallest))
        left, wide = _left(found, place) + 1.5, _wide(found) - 3
        column = Markup('<rect class="{}" x="{:.1f}" y="{}" width="{:.1f}" height="{}"/>').format(
            "bar" if bar.high is not None else "bar all", left, floor - height, wide, height
        )
        count = Markup('<text class="count" x="{:.1f}" y="{}">{}</text>').format(
            left + wide / 2, floor - height - 5, number(bar.many)
        )
        yield column, count


def _labels(found: Sequence[Bar]) -> Iterator[Markup]:
    """The marks under the axis: where bars begin, as many as there is room for, and full marks."""
    every = next((each for each in EVERY if len(found) <= each * LABELS), EVERY[-1])
    tick = Markup('<text class="small tick" x="{:.1f}" y="{}">{}</text>')
    for place, bar in enumerate(found[:-1]):
        if place % every == 0:
            yield tick.format(_left(found, place), HEIGHT - FOOT + 17, points(bar.low))
    last = _left(found, len(found) - 1) + _wide(found) / 2
    yield tick.format(last, HEIGHT - FOOT + 17, points(found[-1].low))
    yield Markup('<text class="small end" x="{}" y="{}">{}</text>').format(
        WIDTH - 2, HEIGHT - FOOT + 34, _("full marks")
    )


def _median(found: Sequence[Bar], median: float) -> Markup:
    across = _across(found, median)
    end = "end" if across > WIDTH / 2 else "begin"
    return Markup(
        '<path class="median" d="M{:.1f} {}V{}"/><text class="small {}" x="{:.1f}" y="15">{}</text>'
    ).format(
        *(across, 20, HEIGHT - FOOT, end, across + (6 if end == "end" else -6)),
        _("median {mark}").format(mark=points(median)),
    )


def _across(found: Sequence[Bar], mark: float) -> float:
    """Where a mark lies on the axis."""
    for place, (bar, after) in enumerate(pairwise(found)):
        if mark < after.low:
            return _left(found, place) + _wide(found) * (mark - bar.low) / (after.low - bar.low)
    return _left(found, len(found) - 1) + _wide(found) / 2


def stack(all_: int, some: int, none: int) -> Markup:
    """One bar in three parts, for a cell of a table which tells the numbers as well."""
    whole, left = max(1, all_ + some + none), 0.0
    parts = []
    for name, count in (("all", all_), ("some", some), ("none", none)):
        wide = 100 * count / whole
        parts.append(
            Markup('<rect class="{}" x="{:.2f}%" width="{:.2f}%" height="100%"/>').format(name, left, wide)
        )
        left += wide
    return Markup('<svg class="stack" aria-hidden="true">{}</svg>').format(Markup("").join(parts))
