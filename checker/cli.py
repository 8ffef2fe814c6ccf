"""The commands: each parses, calls one function, prints, and returns an exit code."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from checker.errors import CANNOT_GRADE, CANNOT_READ, FULL_MARKS, NOT_FULL_MARKS, LabcheckError, UsageError
from checker.instructor import commands
from checker.language import _, ngettext, pick
from checker.legible import be_legible
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
    from checker.scorecard import Scorecard

app = typer.Typer(
    name="labcheck",
    help="Check deep-learning lab work: what is wrong, where, and how to go on.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
# what a check needs beside labcheck itself, by the name to install it by
NEEDED = ("tensorflow", "keras", "numpy", "h5py", "matplotlib", "scikit-image", "scikit-learn", "pandas",
          "tensorboard")  # fmt: skip


def main() -> NoReturn:
    """Run a command; an error of ours is a sentence and an exit code, never a traceback."""
    be_legible()
    try:
        # outside its standalone mode, typer gives the code of an Exit back as a value
        code = app(standalone_mode=False) or FULL_MARKS
        sys.stdout.flush()
    except LabcheckError as error:
        print(f"labcheck: {error}", file=sys.stderr)
        code = error.exit_code
    except (typer.Abort, KeyboardInterrupt):
        code = 130
    except BrokenPipeError:
        # whoever read us has stopped (`labcheck check | head`): say no more, not even when Python ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 141
    except Exception as error:
        # typer's usage errors are click's, under whichever name this version carries them
        if not hasattr(error, "format_message"):
            raise
        print(f"labcheck: {error.format_message()}\n{_('`labcheck --help` lists the commands.')}", file=sys.stderr)
        code = CANNOT_GRADE
    sys.exit(code)


@app.command()
def labs(course: CourseOption = None, lang: LangOption = None) -> None:
    """List the labs of the course."""
    speak_as(lang)
    known = course_of(course).labs
    wide = max((len(lab.name) for lab in known), default=0)
    for lab in known:
        count = len(lab.rubric.questions)
        size = ngettext("{count} question, {points} points", "{count} questions, {points} points", count)
        title = pick(lab.rubric.title.as_dict())
        print(f"{lab.name:<{wide}}  {title} ({size.format(count=count, points=f'{lab.rubric.max_score:g}')})")
    print(_("To start one: labcheck new LAB"))


@app.command()
def new(
    lab: LabArgument,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where to put it.")] = Path(),
    notebook: Annotated[bool, typer.Option("--notebook", help="A notebook instead of a script.")] = False,
    course: CourseOption = None,
    lang: LangOption = None,
) -> None:
    """Copy the template of a lab to start from, and the modules that come with it."""
    speak_as(lang)
    source = course_of(course).lab(lab).template_dir
    wanted, left_out = (f"{lab}.ipynb", f"{lab}.py") if notebook else (f"{lab}.py", f"{lab}.ipynb")
    if (folder / wanted).exists():
        raise UsageError(
            _("this file exists already; nothing was changed"),
            place=str(folder / wanted),
            remedy=_("Give another folder: labcheck new {lab} DIR").format(lab=lab),
        )
    folder.mkdir(parents=True, exist_ok=True)
    for path in sorted(path for path in source.iterdir() if path.is_file() and path.name != left_out):
        target = folder / path.name
        if target.exists():
            # the student's own by now
            print(_("Kept as it is: {path}").format(path=target))
            continue
        shutil.copyfile(path, target)
        print(_("Written: {path}").format(path=target))
    print(_("Fill it in, then: labcheck check {path}").format(path=folder / wanted))


@app.command()
def check(
    path: Annotated[
        Path,
        typer.Argument(metavar="PATH", help="A script, notebook, folder or zip; else the folder you are in."),
    ] = Path(),
    lab: Annotated[
        str | None, typer.Option("--lab", metavar="LAB", help="The lab; else found by the names in the work.")
    ] = None,
    question: Annotated[
        list[str] | None,
        typer.Option("-q", "--question", metavar="ID", help="Only this question; can be given several times."),
    ] = None,
    json: Annotated[Path | None, typer.Option("--json", metavar="F", help="Write the result as JSON.")] = None,
    html: Annotated[Path | None, typer.Option("--html", metavar="F", help="Write the report as HTML.")] = None,
    junit: Annotated[Path | None, typer.Option("--junit", metavar="F", help="Write JUnit XML, for CI.")] = None,
    lang: LangOption = None,
    data: DataOption = None,
    isolation: IsolationOption = "auto",
    course: CourseOption = None,
) -> None:
    """Check one submission: verdicts as they come, then the points.

    Exit code: 0 full marks; 1 not full; 2 usage, course or rubric error; 3 the submission cannot be read.
    """
    speak_as(lang)
    outputs = {"json": json, "html": html, "junit": junit}
    raise typer.Exit(_check(path, lab, tuple(question or ()), outputs, data, isolation_of(isolation), course))


def _check(
    path: Path,
    lab: str | None,
    questions: tuple[str, ...],
    outputs: Mapping[str, Path | None],
    data: str | None,
    isolation: str,
    course: Path | None,
) -> int:
    from rich.console import Console

    from checker import session
    from checker.choice import choose_lab
    from checker.errors import SubmissionError
    from checker.report import terminal

    # bound to the stream as it is now: pytest's own output is taken elsewhere meanwhile
    console = Console(file=sys.stdout)
    # "." has no name to call the submission by
    path = path if path.name.strip(".") else path.resolve()
    try:
        chosen = choose_lab(course_of(course), lab, path)
    except SubmissionError as error:
        card = session.unreadable(error, path, None, isolation)
    else:
        titles = {spec.id: pick(spec.title.as_dict()) for spec in chosen.rubric.questions}
        request = session.Request(lab=chosen, path=path, questions=questions, data=data, isolation=isolation)
        with terminal.progress(console, titles) as told:
            card = session.check(request, told)
    terminal.show(console, terminal.summary(card))
    _write(card, outputs)
    if card.status == "failed":
        return CANNOT_READ
    if card.broken:
        return CANNOT_GRADE
    if not card.full and not outputs["html"]:
        print(_("With --html report.html you also get a report with your models drawn."))
    return FULL_MARKS if card.full else NOT_FULL_MARKS


def _write(card: Scorecard, outputs: Mapping[str, Path | None]) -> None:
    from checker import report

    for name, target in outputs.items():
        if target is not None:
            write_text(report.FORMATS[name](card), target)


@app.command()
def demo(
    html: Annotated[Path, typer.Option("--html", metavar="F", help="Where to write the report.")] = Path(
        "labcheck-report/demo.html"
    ),
    lang: LangOption = None,
) -> None:
    """Check a sample that ships with labcheck, and write its report."""
    speak_as(lang)
    sample = Path(__file__).parent / "sample" / "cnn_mnist_sample.py"
    print(_("A sample with two mistakes is checked: {path}").format(path=sample.name))
    code = _check(sample, "cnn_mnist", (), {"html": html}, "embedded", "auto", None)
    raise typer.Exit(FULL_MARKS if code in (FULL_MARKS, NOT_FULL_MARKS) else code)


@app.command()
def doctor(lang: LangOption = None) -> None:
    """Tell what this machine has, and how to get what is missing."""
    speak_as(lang)
    from importlib.metadata import PackageNotFoundError, version

    from checker import __version__, dataset
    from checker.report import machine

    versions = {"labcheck": __version__, "python": sys.version.partition(" ")[0]}
    for name in NEEDED:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            versions[name] = ""
    for line in machine.packages(versions):
        print(line)
    if not all(versions.values()):
        raise typer.Exit(CANNOT_GRADE)
    data = dataset.load(["mnist"])
    for line in machine.data(data.source, embedded=data.digest == dataset.load(["mnist"], "embedded").digest):
        print(line)
    parts = _isolation()
    for line in machine.isolation(parts, parts.get("missing") or ()):
        print(line)


def _isolation() -> dict[str, Any]:
    """What holds a child on this machine; raises SandboxError where none can be started."""
    from checker.protocol import Budget, Load
    from checker.runner import SandboxRunner
    from checker.server import Server

    with Server() as server:
        runner = SandboxRunner(server, Load((), (), Budget(1, 1, 1.0, 1), 0, 1.0, 1.0), "")
        ready = runner.ready()
        runner.close()
    return ready.isolation


app.add_typer(commands)
