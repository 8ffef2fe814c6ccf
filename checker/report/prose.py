"""Text for a page: what cannot be seen made visible, French spaces that hold, and code between backquotes."""

from __future__ import annotations

import re
import unicodedata
from fractions import Fraction
from typing import Any

from markupsafe import Markup, escape

from checker.language import _, number, percent, spoken

MAX_TEXT = 4000
# a French line never begins with these, nor with the rest of a number
BOUND = re.compile(r" (?=[:;?!»%])|(?<=«) |(?<=\d) (?=\d{3}\b)")
CODE = re.compile(r"`([^`\n]+)`")
LAYOUT = "\n\t"
# what Python calls not printable, and every French text has
SEEN = str.maketrans("", "", LAYOUT + "\xa0\u202f")


def visible(value: Any) -> Any:
    """``value``, which if it is text has no control character, no mark that reorders it, and no half of a letter.

    Made to be jinja's ``finalize``, so that no expression of a template can forget it.
    """
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    if value.translate(SEEN).isprintable():
        return value
    return "".join(map(_visible, value))


def cut(text: str, length: int) -> str:
    """``text``, cut where its place ends."""
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def short(text: str) -> str:
    """``text``, cut where no reader would read on; what cannot be seen made visible."""
    shown = str(visible(text[:MAX_TEXT].replace("\r\n", "\n").replace("\t", "    ")))
    left = len(text) - MAX_TEXT
    return shown if left <= 0 else shown + " " + _("[{count} more characters]").format(count=number(left))


def prose(text: str) -> Markup:
    """A sentence, its French spaces unbreakable, with what stands between backquotes as code."""
    shown = BOUND.sub("\xa0", short(text)) if spoken() == "fr" else short(text)
    return Markup(CODE.sub(r"<code>\1</code>", str(escape(shown))))


def share(part: Fraction | float) -> str:
    """A share of one as a percentage that never flatters: 100% only where it is all, 0% only where it is nothing."""
    hundred = round(100 * part)
    if part < 1:
        hundred = min(hundred, 99)
    return percent(max(hundred, 1 if part > 0 else 0) / 100, 0)


def _visible(char: str) -> str:
    # category C: controls, marks that reorder text, half surrogates
    return char if char in LAYOUT or not unicodedata.category(char).startswith("C") else "\ufffd"
