"""Two models side by side as inline SVG: aligned boxes, differences marked by word and shape as well as colour."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup, escape

from checker.language import _, number

WIDTH, BOX, HEIGHT, STEP = 620, 270, 50, 72
LEFT, RIGHT, TOP = 15, 335, 40


def svg(rows: list[dict[str, Any]], found: str, expected: str) -> Markup:
    """The rows of ``Comparison.plain()`` as an SVG element with a text alternative."""
    height = TOP + STEP * len(rows) + 10
    parts = [
        Markup('<svg class="models" viewBox="0 0 {} {}" role="img" xmlns="http://www.w3.org/2000/svg">').format(
            WIDTH, height
        ),
        Markup("<title>{}</title><desc>{}</desc>").format(
            _("The model beside the one expected"), "; ".join(_described(row) for row in rows)
        ),
        Markup('<text class="head" x="{}" y="22">{}</text>').format(LEFT, found),
        Markup('<text class="head" x="{}" y="22">{}</text>').format(RIGHT, expected),
    ]
    for number_, row in enumerate(rows):
        top = TOP + STEP * number_
        for side, x in (("found", LEFT), ("expected", RIGHT)):
            parts.append(_box(row[side], row["state"], x, top))
            if number_ + 1 < len(rows):
                parts.append(_arrow(x + BOX // 2, top + HEIGHT))
    return Markup("").join([*parts, Markup("</svg>")])


def state_word(state: str) -> str:
    """What a row is, in a word."""
    return {"same": _("same"), "missing": _("missing"), "extra": _("too many"), "changed": _("differs")}[state]


def _box(box: dict[str, Any] | None, state: str, x: int, y: int) -> Markup:
    if box is None:
        return Markup('<text class="gap" x="{}" y="{}">— {} —</text>').format(x + 90, y + 30, state_word(state))
    badge = (
        ""
        if state == "same"
        else Markup('<text class="badge" x="{}" y="{}">{}</text>').format(x + BOX - 10, y + 18, state_word(state))
    )
    small = f"{box['shape']}  ·  {number(box['parameters'])}" if box["parameters"] else box["shape"]
    return Markup(
        '<g class="{}"><rect x="{}" y="{}" width="{}" height="{}" rx="6"/>'
        '<text x="{}" y="{}">{}</text><text class="small" x="{}" y="{}">{}</text>{}</g>'
    ).format(state, x, y, BOX, HEIGHT, x + 12, y + 20, box["label"], x + 12, y + 40, small, badge)


def _arrow(x: int, y: int) -> Markup:
    return Markup('<path class="arrow" d="M{} {}v16m-4 -5l4 5l4 -5"/>').format(x, y + 2)


def _described(row: dict[str, Any]) -> str:
    box = row["found"] or row["expected"]
    return str(escape(f"{box['label']}: {state_word(row['state'])}"))
