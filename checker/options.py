"""What commands share: options, the language, the course, a file to write."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from checker.errors import UsageError
from checker.language import LANGUAGES, _, preferred, speak

if TYPE_CHECKING:
    from checker.course import Course

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
IsolationOption = Annotated[
    str,
    typer.Option(
        "--isolation",
        metavar="auto|strict|none",
        help="What this machine can (auto), refuse to run where that is not all (strict), or nothing (none).",
    ),
]
LabArgument = Annotated[str, typer.Argument(metavar="LAB", help="A lab's name, as `labcheck labs` lists it.")]


def speak_as(language: str | None) -> None:
    """Speak the language asked for, else the system's; raises UsageError for one that there is not."""
    if language is not None and language not in LANGUAGES:
        raise UsageError(_("no language {name!r}: choose fr or en").format(name=language))
    speak(language or preferred())


def course_of(folder: Path | None) -> Course:
    """The course in ``folder``, else the one that ships."""
    from checker.course import Course, default_course

    return Course(folder) if folder else default_course()


def write_text(text: str, target: Path) -> None:
    """Write a file that was asked for, and say so; raises UsageError where it cannot be written."""
    from checker import report

    try:
        report.write(text, target)
    except OSError as error:
        raise UsageError(
            _("this file cannot be written: {error}").format(error=error.strerror), place=str(target)
        ) from error
    print(_("Written: {path}").format(path=target))


def isolation_of(name: str) -> str:
    """The kind of isolation asked for; raises UsageError for one that there is not."""
    if name not in ("auto", "strict", "none"):
        raise UsageError(_("no isolation {name!r}: choose auto, strict or none").format(name=name))
    return name
