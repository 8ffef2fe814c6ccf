"""Grades one submission: runs pytest over its lab's rubric and returns the scorecard. Sole caller of pytest.main."""

from __future__ import annotations

import contextlib
import io
import os
import platform
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest
from msgspec.structs import replace

from checker import __version__, dataset
from checker.course import Lab
from checker.errors import CourseError, LabcheckError, SubmissionError
from checker.evidence import Ending, Place
from checker.grading import SEED, Grading
from checker.language import _, pick
from checker.notes import notes_of
from checker.plugin import grade
from checker.scorecard import (
    CheckResult,
    Environment,
    Hidden,
    Note,
    QuestionResult,
    Scorecard,
    SubmissionId,
    Timing,
    Verdict,
    total,
)
from checker.server import Server
from checker.submission import Submission, read

# parts of pytest that do something around every check and nothing for one: without them a replay takes half the time
NEEDLESS = (
    "cacheprovider", "unraisableexception", "threadexception", "warnings", "logging", "faulthandler", "doctest",
    "junitxml", "debugging",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to grade, and how; ``questions`` empty for all of them, ``until_caught`` only up to the first mistake.

    The questions ``first`` are asked before the others, in that order.
    """

    lab: Lab
    path: Path
    questions: tuple[str, ...] = ()
    data: str | None = None
    isolation: str = "auto"
    hidden: bool = False
    until_caught: bool = False
    first: tuple[str, ...] = ()


def check(request: Request, told: Callable[[str, CheckResult], None], server: Server | None = None) -> Scorecard:
    """Grade one submission; ``told`` hears each check as it concludes.

    A submission that cannot be read is a failed scorecard, not an error. Raises CourseError or SandboxError where
    it is not the submission's fault. ``server`` is a running fork server to share, else one is started.
    """
    began = time.monotonic()
    for name in request.questions:
        request.lab.rubric.question(name)
    try:
        submission = readable(request.lab, request.path)
    except SubmissionError as error:
        return unreadable(error, request.path, request.lab, request.isolation)
    with contextlib.ExitStack() as stack:
        running = server or stack.enter_context(Server(request.isolation))
        data = dataset.load(request.lab.rubric.data, request.data)
        grading = Grading(
            request.lab,
            submission,
            data,
            running,
            hidden=request.hidden,
            told=told,
            only=request.questions,
            until_caught=request.until_caught,
            first=request.first,
        )
        stack.callback(grading.close)
        run_checks(request.lab, [grading])
        return scorecard(grading, request.isolation, began)


def readable(lab: Lab, path: Path) -> Submission:
    """The submission at ``path``; raises SubmissionError where it cannot be read or has nothing of the lab."""
    submission = read(path, tuple(lab.rubric.names))
    if not _defines_anything(lab, submission):
        raise _nothing_defined(lab, submission)
    return submission


def _defines_anything(lab: Lab, submission: Submission) -> bool:
    """Whether there is anything to grade: a name of the lab, or any function or model at all."""
    wanted = {name.lower().replace("_", "") for name in lab.rubric.names}
    bound = {name.lower().replace("_", "") for name in submission.defined}
    code = "\n".join(block.code for block in submission.blocks)
    return bool(wanted & bound) or "def " in code or "Sequential" in code or "Model" in code


def _nothing_defined(lab: Lab, submission: Submission) -> SubmissionError:
    return SubmissionError(
        _("none of the functions of lab {lab} is defined here").format(lab=lab.name),
        file=submission.main_file,
        remedy=_("`labcheck new {lab}` gives a file to start from.").format(lab=lab.name),
    )


def run_checks(lab: Lab, gradings: Iterable[Grading]) -> None:
    """Run the rubric's checks, collected once, over one submission after the other.

    The next of ``gradings`` is only asked for when the one before is done. Raises CourseError where the checks cannot be
    collected, SandboxError where a sandbox cannot be had.
    """
    checks = sorted(lab.rubric_dir.glob("test_*.py"))
    if not checks:
        raise CourseError(_("this lab has no checks (test_*.py)"), place=str(lab.rubric_dir))
    arguments = [
        *map(str, checks), "-p", "checker.plugin", *(f"-pno:{name}" for name in NEEDLESS), "-c", os.devnull,
        # a conftest.py further up is of somebody's own tests
        "--rootdir", str(lab.rubric_dir), "--confcutdir", str(lab.rubric_dir),
        "--import-mode=importlib", "-q", "-s", "--no-header", "--tb=short",
    ]  # fmt: skip
    said = io.StringIO()
    run = _Run(gradings, said)
    with _undisturbed(), _forgotten(lab.rubric_dir), contextlib.redirect_stdout(said):
        code = pytest.main(arguments, plugins=[run])
    if run.stopped:
        raise run.stopped
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        end = said.getvalue().strip().splitlines()[-12:]
        raise CourseError(
            _("the checks of this lab cannot be run:\n{said}").format(said="\n".join(end)), place=str(checks[0])
        )


class _Run:
    """Gives the plugin one grading after the other, and keeps why the whole run must stop."""

    def __init__(self, gradings: Iterable[Grading], said: io.StringIO) -> None:
        self._gradings = gradings
        self._said = said
        self.stopped: BaseException | None = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        """Every check of every grading; pytest's own loop tells what could not be collected."""
        if session.testsfailed:
            return None
        try:
            for grading in self._gradings:
                # without a sandbox no check can conclude anything
                grading.student.runner.ready()
                grade(session, grading)
                self._forget(session)
        except LabcheckError as error:
            self.stopped = error
        return True

    def _forget(self, session: pytest.Session) -> None:
        """What pytest keeps of every test would grow with the class."""
        if reporter := session.config.pluginmanager.get_plugin("terminalreporter"):
            reporter.stats.clear()
        self._said.seek(0)
        self._said.truncate()

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Whoever interrupts means all of labcheck."""
        if excinfo.type is KeyboardInterrupt:
            self.stopped = excinfo.value


@contextlib.contextmanager
def _forgotten(folder: Path) -> Iterator[None]:
    """Forget afterwards what was imported from ``folder``: another course may have checks of the same name.

    Within, modules of such names that were imported before (a test of the lab's, say) are put aside.
    """
    names = {path.stem for path in folder.glob("*.py")} & sys.modules.keys()
    aside = {name: sys.modules.pop(name) for name in names}
    try:
        yield
    finally:
        for name, module in list(sys.modules.items()):
            file = getattr(module, "__file__", None)
            if file and Path(file).is_relative_to(folder):
                del sys.modules[name]
        sys.modules.update(aside)


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Within, neither plugins installed beside labcheck nor options of the user's own pytest change a mark."""
    before = {name: os.environ.pop(name, None) for name in ("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "PYTEST_ADDOPTS")}
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    bytecode, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        yield
    finally:
        sys.dont_write_bytecode = bytecode
        del os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"]
        os.environ.update({name: value for name, value in before.items() if value is not None})


def scorecard(grading: Grading, isolation: str, began: float) -> Scorecard:
    """What was concluded; ``began`` is when, by ``time.monotonic``, ``isolation`` what was asked for."""
    questions = grading.questions()
    counted = [question for question in questions if question.verdict is not Verdict.skipped]
    loaded = grading.student.loaded
    ready = grading.student.runner.ready()
    endings = [failure.ending for failure in loaded.failures]
    worst = next((ending for ending in endings if ending is not Ending.raised), None)
    return Scorecard(
        lab=grading.lab.name,
        course_digest=grading.lab.digest,
        submission=SubmissionId(
            id=grading.submission.id, main_file=grading.submission.main_file, sha256=grading.submission.sha256
        ),
        status="graded",
        ending=worst or (Ending.raised if endings else Ending.finished),
        score=total(question.score for question in counted),
        max_score=total(question.max_score for question in counted),
        questions=questions,
        # a line that trains seven models says the same of each
        notes=tuple(dict.fromkeys(notes_of(grading))),
        environment=_environment(grading.data.source, isolation, ready.versions, ready.isolation),
        timing=Timing(
            total_s=round(time.monotonic() - began, 2),
            sandbox_s=round(grading.student.runner.seconds + grading.reference.runner.seconds, 2),
            training_s=round(loaded.effects.training_seconds, 2),
            questions={name: round(seconds, 2) for name, seconds in grading.seconds.items()},
        ),
        hidden=Hidden(not_run=grading.left_out),
    )


def unreadable(error: SubmissionError, path: Path, lab: Lab | None, isolation: str) -> Scorecard:
    """The scorecard of a submission that could not be read; without a lab where only its names would have told it."""
    place = Place(error.file, error.line, error.cell) if error.line else None
    what = (
        error.what
        if place or error.file in error.what
        else _("{file}: {what}").format(file=error.file, what=error.what)
    )
    text = what + (f"\n{error.remedy}" if error.remedy else "")
    return Scorecard(
        lab=lab.name if lab else "",
        course_digest=lab.digest if lab else "",
        submission=SubmissionId(id=path.stem, main_file=error.file, sha256=""),
        status="failed",
        ending=Ending.raised,
        score=0.0,
        max_score=lab.rubric.max_score if lab else 0.0,
        questions=_unjudged(lab) if lab else (),
        notes=(Note(kind="failed", message=text, location=place, source=error.source),),
        environment=_environment("", isolation, {}, {}),
        timing=Timing(),
    )


def unreadable_still(card: Scorecard, lab: Lab) -> Scorecard:
    """The scorecard of a submission that could not be read, by the lab's rubric of today."""
    return replace(card, questions=_unjudged(lab), max_score=lab.rubric.max_score, course_digest=lab.digest)


def _unjudged(lab: Lab) -> tuple[QuestionResult, ...]:
    return tuple(
        QuestionResult(
            id=spec.id, title=pick(spec.title.as_dict()), score=0.0, max_score=spec.points, verdict=Verdict.failed
        )
        for spec in lab.rubric.questions
    )


def _environment(source: str, mode: str, versions: dict[str, str], isolation: dict[str, object]) -> Environment:
    def installed(name: str) -> str:
        try:
            return versions.get(name) or version(name)
        except PackageNotFoundError:
            return ""

    return Environment(
        python=platform.python_version(),
        keras=installed("keras"),
        tensorflow=installed("tensorflow"),
        labcheck=__version__,
        data=source,
        isolation={"mode": mode, **isolation},
        seed=SEED,
    )
