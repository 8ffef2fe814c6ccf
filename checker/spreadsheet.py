"""A CSV that a person wrote or a spreadsheet saved: in whatever encoding, with whatever separator."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from pathlib import Path

from checker.errors import UsageError
from checker.language import _

SEPARATORS = (";", "\t", ",")


def text_of(path: Path) -> str:
    """The text of a file: UTF-8, UTF-16 with its mark, else cp1252; raises UsageError for what is none."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(
            _("this file cannot be read: {error}").format(error=error.strerror), place=str(path)
        ) from error
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise UsageError(
            _("this is a spreadsheet, not a CSV"), place=str(path), remedy=_("Save it as CSV, and give that file.")
        )
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def rows_of(path: Path, known: Callable[[str], bool]) -> Iterator[tuple[int, list[str]]]:
    """The rows of a CSV, each with the line on which it ends; the first is the header, whose cells are ``known`` or not.

    Raises UsageError, with the line.
    """
    text = text_of(path)
    rest = text.lstrip("\r\n")
    offset = text[: len(text) - len(rest)].count("\n")
    separator = _separator(rest.partition("\n")[0], known)
    reader = csv.reader(io.StringIO(rest, newline=""), delimiter=separator, strict=True)
    try:
        for row in reader:
            yield offset + reader.line_num, row
    except csv.Error as error:
        what = _("this CSV cannot be read: {error}").format(error=error)
        raise UsageError(what, place=f"{path}:{offset + reader.line_num}") from error


def _separator(header: str, known: Callable[[str], bool]) -> str:
    """The separator under which most headers are known, then under which there are most of them."""

    def merit(separator: str) -> tuple[int, int]:
        cells = next(csv.reader([header], delimiter=separator), [])
        return sum(map(known, cells)), len(cells)

    return max(SEPARATORS, key=merit)
