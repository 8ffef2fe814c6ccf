"""A comment of ours beside an instructor's own words, in a cell of Moodle's feedback comments.

Moodle keeps such a comment as HTML (FORMAT_HTML in mod/assign/feedback/comments/locallib.php), and its versions 4.0 to
4.3 hand it out again without its tags and line ends (MDL-78342). So ours stands between marks that are text, with a sum
over its letters: a comment whose sum is wrong was edited by hand, and is the instructor's from then on.
"""

from __future__ import annotations

import hashlib
import html
import re

from checker.lms.table import clean

BLOCK = re.compile(
    r"(?P<gap>(?:<br ?/?>)?)"
    r"\[labcheck (?P<sum>[0-9a-f]{8})\](?P<text>(?:(?!\[labcheck ).)*?)\[/labcheck\]",
    re.DOTALL,
)
TAG = re.compile(r"<[^<>]*>")
MARK = re.compile(r"\[(?=/?labcheck\b)")


def put(cell: str, text: str) -> str:
    """``cell``, HTML, with ``text``, plain, in the place of what we wrote there before, or else after what it holds.

    An empty ``text`` takes away what we wrote before.
    """
    body = _html(text)
    block = f"[labcheck {_sum(body)}]{body}[/labcheck]" if body else ""
    ours = [found for found in BLOCK.finditer(cell) if _ours(found)]
    if not ours:
        return f"{cell}<br>{block}" if cell.strip() and block else block or cell
    parts, end = [], 0
    for found in ours:
        parts.append(cell[end : found.start()])
        if found is ours[0] and block:
            parts.append(found["gap"] + block)
        end = found.end()
    return "".join(parts) + cell[end:]


def edited(cell: str) -> bool:
    """Whether a comment of ours in ``cell`` was edited by hand."""
    return any(not _ours(found) for found in BLOCK.finditer(cell))


def _ours(found: re.Match[str]) -> bool:
    return found["sum"] == _sum(found["text"])


def _html(text: str) -> str:
    # PHP's fgetcsv takes the quote after a backslash for a letter of the cell
    escaped = html.escape(clean(text.strip())).replace("\\", "&#92;")
    return MARK.sub("&#91;", escaped).replace("\n", "<br>")


def _sum(body: str) -> str:
    letters = "".join(html.unescape(TAG.sub("", body)).split())
    return hashlib.sha256(letters.encode("utf-8", "replace")).hexdigest()[:8]
