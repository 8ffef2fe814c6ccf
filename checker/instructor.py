"""The commands for instructors: each parses, calls one function, prints, and returns an exit code."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from checker.errors import CANNOT_GRADE, FULL_MARKS, NOT_FULL_MARKS, UsageError
from checker.language import _, pick, spoken
from checker.options import (
    CourseOption,
    DataOption,
    IsolationOption,
    LabArgument,
    LangOption,
    course_of,
    isolation_of,
    speak_as,
    write_text,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from checker.gradebook import Step, Summary

commands = typer.Typer(rich_markup_mode=None)
JobsOption = Annotated[
    int | None,
    typer.Option("-j", "--jobs", metavar="N", min=1, help="How many at a time; else as many as cores."),
]


@commands.command()
def audit(
    lab: LabArgument,
    everything: Annotated[
        bool, typer.Option("--all", help="Every variant there is, instead of an even choice of some minutes.")
    ] = False,
    jobs: Annotated[
        int | None,
        typer.Option("-j", "--jobs", metavar="N", min=1, help="How many at a time; else as many as cores."),
    ] = None,
    json: Annotated[Path | None, typer.Option("--json", metavar="F", help="Write what was found as JSON.")] = None,
    html: Annotated[Path | None, typer.Option("--html", metavar="F", help="Write it as a page.")] = None,
    lang: LangOption = None,
    data: DataOption = None,
    course: CourseOption = None,
) -> None:
    """Does the rubric catch mistakes, and accept every right form? (for instructors).

    Exit code: 0 if so; 1 if a mistake is missed or a right form refused; 2 usage, course or rubric error.
    """
    speak_as(lang)
    import msgspec
    from rich.console import Console

    from checker.audit import audit as audited
    from checker.findings import FAULTS, Audited
    from checker.report import audited as page
    from checker.report import terminal

    chosen = course_of(course).lab(lab)
    with terminal.counting(Console(file=sys.stdout), _("Variants of the reference are graded")) as count:

        def told(each: Audited, done: int, of: int) -> None:
            count(done, of, page.fault_line(each) if each.finding in FAULTS else "")

        found = audited(chosen, data, jobs or os.cpu_count() or 1, told, everything=everything)
    for line in page.lines(found):
        print(line)
    texts = {json: msgspec.json.format(msgspec.json.encode(found), indent=1).decode(), html: page.html(found)}
    for target, text in texts.items():
        if target is not None:
            write_text(text, target)
    raise typer.Exit(NOT_FULL_MARKS if found.faults else FULL_MARKS)


@commands.command()
def calibrate(
    lab: LabArgument, data: DataOption = None, course: CourseOption = None, lang: LangOption = None
) -> None:
    """Measure the reference's trainings over seeds, and keep the thresholds beside the rubric (for instructors)."""
    speak_as(lang)
    from rich.console import Console

    from checker.measurement import measure
    from checker.report import terminal

    chosen = course_of(course).lab(lab)
    titles = {spec.id: pick(spec.title.as_dict()) for spec in chosen.rubric.questions}
    with terminal.progress(Console(file=sys.stdout), titles, "instructor") as told:
        found = measure(chosen, data, told)
    for each in found.measured.values():
        print(
            _("{check}: lowest {lowest}, mean {mean}, standard deviation {sd}, {count} trainings").format(
                check=each.check,
                lowest=min(each.accuracies),
                mean=each.mean,
                sd=each.sd,
                count=len(each.accuracies),
            )
        )
    if not found.measured:
        print(_("No check of this lab is judged by a training: there is nothing to measure."))


@commands.command()
def template(lab: LabArgument, course: CourseOption = None, lang: LangOption = None) -> None:
    """Make the student template from the reference (for instructors)."""
    speak_as(lang)
    from checker.template import notebook, strip

    chosen = course_of(course).lab(lab)
    chosen.template_dir.mkdir(parents=True, exist_ok=True)
    for path in sorted(chosen.reference_dir.glob("*.py")):
        code = strip(path.read_text("utf-8"))
        made = {path.name: code}
        if path.stem == chosen.name:
            made[f"{path.stem}.ipynb"] = notebook(code)
        for name, text in made.items():
            (chosen.template_dir / name).write_text(text, "utf-8")
            print(chosen.template_dir / name)


@commands.command()
def grade(
    lab: LabArgument,
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="The class: a folder or zip, as the platform gave it.")
    ],
    out: Annotated[Path, typer.Option("-o", "--out", metavar="OUT", help="The folder of the results.")],
    jobs: JobsOption = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Start over: keep no result of an earlier run.")] = False,
    roster: Annotated[
        Path | None,
        typer.Option("--roster", metavar="CSV", help="Who is in the class: id, name, group, due, penalty …"),
    ] = None,
    cluster: Annotated[
        str, typer.Option("--cluster", metavar="ADDR", help="Grade on the Dask scheduler at this address.")
    ] = "",
    isolation: IsolationOption = "auto",
    data: DataOption = None,
    course: CourseOption = None,
    lang: LangOption = None,
) -> None:
    """Grade a class (for instructors); interrupted, the same command goes on where it was.

    Exit code: 0 the class is graded; 2 usage, course or rubric error, or a submission that could not be graded.
    """
    speak_as(lang)
    from checker import batch

    wish = batch.Wish(
        out=out, jobs=jobs or os.cpu_count() or 1, language=spoken(), data=data, isolation=isolation_of(isolation),
        roster=roster, cluster=cluster, fresh=fresh,
    )  # fmt: skip
    chosen = course_of(course).lab(lab)
    raise typer.Exit(_over_a_class(out, lambda told: batch.grade(chosen, folder, wish, told)))


@commands.command()
def regrade(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The folder of the results.")],
    jobs: JobsOption = None,
    lang: LangOption = None,
) -> None:
    """Judge a class by the rubric of today, from what was kept, running no student code (for instructors).

    Exit code: 0 the class is judged; 2 usage, course or rubric error, or a submission that has to be run again.
    """
    speak_as(lang)
    from checker import batch

    count = jobs or os.cpu_count() or 1
    raise typer.Exit(_over_a_class(out, lambda told: batch.regrade(out, count, told, lang)))


@commands.command()
def export(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The folder of the results.")],
    formats: Annotated[
        str, typer.Option("--format", metavar="F,F", help="csv, moodle, canvas, gradescope; several with commas.")
    ] = "csv",
    worksheet: Annotated[
        Path | None,
        typer.Option(
            "--worksheet", metavar="F", help="The marks as Moodle or Canvas gave them to you; it is left as it is."
        ),
    ] = None,
    assignment: Annotated[
        str,
        typer.Option("--assignment", metavar="NAME", help="The column of the assignment in Canvas's gradebook."),
    ] = "",
    lang: LangOption = None,
) -> None:
    """Marks and feedback for a learning platform, into OUT/export (for instructors)."""
    speak_as(lang)
    from checker import batch
    from checker.export import FORMATS

    asked = [name.strip() for name in formats.split(",") if name.strip()]
    for name in asked:
        if name not in FORMATS:
            raise UsageError(
                _("no format {name!r}: choose among {names}").format(name=name, names=", ".join(FORMATS))
            )
    if worksheet and {"moodle", "canvas"} <= set(asked):
        raise UsageError(_("one worksheet is not for both Moodle and Canvas: export them one after the other"))
    for line in batch.export(out, asked, worksheet, assignment):
        print(line)


def _over_a_class(out: Path, run: Callable[[Callable[[Step], None]], Summary]) -> int:
    """Run something over a class, telling how far it is, and then what to know; the exit code."""
    from rich.console import Console

    from checker.publication import GRADEBOOK, INDEX
    from checker.report import progress

    with progress.of_a_class(Console(file=sys.stdout)) as told:
        found = run(told)
    for line in progress.summary(found):
        print(line)
    for name in (GRADEBOOK, INDEX):
        print(_("Written: {path}").format(path=out / name))
    wrong = found.problems or found.lacking or found.broken or found.reference_lost
    return CANNOT_GRADE if wrong else FULL_MARKS
