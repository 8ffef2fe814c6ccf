"""What is killed in the middle of a check starts afresh or says so, and nothing is left behind; real processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import psutil
import pytest
from labs.cnn_mnist import REFERENCE

from checker import session
from checker.course import default_course
from checker.evidence import Ending
from checker.process import ForkedProcess, Process
from checker.server import Server
from checker.watchdog import Exceeded, Watched

pytestmark = [pytest.mark.sandbox, pytest.mark.slow]
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="the fork server is Linux's")

BIN = Path(sys.executable).parent / "labcheck"
T = TypeVar("T")
SECONDS = 120
# long enough to be found at it, and short enough to come to an end
BUSY = REFERENCE + "\nimport time\nuntil = time.monotonic() + 3\nwhile time.monotonic() < until:\n    pass\n"


@dataclass(frozen=True)
class Running:
    """A ``labcheck check`` under way, with a temporary folder of its own."""

    process: psutil.Popen
    temporary: Path
    result: Path

    def server(self) -> psutil.Process:
        """The fork server, once it runs."""
        return until(lambda: next(iter(self.process.children()), None))

    def child(self) -> psutil.Process:
        """A child that runs student code: the fork server's own imports are over then."""
        return until(lambda: next((c for c in self.server().children() if c.cpu_times().user > 0.5), None))


def until(found: Callable[[], T | None]) -> T:
    """What ``found`` gives, as soon as it is something."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        try:
            if (value := found()) is not None:
                return value
        except psutil.Error:
            pass
        time.sleep(0.02)
    raise AssertionError("nothing came within the time of a test")


@contextmanager
def checking(folder: Path, code: str = BUSY) -> Iterator[Running]:
    """Runs the command; at the end nothing of it may be left, neither process nor folder."""
    temporary, result = folder / "tmp", folder / "result.json"
    temporary.mkdir()
    (folder / "lab.py").write_text(code, "utf-8")
    options = ["--lab", "cnn_mnist", "--data", "embedded", "-q", "data", "--lang", "en", "--json", str(result)]
    process = psutil.Popen(
        [BIN, "check", folder / "lab.py", *options],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "TMPDIR": str(temporary)},
        # whoever runs the tests in the background may ignore interrupts, and what is started inherits that
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    seen: set[psutil.Process] = set()
    running = Running(process, temporary, result)
    running.server()
    seen.update(process.children(recursive=True))
    try:
        yield running
        until(lambda: True if not alive(temporary) else None)
        until(lambda: True if not list(temporary.glob("labcheck-*")) else None)
        until(lambda: True if not any(map(lives, seen)) else None)
    finally:
        for left in [process, *alive(temporary)]:
            if left.is_running():
                left.kill()
        process.communicate()


def lives(process: psutil.Process) -> bool:
    """Whether it still does anything: a zombie only waits to be told of."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def alive(temporary: Path) -> list[psutil.Process]:
    """The processes whose home is in ``temporary``: those of the sandbox, whoever adopted them."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("HOME", "").startswith(str(temporary)):
                found.append(process)
        except psutil.Error:
            continue
    return found


@LINUX
@pytest.mark.parametrize("whom", [Running.server, Running.child], ids=["the fork server", "a child"])
def test_a_check_outlives_what_is_killed_under_it(
    tmp_path: Path, whom: Callable[[Running], psutil.Process]
) -> None:
    with checking(tmp_path) as running:
        running.child()
        whom(running).kill()
        said, complaint = running.process.communicate(timeout=SECONDS)
        assert running.process.returncode == 0, said + complaint
    result = json.loads(running.result.read_text("utf-8"))
    assert (result["status"], result["ending"], result["score"]) == ("graded", "finished", 3.0)


@LINUX
def test_a_fork_server_that_never_comes_up_is_one_clear_error(tmp_path: Path) -> None:
    with checking(tmp_path) as running:
        running.server().kill()
        said, complaint = running.process.communicate(timeout=SECONDS)
        assert running.process.returncode == 2
        assert "the sandbox process ended before it could answer" in complaint
        assert "Traceback" not in said + complaint
        assert not running.result.exists()


@LINUX
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("when", [Running.server, Running.child], ids=["starting", "running"])
def test_ending_the_command_leaves_nothing(
    tmp_path: Path, number: signal.Signals, when: Callable[[Running], psutil.Process]
) -> None:
    with checking(tmp_path, REFERENCE + "\nwhile True:\n    pass\n") as running:
        when(running)
        running.process.send_signal(number)
        _said, complaint = running.process.communicate(timeout=SECONDS)
        assert running.process.returncode == (130 if number == signal.SIGINT else -number)
        assert "Traceback" not in complaint


@LINUX
def test_a_fork_server_outlives_the_signals_that_end_its_grader(tmp_path: Path) -> None:
    with checking(tmp_path, REFERENCE + "\nwhile True:\n    pass\n") as running:
        running.child()
        # as when a whole control group is told to end
        for process in (running.server(), running.process):
            process.send_signal(signal.SIGTERM)


@LINUX
@pytest.mark.parametrize("stranger", [False, True], ids=["started by the grader", "a stranger"])
def test_the_fork_server_listens_to_its_grader_alone(stranger: bool) -> None:
    with Server() as server:
        server.spawn("").end()
        code = (
            "import os, socket, sys, time; from checker.protocol import Spawn, encode\n"
            "if sys.argv[2] == 'True':\n"
            "    first = os.getpid()\n"
            "    if os.fork(): time.sleep(0.2); os._exit(0)\n"
            "    while os.getppid() == first: time.sleep(0.01)\n"
            "s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])\n"
            "s.sendall(encode(Spawn('', 'none'))); print(s.recv(100), flush=True)"
        )
        said = subprocess.run(
            [sys.executable, "-c", code, server.folder / "server.sock", str(stranger)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert ("Spawned" in said.stdout) == (not stranger), said
        until(lambda: True if not psutil.Process(server._process.pid).children() else None)  # type: ignore[union-attr]
        # and goes on
        server.spawn("").end()


@LINUX
def test_two_owners_of_one_fork_server_each_hear_of_their_own_child() -> None:
    with Server() as server:
        first = server.spawn("")
        assert isinstance(first, ForkedProcess)
        first.control.close()
        first.stream.close()
        for _ in range(5):
            following = server.spawn("")
            assert psutil.pid_exists(following.pid)
            following.end()


def test_without_fork_a_submission_is_graded_and_the_report_says_how(tmp_path: Path) -> None:
    path = tmp_path / "lab.py"
    path.write_text(REFERENCE + "\nimport os\nos._exit(0)\n", "utf-8")
    lab = default_course().lab("cnn_mnist")
    request = session.Request(lab=lab, path=path, questions=("data", "error_rate"), data="embedded")
    with Server(forking=False) as server:
        card = session.check(request, lambda _question, _check: None, server)
        assert not list(server.folder.glob("child-*"))
        folder = server.folder
    told = [(c.outcome, c.message) for question in card.questions for c in question.checks]
    assert (card.score, card.max_score, card.ending) == (5.0, 5.0, "killed"), told
    assert card.environment.isolation["process"] == "spawned"
    if sys.platform == "linux":
        assert card.environment.isolation["missing"] == []
    assert not folder.exists()


@pytest.mark.parametrize("forking", [True, False], ids=["forked", "spawned"])
def test_silence_and_deafness_end_at_the_deadline(forking: bool) -> None:
    if forking and sys.platform != "linux":
        pytest.skip("the fork server is Linux's")
    with Server(forking=forking) as server:
        process = server.spawn("")
        greeting(process)
        with pytest.raises(Exceeded) as silence:
            watch(process, 0.1).recv(1)
        psutil.Process(process.pid).suspend()
        with pytest.raises(Exceeded) as deafness:
            watch(process, 0.1).sendall(bytes(2**26))
        assert (silence.value.ending, deafness.value.ending) == (Ending.timed_out, Ending.timed_out)
        process.end()
        assert not psutil.pid_exists(process.pid)


def watch(process: Process, seconds: float) -> Watched:
    """The child's stream, for so many seconds of its work."""
    watched = Watched(process)
    watched.allow(seconds)
    return watched


def greeting(process: Process) -> None:
    """Hear the child's first message."""
    watched = watch(process, SECONDS)
    size = int.from_bytes(watched.recv(4), "big")
    while size:
        size -= len(watched.recv(size))


def test_a_spawned_child_ends_with_its_grader(tmp_path: Path) -> None:
    code = (
        "import time; from checker.server import Server\n"
        "with Server(forking=False) as server:\n"
        "    process = server.spawn('')\n"
        "    process.wait_readable(120)\n"
        "    print(process.pid, flush=True)\n"
        "    time.sleep(600)\n"
    )
    grader = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    assert grader.stdout
    pid = int(grader.stdout.readline())
    grader.kill()
    grader.communicate()
    until(lambda: True if not psutil.pid_exists(pid) else None)


@pytest.mark.parametrize("platform", ["win32", "darwin"])
def test_modules_import_where_there_is_no_fork(platform: str) -> None:
    code = f"""
import sys, os, socket, signal, select
import tensorflow, keras, pytest, numpy, psutil, rich.console, typer  # theirs, and not what is tried here
sys.platform = {platform!r}
for module, names in ((os, ("fork", "getsid", "getppid", "waitstatus_to_exitcode", "setsid", "O_PATH")),
                      (socket, ("recv_fds", "send_fds", "AF_UNIX", "SO_PEERCRED")),
                      (signal, ("SIGKILL", "SIGCHLD", "SIGHUP", "SIGALRM", "setitimer", "set_wakeup_fd"))):
    if sys.platform == "win32":
        for name in names:
            if hasattr(module, name):
                delattr(module, name)
for name in ("fcntl", "resource", "pwd", "grp", "termios") if sys.platform == "win32" else ():
    sys.modules[name] = None
import checker.cli, checker.session, checker.server, checker.sandbox.child, checker.sandbox.zygote, checker.sandbox.pipes
from pathlib import Path
from typing import TypeVar
from checker.sandbox import jail
held = jail.enter(Path("."), jail.readable(), jail.Limits())
assert not held.strict and "landlock" in held.missing
assert not checker.server.Server().forking
print("imported")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "imported", done.stderr
