"""Moodle's assignment: marks and comments into its offline grading worksheet, reports into its feedback zip.

The worksheet's rules are those of mod/assign/feedback/offline/importgradeslib.php and locallib.php, the zip's those of
mod/assign/feedback/file/importziplib.php.
"""

from __future__ import annotations

import itertools
import os
import re
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

from checker.gradebook import Entry
from checker.language import _
from checker.lms.edited import Edited, Line, Told, lines, usual, value
from checker.lms.sheet import PARTICIPANT, Sheet
from checker.lms.table import clean

# the importer splits at underscores, and wants a number second and the kind of plug-in third
FOLDER = re.compile(r"[^_/\\]*_(\d+)_assignsubmission_[a-z]+_?")
# the earliest that a zip can hold: a date would make every zip another
NO_TIME = (1980, 1, 1, 0, 0, 0)


def worksheet(
    original: bytes,
    entries: Iterable[Entry],
    name: str = "worksheet.csv",
    feedback: Callable[[Entry], str] | None = None,
) -> Edited:
    """Moodle's worksheet ``original`` with the mark of each entry and, where asked for, a comment of plain text.

    A student is the number in the identifier, which an entry has as its ``account``. Marks are scaled to the row's
    maximum grade; the decimal sign is that of the worksheet's language. Raises UsageError for what is no worksheet of
    points in English or French.
    """
    sheet = Sheet.read(original, name)
    found, told = lines(entries, feedback), Told()
    usual_of, handed = usual(found), _by_number(found)
    if feedback and "comments" not in sheet.columns:
        told.add(_("The worksheet has no column of feedback comments: only marks are entered."))
    changes: dict[tuple[int, int], str] = {}
    entered = 0
    for row, number in sheet.participants():
        mine = handed.pop(number, [])
        mark = value(mine[0], usual_of, sheet.maximum(row), told) if len(mine) == 1 else None
        if refusal := sheet.refusal(row, mine, mark):
            told.add(refusal, sheet.student(row))
        elif mark is not None:
            changes |= sheet.changes(row, mark, mine[0], told)
            entered += 1
    for line in itertools.chain(*handed.values()):
        told.add(_("Not in the worksheet: {names}."), line.name)
    if sheet.settings:
        told.add(sheet.settings)
    return Edited(sheet.table.rewritten(changes), told.sentences(entered))


def feedback_zip(
    entries: Iterable[Entry], report: Callable[[Entry], bytes | None], target: Path
) -> tuple[str, ...]:
    """Write the zip for Moodle's “Upload multiple feedback files in a zip”: a report in each student's own folder.

    A folder has the name that Moodle gave it when the submissions were downloaded. None is made up: a number that is not
    Moodle's would hand a report to somebody else. ``target`` is written whole or not at all; the same reports make the
    same bytes. Returns what there is to tell. Raises OSError where it cannot be written.
    """
    told = Told()
    numbers = set()
    target.parent.mkdir(parents=True, exist_ok=True)
    half = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with zipfile.ZipFile(half, "w", zipfile.ZIP_DEFLATED) as archive:
            for entry in entries:
                name, folder = entry.student or entry.id, FOLDER.match(entry.source)
                if folder is None:
                    told.add(_("Not in a folder of Moodle's, so not in the zip: {names}."), name)
                elif folder[1] in numbers:
                    told.add(
                        _("Several submissions under one identifier, so only the first is in the zip: {names}."),
                        name,
                    )
                elif (data := report(entry)) is None:
                    told.add(_("Without a report, so not in the zip: {names}."), name)
                else:
                    numbers.add(folder[1])
                    archive.writestr(_member(f"{clean(folder[0])}/report.html"), data)
        half.replace(target)
    finally:
        half.unlink(missing_ok=True)
    return told.others()


def _member(name: str) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name, NO_TIME)
    member.compress_type = zipfile.ZIP_DEFLATED
    # whatever machine writes it
    member.create_system = 3
    member.external_attr = 0o100644 << 16
    return member


def _by_number(found: Iterable[Line]) -> dict[str, list[Line]]:
    """The lines of each participant, by the number without its leading zeros."""
    handed: dict[str, list[Line]] = {}
    for line in found:
        number = PARTICIPANT.fullmatch(line.account)
        handed.setdefault(number[1] if number else line.account, []).append(line)
    return handed
