"""Remarks and failures of the top level as notes: sentences for a report that cost no points."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from checker.evidence import Ending, Failure, Remark
from checker.grading import Grading
from checker.language import _, ngettext
from checker.scorecard import Note


def notes_of(grading: Grading) -> Iterator[Note]:
    """Everything worth knowing about a graded submission, in the order met, each once, with its line."""
    for each in _notes(grading):
        yield replace(each, source=grading.submission.line(each.location))


def _notes(grading: Grading) -> Iterator[Note]:
    loaded = grading.student.loaded
    remarks = (*grading.submission.remarks, *loaded.effects.remarks, *grading.student.remarks)
    for remark in dict.fromkeys(remarks):
        yield note(remark)
    for failure in loaded.failures:
        yield _failed(failure)
    if grading.submission.defined and not loaded.definitions and not loaded.failures:
        text = _("Your code ran to its end, but none of the names that it defines was left after it.")
        yield Note(kind="nothing_left", message=text)
    budget = grading.lab.rubric.budget
    for fit in loaded.effects.fits:
        if fit.epochs > fit.ran_epochs:
            text = ngettext(
                "fit asks for {asked} epochs; {ran} was run, on {samples} images, to keep a check short.",
                "fit asks for {asked} epochs; {ran} were run, on {samples} images, to keep a check short.",
                fit.ran_epochs,
            )
            yield Note(
                kind="budget",
                message=text.format(asked=fit.epochs, ran=fit.ran_epochs, samples=budget.top_level_samples),
                location=fit.place,
            )


def note(remark: Remark) -> Note:
    """The sentence of a remark."""
    template = _sentences().get(remark.kind, remark.kind)
    details = {name: str(value) for name, value in remark.details.items()}
    return Note(kind=remark.kind, message=template.format(**details), location=remark.place)


def _sentences() -> dict[str, str]:
    return {
        "old_spelling": _("`{printed}` is an old spelling; today: `{modern}`"),
        "suspicious": _("`{printed}` means something else today; probably meant: `{modern}`"),
        "other_name": _("`{found}` was taken for `{wanted}`."),
        "magic": _("`{magic}` is not Python and was left out."),
        "broken_cell": _("This cell is not valid Python and was left out: {message}"),
        "out_of_order": _("The cells were last run in another order; here they run from top to bottom."),
        "several_files": _("{taken} was taken as the main file; the others are: {others}."),
        "ignored_file": _("{file} was left out."),
        "encoding": _("{file} is not UTF-8; it was read as {encoding}."),
        "input": _("input() was answered with an empty line."),
        "onehot_images": _(
            "to_categorical was applied to images of shape {shape}; here it left them as they are."
        ),
        "claimed_accuracy": _(
            "The report says an accuracy of {claimed}; the best model trained briefly here reached {measured}, "
            "on fewer images and for fewer epochs, which proves nothing against it."
        ),
        "output_cut": _("So much was printed that only the first {kept} bytes were kept."),
    }


def _failed(failure: Failure) -> Note:
    texts = {
        Ending.raised: _("This stops with {error}: {message}"),
        Ending.timed_out: _("This was still running when its time was over, and was left out."),
        Ending.out_of_memory: _("This took more memory, disk or processes than it is given, and was left out."),
        Ending.killed: _("This ended the whole Python process ({message}), and was left out."),
        Ending.garbled: _("This disturbed the conversation with the grader, and was left out."),
    }
    text = texts.get(failure.ending, str(failure.ending))
    if failure.ending is Ending.raised and not failure.message:
        text = _("This stops with {error}.")
    return Note(
        kind=failure.ending.value,
        message=text.format(error=failure.error, message=failure.message),
        location=failure.trace[-1] if failure.trace else None,
    )
