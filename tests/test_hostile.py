"""Submissions that are messy, slow or hostile: each ends within its limits, in a report, and costs what it touches."""

from __future__ import annotations

import html
import json
import re
import textwrap
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from labs.cnn_mnist import REFERENCE

from checker import report, session
from checker.course import default_course
from checker.protocol import Began, encode
from checker.scorecard import Scorecard
from checker.server import Server
from checker.template import notebook

pytestmark = [pytest.mark.sandbox, pytest.mark.slow]

# one question that a case may touch, and one that it does not
ASKED = ("data", "error_rate")
IN_THE_FUNCTION = "    scores = model.evaluate"
EVERY_DESCRIPTOR = "import os\nfor number in range(3, 1024):\n    try:\n        os.write(number, {data})\n    except OSError:\n        pass\n"
# the alarm that would end it from within is put off
FOR_EVER = "import signal\nsignal.setitimer(signal.ITIMER_REAL, 0)\nwhile True:\n    pass\n"


def at_once(*lines: str) -> str:
    """One statement, which the next child can leave out."""
    return "if True:\n" + textwrap.indent("\n".join(lines), "    ")


@dataclass(frozen=True)
class Case:
    """``cell`` is added at the end of the reference, ``line`` at the start of its last function asked for.

    ``lost`` are the questions that must not pass, ``ending`` that of the top level, ``said`` a part of the report.
    """

    cell: str = ""
    line: str = ""
    lost: frozenset[str] = frozenset()
    ending: str = "finished"
    said: str = ""

    @property
    def text(self) -> str:
        """The notebook."""
        inside = "".join(f"    {line}\n" for line in self.line.splitlines())
        content = json.loads(notebook(REFERENCE.replace(IN_THE_FUNCTION, inside + IN_THE_FUNCTION)))
        if self.cell:
            content["cells"].append({**content["cells"][0], "id": "last", "source": self.cell})
        return json.dumps(content)


ITS_QUESTION = frozenset({"error_rate"})
CASES = {
    "300 epochs at top level": Case(
        "(X, y), (Xt, yt), n = get_data_mnist()\nm = small_model()\n"
        "h = m.fit(X, y, epochs=300, batch_size=200)\nassert len(h.history['loss']) == 300\n",
        said="300 epochs",
    ),
    "a loop at top level": Case("while True:\n    pass\n", ending="timed_out", said="still running"),
    "a loop that no alarm ends": Case(at_once(FOR_EVER), ending="timed_out", said="still running"),
    "a loop in a function": Case(line="while True:\n    pass", lost=ITS_QUESTION, said="loop"),
    "_exit at top level": Case("import os\nos._exit(0)\n", ending="killed", said="exit 0"),
    "_exit in a function": Case(line="import os\nos._exit(0)", lost=ITS_QUESTION, said="exit 0"),
    "sys.exit at top level": Case("import sys\nsys.exit()\n", ending="raised", said="SystemExit"),
    "kills itself": Case("import os\nos.kill(os.getpid(), 9)\n", ending="killed", said="signal 9"),
    "prints 100 MB": Case("for _ in range(1000):\n    print('x' * 100_000)\n", said="was printed"),
    "a last cell that does not parse": Case("print 'done'\n", said="not valid Python"),
    "eats memory": Case(
        line="held = []\nwhile True:\n    held.append(b'x' * 2**26)", lost=ITS_QUESTION, said="memory"
    ),
    "fills the disk": Case(
        at_once(
            "import os",
            "for number in range(8):",
            "    with open(f'f{number}', 'wb') as file:",
            "        os.posix_fallocate(file.fileno(), 0, 2**29)",
            FOR_EVER,
        ),
        ending="out_of_memory", said="memory",
    ),
    "fills the disk with files that have no name": Case(
        at_once(
            "import os",
            "held = [open(f'f{number}', 'wb') for number in range(8)]",
            "for file in held:",
            "    os.unlink(file.name)",
            "    os.posix_fallocate(file.fileno(), 0, 2**29)",
            FOR_EVER,
        ),
        ending="out_of_memory", said="memory",
    ),
    "starts threads without end": Case(
        at_once(
            "import threading", "while True:", "    threading.Thread(target=threading.Event().wait, daemon=True).start()"
        ),
        ending="out_of_memory", said="memory",
    ),
    "writes to every descriptor": Case(
        EVERY_DESCRIPTOR.format(data="b'\\xff' * 64"), ending="garbled", said="disturbed"
    ),
    "sends half a frame": Case(
        at_once(EVERY_DESCRIPTOR.format(data="b'\\0\\0\\x10\\0half'"), FOR_EVER),
        ending="timed_out", said="still running",
    ),
    "closes every descriptor": Case(
        at_once("import os", "os.closerange(0, 4096)", FOR_EVER), ending="garbled", said="disturbed"
    ),
    "patches Keras": Case(
        "import keras\nkeras.Model.fit = keras.Model.evaluate = keras.Model.predict = lambda *a, **k: [0.0, 1.0]\n",
        lost=ITS_QUESTION,
    ),
    # the sandbox side stumbles at once, and the next child does without it
    "patches Python": Case(
        "import builtins\nbuiltins.len = builtins.isinstance = lambda *a, **k: 1 / 0\n", ending="killed", said="exit 1"
    ),
}  # fmt: skip

Check = Callable[..., Scorecard]


@pytest.fixture
def check(server: Server, tmp_path: Path) -> Check:
    """Checks the text of a notebook, with limits that make a test short."""

    def checked(
        text: str, questions: tuple[str, ...] = ASKED, running: Server = server, **more: float
    ) -> Scorecard:
        path = tmp_path / "lab.ipynb"
        path.write_text(text, "utf-8")
        lab = default_course().lab("cnn_mnist")
        short = {"statement": 5, "question": 20, "memory_mb": 2048, **more}
        limits = lab.rubric.limits.model_copy(update=short)
        lab.rubric = lab.rubric.model_copy(update={"limits": limits})
        request = session.Request(lab=lab, path=path, questions=questions, data="embedded")
        return session.check(request, lambda _question, _check: None, running)

    return checked


def lost(card: Scorecard, asked: tuple[str, ...] = ASKED) -> set[str]:
    return {question.id for question in card.questions if question.id in asked and question.verdict != "pass"}


def reports(card: Scorecard) -> tuple[dict[str, object], str]:
    """What was written: the JSON, and the text of the page."""
    page = re.sub(r"<[^>]*>", "", report.FORMATS["html"](card))
    return json.loads(report.FORMATS["json"](card)), html.unescape(page)


@pytest.mark.parametrize("name", CASES)
def test_it_ends_in_a_report_that_says_so_and_costs_only_what_it_touches(check: Check, name: str) -> None:
    case = CASES[name]
    card = check(case.text)
    result, page = reports(card)
    told = " ".join([n.message for n in card.notes] + [c.message for q in card.questions for c in q.checks])
    assert (lost(card), card.ending) == (case.lost, case.ending), told
    assert not card.broken
    assert (result["status"], result["ending"]) == ("graded", case.ending)
    assert case.said in told
    assert case.said in json.dumps(result, ensure_ascii=False)
    assert case.said in page


def test_a_flood_of_events_gains_no_time(check: Check) -> None:
    event = encode(Began(0, 1))
    cell = EVERY_DESCRIPTOR.replace("range(3, 1024)", "__import__('itertools').cycle(range(3, 1024))")
    no_alarm = FOR_EVER.partition("while")[0]
    card = check(Case(at_once(no_alarm, cell.format(data=event))).text, ("data",), load=8)
    assert (lost(card, ("data",)), card.ending) == (set(), "timed_out")


def test_an_empty_notebook_is_told_and_not_graded(check: Check) -> None:
    content = {**json.loads(notebook(REFERENCE)), "cells": []}
    result, page = reports(check(json.dumps(content)))
    assert (result["status"], result["score"]) == ("failed", 0.0)
    assert "this notebook has no code" in json.dumps(result)
    assert "this notebook has no code" in page


def test_a_process_that_is_abandoned_is_ended(check: Check) -> None:
    cell = """
import os
reading, writing = os.pipe()
if os.fork() == 0:
    try:
        os.setsid()
    except OSError:
        pass
    stray = os.fork()
    if stray == 0:
        import signal
        signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 32))
        while True:
            signal.pause()
    os.write(writing, str(stray).encode())
    os._exit(0)
raise RuntimeError("started " + os.read(reading, 20).decode())
"""
    card = check(Case(at_once(cell)).text)
    assert lost(card) == set()
    started = re.search(r"started (\d+)", " ".join(note.message for note in card.notes))
    assert started
    gone(int(started[1]))


def test_what_a_submission_finds_around_it_is_its_own(check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABCHECK_TEST_SECRET", "secret")
    cell = """
import json, os
held = {n: os.readlink(f"/proc/self/fd/{n}") for n in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{n}")}
raise RuntimeError("found " + json.dumps({"environ": dict(os.environ), "held": held}))
"""
    with Server() as mine:
        card = check(Case(at_once(cell)).text, ("data",), mine)
        folder = str(mine.folder)
    note = next(note.message for note in card.notes if "found {" in note.message)
    found = json.loads(note[note.index("{") :])
    assert "secret" not in found["environ"].values()
    assert {name for name, value in found["environ"].items() if value == folder} == set()
    assert all(path == "/dev/null" for number, path in found["held"].items() if int(number) < 3)
    assert [path.partition(":")[0] for number, path in found["held"].items() if int(number) > 2] == ["socket"]


def test_folders_that_are_closed_or_bottomless_are_removed(check: Check) -> None:
    cell = """
import os
os.makedirs("closed/inside")
open("closed/inside/file", "w").close()
os.chmod("closed/inside", 0)
os.chmod("closed", 0)
for _ in range(1200):
    os.mkdir("deep" * 5)
    os.chdir("deep" * 5)
os._exit(0)
"""
    with Server() as mine:
        card = check(Case(at_once(cell)).text, ("data",), mine)
        assert not list(mine.folder.glob("child-*"))
        folder = mine.folder
    assert lost(card, ("data",)) == set()
    assert not folder.exists()


def gone(pid: int) -> None:
    """Wait until there is no such process, for as long as a slow machine may take."""
    deadline = time.monotonic() + 30
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline, f"process {pid} is still there"
        time.sleep(0.05)
