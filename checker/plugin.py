"""The pytest plugin: ``pytest rubrics/<lab> --submission PATH`` grades, with all that pytest has.

Inert without a submission. Hooks take the grading from the config's stash and hand on to it.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from pathlib import Path

import pytest

from checker import dataset
from checker.architecture import Architecture, compare
from checker.award import Award, Inconclusive
from checker.course import CheckSpec, Course
from checker.evidence import Place
from checker.fault import StudentFault
from checker.grading import Grading
from checker.language import LANGUAGES, pick, preferred, speak
from checker.scorecard import CheckResult, Outcome
from checker.server import Server
from checker.student import Module
from checker.submission import read

GRADING = pytest.StashKey[Grading]()
SERVER = pytest.StashKey[Server]()
SAYING = pytest.StashKey["Saying"]()
AWARD = pytest.StashKey[Award]()


class Saying:
    """``say(key, at=place, **values)``: a sentence of rubric.yaml; remembers where it points.

    ``slips`` are the sentences of the check's known slips, by number of parameters.
    """

    def __init__(self, grading: Grading, spec: CheckSpec | None) -> None:
        self._says = grading.lab.rubric.says
        self.slips = {count: pick(text.as_dict()) for count, text in spec.slips.items()} if spec else {}
        self.text = ""
        self.place: Place | None = None

    def __call__(self, key: str, at: Place | None = None, **values: object) -> str:
        self.place = at
        self.text = pick(self._says[key].as_dict()).format(**values)
        return self.text


def pytest_addoption(parser: pytest.Parser) -> None:
    """https://docs.pytest.org/en/stable/reference/reference.html#pytest.hookspec.pytest_addoption."""
    group = parser.getgroup("labcheck", "grading with labcheck")
    group.addoption("--submission", metavar="PATH", help="the script, notebook, folder or zip to grade")
    group.addoption("--lab-data", metavar="SRC", help="a data file, or: embedded, keras, download")
    group.addoption("--lab-isolation", choices=("auto", "strict", "none"), default="auto", help="isolation")
    group.addoption("--lab-lang", choices=LANGUAGES, help="the language of the messages")
    group.addoption("--lab-hidden", action="store_true", help="run hidden checks, too")


def pytest_configure(config: pytest.Config) -> None:
    """Make a grading from the options, if they name a submission; else a session gives one."""
    config.addinivalue_line(
        "markers", "question(id, requires=(), hidden=False, weight=1): a check of a labcheck question"
    )
    if path := config.getoption("--submission"):
        config.stash[SERVER], config.stash[GRADING] = _from_options(config, Path(path))


def _from_options(config: pytest.Config, path: Path) -> tuple[Server, Grading]:
    speak(config.getoption("--lab-lang") or preferred())
    folder = next(Path(arg.partition("::")[0]).resolve() for arg in config.args)
    folder = folder if folder.is_dir() else folder.parent
    lab = Course(folder.parent.parent).lab(folder.name)
    submission = read(path, tuple(lab.rubric.names))
    server = Server(config.getoption("--lab-isolation")).__enter__()
    data = dataset.load(lab.rubric.data, config.getoption("--lab-data"))
    return server, Grading(lab, submission, data, server, bool(config.getoption("--lab-hidden")))


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave nothing running."""
    if server := config.stash.get(SERVER, None):
        config.stash[GRADING].close()
        server.close()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out hidden checks; after -k, so that those of its choice are counted."""
    grading = config.stash.get(GRADING, None)
    if grading is None:
        return
    kept = _asked(grading, items)
    if len(kept) < len(items):
        config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept


def _asked(grading: Grading, items: Sequence[pytest.Item]) -> list[pytest.Item]:
    """Those that this grading asks, in its order; the hidden checks that it leaves out are counted."""
    marks = {item: item.get_closest_marker("question") for item in items}
    asked = [item for item, mark in marks.items() if not (mark and grading.only) or mark.args[0] in grading.only]
    hidden = [item for item in asked if (mark := marks[item]) and mark.kwargs.get("hidden") and not grading.hidden]
    grading.left_out = len(hidden)
    order = {question: number for number, question in enumerate(grading.first)}

    def turn(item: pytest.Item) -> int:
        mark = marks[item]
        return order.get(mark.args[0], len(order)) if mark else len(order)

    return sorted((item for item in asked if item not in hidden), key=turn)


def grade(session: pytest.Session, grading: Grading) -> None:
    """Run the collected checks of ``session`` over ``grading``: pytest lets an item run again and again."""
    session.config.stash[GRADING] = grading
    items = _asked(grading, session.items)
    for item, following in zip(items, [*items[1:], None], strict=True):
        # what the checks of the submission before said and awarded
        if SAYING in item.stash:
            del item.stash[SAYING]
        if AWARD in item.stash:
            del item.stash[AWARD]
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)


@pytest.fixture
def grading(request: pytest.FixtureRequest) -> Grading:
    """The grading under way."""
    if GRADING not in request.config.stash:
        pytest.skip("no submission: give --submission PATH")
    return request.config.stash[GRADING]


@pytest.fixture
def student(grading: Grading) -> Module:
    """The submission."""
    return grading.student


@pytest.fixture
def reference(grading: Grading) -> Module:
    """The reference solution."""
    return grading.reference


@pytest.fixture
def data(grading: Grading) -> dataset.Data:
    """The data of this run by set: ``data.mnist``; the labels of a holdout are here and nowhere else."""
    return grading.data


@pytest.fixture
def say(request: pytest.FixtureRequest, grading: Grading) -> Saying:
    """The rubric's sentences."""
    mark = request.node.get_closest_marker("question")
    spec = grading.lab.rubric.question(mark.args[0]).checks.get(request.node.name) if mark else None
    request.node.stash[SAYING] = Saying(grading, spec)
    saying: Saying = request.node.stash[SAYING]
    return saying


@pytest.fixture
def award(request: pytest.FixtureRequest) -> Award:
    """A share of the points for a check that fails, and measured values for the report."""
    award: Award = request.node.stash.setdefault(AWARD, Award())
    return award


def pytest_assertrepr_compare(config: pytest.Config, op: str, left: object, right: object) -> list[str] | None:
    """Explain two architectures layer by layer."""
    if op != "==" or not isinstance(left, Architecture) or not isinstance(right, Architecture):
        return None
    del config
    return [_ARCHITECTURES, *compare(left, right).lines()]


_ARCHITECTURES = "the architectures differ:"


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Nothing more is asked once a mistake is told, where that is all that is asked for."""
    grading = item.config.stash.get(GRADING, None)
    if grading is not None and grading.until_caught and grading.caught:
        pytest.skip("caught")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Time a check, and block one whose requirements failed."""
    grading = item.config.stash.get(GRADING, None)
    mark = item.get_closest_marker("question")
    if grading is None or mark is None:
        return (yield)
    for name in mark.kwargs.get("requires", ()):
        needed = grading.result(name)
        if needed and needed.outcome not in (Outcome.passed, Outcome.inconclusive):
            pytest.skip(grading.waits_for(name))
    began = time.monotonic()
    grading.reference.measures.check = item.name
    grading.student.used.clear()
    try:
        return (yield)
    finally:
        spent = grading.seconds.get(mark.args[0], 0.0)
        grading.seconds[mark.args[0]] = spent + time.monotonic() - began
        grading.uses.setdefault(mark.args[0], set()).update(grading.student.used)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn what pytest saw into a check's result."""
    report = yield
    grading = item.config.stash.get(GRADING, None)
    mark = item.get_closest_marker("question")
    if grading is not None and mark is not None and (call.when == "call" or report.failed):
        weight = mark.kwargs.get("weight", 1)
        hidden = bool(mark.kwargs.get("hidden"))
        share, result = conclude(item, mark.args[0], call, hidden=hidden)
        if result.outcome is Outcome.inconclusive:
            report.outcome = "passed"
        grading.conclude(mark.args[0], weight, share, result)
    return report


def conclude(
    item: pytest.Item, question: str, call: pytest.CallInfo[None], *, hidden: bool
) -> tuple[float, CheckResult]:
    """The result of a check, and the share of its points that it won."""
    grading = item.config.stash[GRADING]
    spec = grading.lab.rubric.question(question).checks.get(item.name)
    award = item.stash.get(AWARD, Award())
    error = call.excinfo.value if call.excinfo else None
    outcome = _outcome(error)
    share = {Outcome.passed: 1.0, Outcome.inconclusive: 1.0, Outcome.failed: award.share}.get(outcome, 0.0)
    message, place = _message(item, error, outcome)
    if outcome is Outcome.failed and (cause := grading.told_already(message, place)):
        if share:
            # what it won was judged: only the words would be a repetition
            message = grading.same_as(cause)
        else:
            outcome, message, place = Outcome.blocked, grading.waits_for(cause), None
    evidence = dict(award.evidence)
    if isinstance(error, StudentFault) and error.ending is not None:
        evidence["ending"] = error.ending.value
    hint = pick(spec.hint.as_dict()) if spec and spec.hint and outcome is Outcome.failed else ""
    return share, CheckResult(
        id=item.name,
        title=pick(spec.text.as_dict()) if spec else item.name,
        outcome=outcome,
        visibility="hidden" if hidden else "public",
        message=message,
        hint=hint,
        location=place,
        evidence=evidence,
    )


def _outcome(error: BaseException | None) -> Outcome:
    if error is None:
        return Outcome.passed
    if isinstance(error, Inconclusive):
        return Outcome.inconclusive
    if isinstance(error, (AssertionError, pytest.fail.Exception)):
        return Outcome.failed
    return Outcome.blocked if isinstance(error, pytest.skip.Exception) else Outcome.broken


def _message(item: pytest.Item, error: BaseException | None, outcome: Outcome) -> tuple[str, Place | None]:
    saying = item.stash.get(SAYING, None)
    if error is None:
        return "", None
    if isinstance(error, StudentFault):
        return error.message, error.place
    if outcome is Outcome.failed and saying and saying.text and saying.text in str(error):
        return saying.text, saying.place
    if outcome is Outcome.broken:
        return f"{type(error).__name__}: {error}", None
    if outcome is Outcome.blocked:
        return str(error), None
    lines = [line.strip() for line in str(error).splitlines()]
    if _ARCHITECTURES in " ".join(lines):
        lines = lines[1:]
    return "\n".join(lines), saying.place if saying else None
