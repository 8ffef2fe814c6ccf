"""A CSV file of somebody else's, in which single cells change and every other byte stays as it was."""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from checker.errors import UsageError
from checker.language import _

SEPARATORS = (",", ";", "\t")
BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
# what a spreadsheet takes for a formula, after any white space (OWASP, CSV injection)
FORMULA = re.compile(r"[\t\r]|\s*[=+\-@]")
QUOTED = r'"(?:[^"]++|"")*+"'


@dataclass(frozen=True, slots=True)
class Row:
    """A record as it stands: its ``cells`` with their quotes, its line ``end``, and the ``line`` (from 1) it begins on."""

    cells: tuple[str, ...]
    end: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A CSV file, read; ``name`` is what messages call it. Row 0 is its header."""

    name: str
    bom: bytes
    encoding: str
    separator: str
    rows: tuple[Row, ...]

    @property
    def header(self) -> tuple[str, ...]:
        """The texts of the first row."""
        return tuple(map(_text, self.rows[0].cells))

    def text(self, row: int, column: int | None) -> str:
        """The text of a cell, without its quotes; "" where the row is too short or there is no such column."""
        cells = self.rows[row].cells
        return _text(cells[column]) if column is not None and column < len(cells) else ""

    def fitting(self, html: str) -> str:
        """``html`` with character references for what the file's encoding lacks."""
        return html.encode(self.encoding, "xmlcharrefreplace").decode(self.encoding)

    def rewritten(self, changes: Mapping[tuple[int, int], str]) -> bytes:
        """The file with the texts of ``changes`` (by row and column) in their cells.

        A cell is quoted where it was, and where RFC 4180 wants it. Raises UsageError for a cell that its row lacks.
        """
        rows = [list(row.cells) for row in self.rows]
        for (row, column), text in changes.items():
            if column >= len(rows[row]):
                raise UsageError(
                    _("this line has fewer cells than the header"),
                    place=f"{self.name}:{self.rows[row].line}",
                    remedy=_("Download the file again, and do not change its columns."),
                )
            rows[row][column] = self._raw(text, was=rows[row][column])
        texts = (self.separator.join(cells) + row.end for cells, row in zip(rows, self.rows, strict=True))
        return self.bom + "".join(texts).encode(self.encoding)

    def _raw(self, text: str, was: str) -> str:
        if was.startswith('"') or any(char in text for char in (self.separator, '"', "\r", "\n")):
            return '"' + text.replace('"', '""') + '"'
        return text


def read(data: bytes, name: str) -> Table:
    """Read a CSV file: UTF-8 or UTF-16 by its mark, else UTF-8, else Windows-1252; any separator of ``SEPARATORS``.

    Raises UsageError for what is no text, is empty, or has a quote that is never closed.
    """
    bom, encoding, text = _decoded(data, name)
    if not text.strip():
        raise UsageError(_("the file is empty"), place=name, remedy=_("Download it again."))
    header = re.match(rf'(?:{QUOTED}|[^\r\n"]++|")*', text)
    bare = re.sub(QUOTED, "", header[0] if header else "")
    separator = max(SEPARATORS, key=bare.count)
    return Table(
        name=name, bom=bom, encoding=encoding, separator=separator, rows=tuple(_rows(text, separator, name))
    )


def clean(text: str) -> str:
    """``text`` with what no file, page or terminal should get (controls, marks that reorder, half surrogates) shown."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(char if char in "\n\t" or unicodedata.category(char)[0] != "C" else "\ufffd" for char in lines)


def defused(text: str) -> str:
    """``text`` for a cell of ours, with an apostrophe before what a spreadsheet would run.

    >>> defused("=HYPERLINK(1)"), defused("Anne-Marie")
    ("'=HYPERLINK(1)", 'Anne-Marie')
    """
    return "'" + text if FORMULA.match(text) else text


def _decoded(data: bytes, name: str) -> tuple[bytes, str, str]:
    """The byte order mark, the encoding and the text."""
    marked = next(((bom, encoding) for bom, encoding in BOMS if data.startswith(bom)), None)
    bom, encodings = (marked[0], (marked[1],)) if marked else (b"", ("utf-8", "cp1252"))
    if marked or b"\x00" not in data:
        for encoding in encodings:
            try:
                return bom, encoding, data[len(bom) :].decode(encoding)
            except UnicodeDecodeError:
                continue
    raise UsageError(
        _("this is no CSV file"),
        place=name,
        remedy=_("Give the file as the platform made it; save a spreadsheet as “CSV UTF-8” first."),
    )


def _rows(text: str, separator: str, name: str) -> Iterator[Row]:
    cell = re.compile(rf"((?:{QUOTED})?[^{separator}\r\n]*+)({separator}|\r\n|\r|\n|\Z)")
    cells: list[str] = []
    line = position = 0
    started = 1
    while position < len(text) or cells:
        found = cell.match(text, position)
        if found is None or _unclosed(found[1]):
            raise UsageError(
                _("a quote is opened and never closed"),
                place=f"{name}:{started}",
                remedy=_("Download the file again, or close the quote."),
            )
        cells.append(found[1])
        line += len(re.findall(r"\r\n|\r|\n", found[0]))
        position = found.end()
        if found[2] != separator:
            yield Row(tuple(cells), found[2], started)
            cells, started = [], line + 1


def _unclosed(raw: str) -> bool:
    return raw.startswith('"') and re.match(QUOTED, raw) is None


def _text(raw: str) -> str:
    found = re.match(QUOTED, raw)
    if found is None:
        return raw
    return found[0][1:-1].replace('""', '"') + raw[found.end() :]
