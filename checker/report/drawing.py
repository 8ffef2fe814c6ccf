"""Two models side by side as inline SVG: aligned boxes, differences marked by word and shape as well as colour."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from markupsafe import Markup

from checker.language import _, number

Row = dict[str, Any]
Side = Literal["found", "expected"]

WIDTH, BOX, GAP, TOP = 500, 240, 20, 52
X: dict[Side, int] = {"found": 1, "expected": WIDTH - BOX - 1}
LABEL_LENGTH, FORMULA_LENGTH = 30, 36


def svg(evidence: dict[str, Any], name: str) -> Markup:
    """The difference in ``evidence`` as an SVG element; ``name`` makes its ids unique in the page."""
    rows: list[Row] = evidence["difference"]["rows"]
    tops = list(_tops(rows))
    opening = Markup(
        '<svg class="models" viewBox="0 0 {} {}" role="img" aria-labelledby="{}-title {}-desc" '
        'xmlns="http://www.w3.org/2000/svg"><title id="{}-title">{}</title><desc id="{}-desc">{}</desc>'
    ).format(
        WIDTH, tops[-1], name, name, name, _("Your model beside the one asked for"), name, " ".join(_told(rows))
    )
    heads = (
        _head("found", _("your model"), evidence.get("found")),
        _head("expected", _("the model asked for"), evidence.get("expected")),
    )
    columns = (part for side in X for part in _column(rows, tops, side))
    return Markup("").join([opening, *heads, *columns, Markup("</svg>")])


def state_word(state: str) -> str:
    """What a row is, in a word."""
    return {"same": _("same"), "missing": _("missing"), "extra": _("too many"), "changed": _("differs")}[state]


def _tops(rows: list[Row]) -> Iterator[int]:
    """Where each row begins, and where the last one ends."""
    top = TOP
    for row in rows:
        yield top
        top += _height(row) + GAP
    yield top


def _height(row: Row) -> int:
    boxes = [box for box in (row["found"], row["expected"]) if box]
    return 68 if any(box["formula"] for box in boxes) else 48


def _head(side: Side, title: str, parameters: object) -> Markup:
    count = _("{count} parameters").format(count=number(parameters)) if isinstance(parameters, int) else ""
    return Markup('<text class="head" x="{}" y="16">{}</text><text class="small" x="{}" y="35">{}</text>').format(
        X[side] + 2, title, X[side] + 2, count
    )


def _column(rows: list[Row], tops: list[int], side: Side) -> Iterator[Markup]:
    """The boxes of one model from top to bottom, and the arrows between them, past what the other has alone."""
    end = 0
    for row, top in zip(rows, tops, strict=False):
        box = row[side]
        if box is None and side == "expected":
            continue
        if end:
            yield _arrow(X[side] + BOX // 2, end, top)
        end = top + _height(row)
        yield _box(box, row["state"], X[side], top, _height(row)) if box else _ghost(X[side], top, _height(row))


def _box(box: dict[str, Any], state: str, x: int, y: int, height: int) -> Markup:
    """A layer: its label, its output's shape, the formula of its parameters, and a word where it differs."""
    badge = Markup("")
    if state != "same":
        badge = Markup('<text class="badge" x="{}" y="{}">{}</text>').format(
            x + BOX - 10, y + 40, state_word(state)
        )
    return Markup(
        '<g class="{}"><rect x="{}" y="{}" width="{}" height="{}" rx="6"/><text x="{}" y="{}">{}</text>'
        '<text class="small" x="{}" y="{}">{}</text><text class="small" x="{}" y="{}">{}</text>{}</g>'
    ).format(
        *(state, x, y, BOX, height),
        *(x + 10, y + 20, _cut(box["label"], LABEL_LENGTH)),
        *(x + 10, y + 40, _cut(box["shape"], LABEL_LENGTH)),
        *(x + 10, y + 59, _cut(box["formula"], FORMULA_LENGTH)),
        badge,
    )


def _ghost(x: int, y: int, height: int) -> Markup:
    """Where the student's model lacks a layer."""
    return Markup(
        '<g class="ghost"><rect x="{}" y="{}" width="{}" height="{}" rx="6"/>'
        '<text class="gap" x="{}" y="{}">{}</text></g>'
    ).format(x, y, BOX, height, x + BOX // 2, y + height // 2 + 5, state_word("missing"))


def _arrow(x: int, start: int, end: int) -> Markup:
    return Markup('<path class="arrow" d="M{} {}V{}m-4 -5l4 5l4 -5"/>').format(x, start + 2, end - 2)


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


def _told(rows: list[Row]) -> Iterator[str]:
    """The rows in words, for whoever does not see the drawing."""
    for row in rows:
        box = row["found"] or row["expected"]
        yield _("{layer}: {state}.").format(
            layer=box["label"], state=", ".join([state_word(row["state"]), *row["details"]])
        )
