"""The commands: each parses, calls one function, prints, and returns an exit code."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from checker.errors import CANNOT_GRADE, CANNOT_READ, FULL_MARKS, NOT_FULL_MARKS, LabcheckError, UsageError
from checker.language import LANGUAGES, _, pick, preferred, speak

app = typer.Typer(
    name="labcheck",
    help="Check deep-learning lab work: what is wrong, where, and how to go on.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
CourseOption = Annotated[Path | None, typer.Option("--course", metavar="DIR", help="A course folder of your own.")]
LangOption = Annotated[str | None, typer.Option("--lang", metavar="fr|en", help="The language of the messages.")]
DataOption = Annotated[
    str | None, typer.Option("--data", metavar="SRC", help="A data file, or: embedded, keras, download.")
]


def main() -> NoReturn:
    """Run a command; an error of ours is a sentence and an exit code, never a traceback."""
    try:
        # outside its standalone mode, typer gives the code of an Exit back as a value
        code = app(standalone_mode=False) or FULL_MARKS
    except LabcheckError as error:
        print(f"labcheck: {error}", file=sys.stderr)
        code = error.exit_code
    except (typer.Abort, KeyboardInterrupt):
        code = 130
    except Exception as error:
        # typer's usage errors are click's, under whichever name this version carries them
        if not hasattr(error, "format_message"):
            raise
        print(f"labcheck: {error.format_message()}", file=sys.stderr)
        code = CANNOT_GRADE
    sys.exit(code)


def _speak(language: str | None) -> None:
    if language is not None and language not in LANGUAGES:
        raise UsageError(_("no language {name!r}: choose fr or en").format(name=language))
    speak(language or preferred())


@app.command()
def labs(course: CourseOption = None, lang: LangOption = None) -> None:
    """List the labs of the course."""
    _speak(lang)
    for lab in _course(course).labs:
        title = pick(lab.rubric.title.as_dict())
        typer.echo(f"{lab.name:<16} {lab.rubric.max_score:g}  {title}")


@app.command()
def new(
    lab: Annotated[str, typer.Argument(metavar="LAB")],
    folder: Annotated[Path, typer.Argument(metavar="[DIR]")] = Path(),
    notebook: Annotated[bool, typer.Option("--notebook", help="A notebook instead of a script.")] = False,
    course: CourseOption = None,
    lang: LangOption = None,
) -> None:
    """Copy the template of a lab to start from."""
    _speak(lang)
    source = _course(course).lab(lab).template_dir
    folder.mkdir(parents=True, exist_ok=True)
    for path in sorted(source.iterdir()):
        if path.suffix == (".py" if notebook else ".ipynb"):
            continue
        target = folder / path.name
        if target.exists():
            raise UsageError(
                _("this file exists already; nothing was changed"),
                place=str(target),
                remedy=_("Give another folder: labcheck new {lab} DIR").format(lab=lab),
            )
        shutil.copyfile(path, target)
        typer.echo(target)


@app.command()
def check(
    path: Annotated[Path, typer.Argument(metavar="[PATH]", help="A script, notebook, folder or zip.")] = Path(),
    lab: Annotated[
        str | None, typer.Option("--lab", metavar="LAB", help="The lab, where names do not tell it.")
    ] = None,
    question: Annotated[list[str] | None, typer.Option("-q", "--question", help="Only this question.")] = None,
    json: Annotated[Path | None, typer.Option("--json", metavar="F", help="Write result.json there.")] = None,
    html: Annotated[Path | None, typer.Option("--html", metavar="F", help="Write the report there.")] = None,
    junit: Annotated[Path | None, typer.Option("--junit", metavar="F", help="Write JUnit XML there.")] = None,
    lang: LangOption = None,
    data: DataOption = None,
    isolation: Annotated[
        str, typer.Option("--isolation", metavar="auto|strict|none", help="How strictly.")
    ] = "auto",
    course: CourseOption = None,
) -> None:
    """Check one submission: verdicts as they come, then the report."""
    _speak(lang)
    if isolation not in ("auto", "strict", "none"):
        raise UsageError(_("no isolation {name!r}: choose auto, strict or none").format(name=isolation))
    outputs = {"json": json, "html": html, "junit": junit}
    raise typer.Exit(_check(path, lab, tuple(question or ()), outputs, data, isolation, course))


def _check(
    path: Path,
    lab: str | None,
    questions: tuple[str, ...],
    outputs: dict[str, Path | None],
    data: str | None,
    isolation: str,
    course: Path | None,
) -> int:
    from rich.console import Console

    from checker import report, session
    from checker.report import terminal

    # bound to the stream as it is now: pytest's own output is taken elsewhere meanwhile
    console = Console(file=sys.stdout)
    chosen = _choose_lab(course, lab, path)
    request = session.Request(lab=chosen, path=path, questions=questions, data=data, isolation=isolation)
    with console.status(_("Starting TensorFlow and running your code…")):
        card = session.check(
            request, lambda name, result: terminal.show(console, terminal.check_lines(name, result))
        )
    terminal.show(console, terminal.summary(card))
    for name, target in outputs.items():
        if target is not None:
            report.write(report.FORMATS[name](card), target)
            console.print(_("Written: {path}").format(path=target), highlight=False, soft_wrap=True)
    if card.status == "failed":
        return CANNOT_READ
    if card.broken:
        return CANNOT_GRADE
    return FULL_MARKS if card.full else NOT_FULL_MARKS


@app.command()
def demo(
    html: Annotated[Path, typer.Option("--html", metavar="F", help="Where to write the report.")] = Path(
        "labcheck-report/demo.html"
    ),
    lang: LangOption = None,
) -> None:
    """Check a bundled sample submission on the embedded data and write its report."""
    _speak(lang)
    sample = Path(__file__).parent / "sample" / "cnn_mnist_sample.py"
    typer.echo(_("A sample with two mistakes is checked: {path}").format(path=sample.name))
    code = _check(sample, "cnn_mnist", (), {"html": html}, "embedded", "auto", None)
    raise typer.Exit(FULL_MARKS if code in (FULL_MARKS, NOT_FULL_MARKS) else code)


@app.command()
def template(lab: Annotated[str, typer.Argument(metavar="LAB")], course: CourseOption = None) -> None:
    """Make the student template from the reference, for the author of a course."""
    from checker.template import notebook, strip

    chosen = _course(course).lab(lab)
    chosen.template_dir.mkdir(parents=True, exist_ok=True)
    for path in sorted(chosen.reference_dir.glob("*.py")):
        code = strip(path.read_text("utf-8"))
        for name, text in ((path.name, code), (f"{path.stem}.ipynb", notebook(code))):
            (chosen.template_dir / name).write_text(text, "utf-8")
            typer.echo(chosen.template_dir / name)


@app.command()
def doctor(lang: LangOption = None) -> None:
    """Tell versions, data and isolation, and what is missing."""
    _speak(lang)
    from checker import dataset
    from checker.protocol import Budget, Load
    from checker.runner import SandboxRunner
    from checker.server import Server

    with Server() as server:
        runner = SandboxRunner(server, Load((), (), Budget(1, 1, 1.0, 1), 0, 1.0, 1.0), "")
        ready = runner.ready()
        runner.close()
    for name, value in {**ready.versions, **ready.isolation}.items():
        typer.echo(f"{name:<12} {value if value not in ('', []) else '-'}")
    typer.echo(f"{_('data'):<12} {dataset.mnist().source}")
    if ready.isolation.get("missing"):
        typer.echo(
            _("Parts of the isolation are missing on this machine; a local check is advisory all the same.")
        )


def _course(folder: Path | None):  # type: ignore[no-untyped-def]
    from checker.course import Course, default_course

    return Course(folder) if folder else default_course()


def _choose_lab(course: Path | None, name: str | None, path: Path):  # type: ignore[no-untyped-def]
    """The lab of that name; else the one whose names the submission defines most of."""
    known = _course(course)
    if name is not None:
        return known.lab(name)
    labs_ = known.labs
    if len(labs_) == 1:
        return labs_[0]
    from checker.errors import SubmissionError
    from checker.submission import read

    try:
        defined = read(path).defined
    except SubmissionError:
        return labs_[0]
    return max(labs_, key=lambda lab: len(defined & set(lab.rubric.names)))
