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
from checker.language import LANGUAGES, _, ngettext, pick, preferred, speak
from checker.legible import be_legible

if TYPE_CHECKING:
    from checker.course import Course, Lab
    from checker.scorecard import Scorecard

app = typer.Typer(
    name="labcheck",
    help="Check deep-learning lab work: what is wrong, where, and how to go on.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
CourseOption = Annotated[
    Path | None, typer.Option("--course", metavar="DIR", help="A course folder other than the one that ships.")
]
LangOption = Annotated[
    str | None, typer.Option("--lang", metavar="fr|en", help="The language of messages; else the system's.")
]
DataOption = Annotated[
    str | None,
    typer.Option(
        "--data", metavar="SRC", help="An .npz file like Keras's mnist.npz, or: embedded, keras, download."
    ),
]
LabArgument = Annotated[str, typer.Argument(metavar="LAB", help="A lab's name, as `labcheck labs` lists it.")]

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


def _speak(language: str | None) -> None:
    if language is not None and language not in LANGUAGES:
        raise UsageError(_("no language {name!r}: choose fr or en").format(name=language))
    speak(language or preferred())


@app.command()
def labs(course: CourseOption = None, lang: LangOption = None) -> None:
    """List the labs of the course."""
    _speak(lang)
    known = _course(course).labs
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
    _speak(lang)
    source = _course(course).lab(lab).template_dir
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
    isolation: Annotated[
        str,
        typer.Option(
            "--isolation",
            metavar="auto|strict|none",
            help="What this machine can (auto), refuse to run where that is not all (strict), or nothing (none).",
        ),
    ] = "auto",
    course: CourseOption = None,
) -> None:
    """Check one submission: verdicts as they come, then the points.

    Exit code: 0 full marks; 1 not full; 2 usage, course or rubric error; 3 the submission cannot be read.
    """
    _speak(lang)
    if isolation not in ("auto", "strict", "none"):
        raise UsageError(_("no isolation {name!r}: choose auto, strict or none").format(name=isolation))
    outputs = {"json": json, "html": html, "junit": junit}
    raise typer.Exit(_check(path, lab, tuple(question or ()), outputs, data, isolation, course))


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
    from checker.errors import SubmissionError
    from checker.report import terminal

    # bound to the stream as it is now: pytest's own output is taken elsewhere meanwhile
    console = Console(file=sys.stdout)
    # "." has no name to call the submission by
    path = path if path.name.strip(".") else path.resolve()
    try:
        chosen = _choose_lab(_course(course), lab, path)
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
            _write_text(report.FORMATS[name](card), target)


def _write_text(text: str, target: Path) -> None:
    from checker import report

    try:
        report.write(text, target)
    except OSError as error:
        raise UsageError(
            _("this file cannot be written: {error}").format(error=error.strerror), place=str(target)
        ) from error
    print(_("Written: {path}").format(path=target))


@app.command()
def demo(
    html: Annotated[Path, typer.Option("--html", metavar="F", help="Where to write the report.")] = Path(
        "labcheck-report/demo.html"
    ),
    lang: LangOption = None,
) -> None:
    """Check a sample that ships with labcheck, and write its report."""
    _speak(lang)
    sample = Path(__file__).parent / "sample" / "cnn_mnist_sample.py"
    print(_("A sample with two mistakes is checked: {path}").format(path=sample.name))
    code = _check(sample, "cnn_mnist", (), {"html": html}, "embedded", "auto", None)
    raise typer.Exit(FULL_MARKS if code in (FULL_MARKS, NOT_FULL_MARKS) else code)


@app.command()
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
    _speak(lang)
    import msgspec
    from rich.console import Console

    from checker.audit import audit as audited
    from checker.findings import FAULTS, Audited
    from checker.report import audited as page
    from checker.report import terminal

    chosen = _course(course).lab(lab)
    with terminal.counting(Console(file=sys.stdout), _("Variants of the reference are graded")) as count:

        def told(each: Audited, done: int, of: int) -> None:
            count(done, of, page.fault_line(each) if each.finding in FAULTS else "")

        found = audited(chosen, data, jobs or os.cpu_count() or 1, told, everything=everything)
    for line in page.lines(found):
        print(line)
    texts = {json: msgspec.json.format(msgspec.json.encode(found), indent=1).decode(), html: page.html(found)}
    for target, text in texts.items():
        if target is not None:
            _write_text(text, target)
    raise typer.Exit(NOT_FULL_MARKS if found.faults else FULL_MARKS)


@app.command()
def calibrate(
    lab: LabArgument, data: DataOption = None, course: CourseOption = None, lang: LangOption = None
) -> None:
    """Measure the reference's trainings over seeds, and keep the thresholds beside the rubric (for instructors)."""
    _speak(lang)
    from rich.console import Console

    from checker.measurement import measure
    from checker.report import terminal

    chosen = _course(course).lab(lab)
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


@app.command()
def template(lab: LabArgument, course: CourseOption = None, lang: LangOption = None) -> None:
    """Make the student template from the reference (for instructors)."""
    _speak(lang)
    from checker.template import notebook, strip

    chosen = _course(course).lab(lab)
    chosen.template_dir.mkdir(parents=True, exist_ok=True)
    for path in sorted(chosen.reference_dir.glob("*.py")):
        code = strip(path.read_text("utf-8"))
        made = {path.name: code}
        if path.stem == chosen.name:
            made[f"{path.stem}.ipynb"] = notebook(code)
        for name, text in made.items():
            (chosen.template_dir / name).write_text(text, "utf-8")
            print(chosen.template_dir / name)


@app.command()
def doctor(lang: LangOption = None) -> None:
    """Tell what this machine has, and how to get what is missing."""
    _speak(lang)
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


def _course(folder: Path | None) -> Course:
    from checker.course import Course, default_course

    return Course(folder) if folder else default_course()


def _choose_lab(course: Course, name: str | None, path: Path) -> Lab:
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
    from checker.errors import SubmissionError
    from checker.handle import simplified
    from checker.submission import read

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
