"""Which lab a submission is for, where nobody says."""

from __future__ import annotations

from pathlib import Path

from checker.course import Course, Lab
from checker.errors import SubmissionError, UsageError
from checker.handle import simplified
from checker.language import _
from checker.submission import read


def choose_lab(course: Course, name: str | None, path: Path) -> Lab:
    """The lab of that name; else the one whose names the submission has most of."""
    if name is not None:
        return course.lab(name)
    if len(course.labs) == 1:
        return course.labs[0]
    found = {lab: _names_of(lab, path) for lab in course.labs}
    best = max(found, key=lambda lab: len(found[lab][1]))
    for lab, (main, names) in found.items():
        # two labs, in two files, each mostly there: which one is meant?
        if main != found[best][0] and 2 * len(names) > len(lab.rubric.names):
            raise UsageError(
                _("this folder holds work for several labs: {labs}").format(labs=f"{best.name}, {lab.name}"),
                place=path.name,
                remedy=_("Give the file of one, or its name: labcheck check {file}").format(file=main),
            )
    if not found[best][1]:
        raise UsageError(
            _("no name of any lab is defined here: which lab is it?"),
            place=path.name,
            remedy=_("Give its name with --lab: {labs}").format(labs=", ".join(lab.name for lab in course.labs)),
        )
    return best


def _names_of(lab: Lab, path: Path) -> tuple[str, set[str]]:
    """The main file of a submission to ``lab``, and the lab's names in it; by its text where it cannot be read."""
    # X_train and y_train are in the work for any lab
    telling = {name: spec for name, spec in lab.rubric.names.items() if spec.kind != "array"}
    try:
        submission = read(path, tuple(lab.rubric.names))
    except SubmissionError as error:
        file = path if path.is_file() else path / error.file
        text = file.read_bytes().decode("utf-8", "replace") if file.is_file() else ""
        found = {name for name in telling if name in text}
        if not found:
            raise
        return error.file, found
    defined = set(map(simplified, submission.defined))
    found = {name for name, spec in telling.items() if defined & set(map(simplified, (name, *spec.aliases)))}
    return submission.main_file, found
