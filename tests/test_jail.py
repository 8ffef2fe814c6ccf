"""What a jailed process may not do, and what it must still be able to do; real processes, real refusals."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from checker.sandbox import jail

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the jail is Linux's")

SCRIPT = """
import ctypes, json, os, resource, site, socket, subprocess, sys
from pathlib import Path
from checker.sandbox import jail, landlock

scratch, outside, before = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
listening = socket.socket(); listening.bind(("127.0.0.1", 0)); listening.listen()
port, parent = listening.getsockname()[1], os.getppid()
exec(before)
held = jail.enter(scratch, jail.readable(), jail.Limits(file_bytes=2**20))
os.chdir(scratch)

def number(expression):
    try:
        eval(expression)
    except OSError as error:
        return error.errno
    return 0

def fill():
    with open("large", "wb") as file:
        file.write(b"x" * 2**21)

def outlive():
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(1, 0, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")

import signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
print(json.dumps({"held": held.strict, "signals": held.signals, "missing": held.missing, "results": {e: number(e) for e in json.loads(sys.argv[4])}}))
"""
REFUSED = [
    "open(outside).read()",
    "open(outside, 'w')",
    "os.listdir('/')",
    "os.listdir(os.path.expanduser('~root'))",
    "open('/etc/shadow').read()",
    "os.rename('mine', outside)",
    "(os.symlink(outside, 'link'), open('link').read())",
    "os.link(outside, 'hard')",
    "open('/dev/shm/labcheck-test', 'w')",
    "socket.socket()",
    "socket.socket(socket.AF_UNIX)",
    "socket.create_connection(('127.0.0.1', port), 1)",
    "os.kill(parent, 0)",
    "open(f'/proc/{parent}/environ').read()",
    "os.chroot('.')",
    "fill()",
    "resource.prlimit(parent, resource.RLIMIT_CPU, (1, 1))",
    "os.sched_setaffinity(parent, {0})",
    "os.setpriority(os.PRIO_PROCESS, parent, 19)",
    "os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))",
    "os.setsid()",
    "os.memfd_create('hidden')",
    "outlive()",
]
ALLOWED = [
    "open('mine', 'w').write('x')",
    "os.mkdir('folder')",
    "open(os.devnull, 'w').write('x')",
    "os.urandom(8)",
    "subprocess.run([sys.executable, '-c', 'print(1)'], check=True, capture_output=True)",
    "__import__('threading').Thread(target=len, args=('',)).start()",
    "__import__('numpy').zeros(3)",
    "socket.socketpair()",
    "os.kill(os.getpid(), 0)",
    "resource.setrlimit(resource.RLIMIT_CORE, (0, 0))",
    "os.sched_setaffinity(0, os.sched_getaffinity(0))",
    "os.listdir(site.getsitepackages()[0])",
]
NO_SCOPES = "landlock.version = lambda: 5"
NO_NAMESPACES = "jail._unshare = lambda libc: False"


def jailed(
    folder: Path, expressions: list[str], before: str = "pass", libraries: Path | None = None
) -> dict[str, object]:
    scratch = folder / "scratch"
    scratch.mkdir()
    outside = folder / "outside.txt"
    outside.write_text("secret")
    command = [sys.executable, "-P", "-c", SCRIPT, scratch, outside, before, json.dumps(expressions)]
    variables = {**os.environ, "TMPDIR": str(scratch), **({"PYTHONPATH": str(libraries)} if libraries else {})}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=variables)
    assert outside.read_text() == "secret"
    answer: dict[str, object] = json.loads(done.stdout)
    return answer


@pytest.mark.parametrize(
    "before", ["pass", NO_NAMESPACES, NO_SCOPES], ids=["namespaces", "no namespaces", "no scopes"]
)
def test_a_jailed_process_reaches_nothing_outside(tmp_path: Path, before: str) -> None:
    answer = jailed(tmp_path, ["open('mine', 'w').write('x')", *REFUSED], before)
    results = answer["results"]
    assert isinstance(results, dict)
    assert [expression for expression in REFUSED if results[expression] == 0] == []
    assert answer["held"]
    assert (answer["signals"] == "seccomp") == (before == NO_SCOPES)
    assert ("user_namespace" in answer["missing"]) == (before == NO_NAMESPACES)  # type: ignore[operator]


def test_a_jailed_process_works_in_its_scratch_folder(tmp_path: Path) -> None:
    results = jailed(tmp_path, ALLOWED)["results"]
    assert results == dict.fromkeys(ALLOWED, 0)


def test_an_installed_course_is_not_among_the_libraries(tmp_path: Path) -> None:
    libraries = tmp_path / "site"
    shutil.copytree(
        Path(jail.__file__).parent.parent, libraries / "checker", ignore=shutil.ignore_patterns("*.pyc")
    )
    course = libraries / "checker" / "default_course" / "reference.py"
    course.parent.mkdir()
    course.write_text("solution = 1")
    other = libraries / "other" / "module.py"
    other.parent.mkdir()
    other.write_text("x = 1")
    before = f"site.getsitepackages = lambda: [{str(libraries)!r}]"
    expressions = [
        f"open({str(course)!r}).read()",
        f"open({str(other)!r}).read()",
        f"os.listdir({str(libraries)!r})",
    ]
    expressions.append("__import__('checker.sandbox.values')")
    refused, *allowed = jailed(tmp_path, expressions, before, libraries)["results"].values()  # type: ignore[attr-defined]
    assert refused == errno.EACCES
    assert allowed == [0, 0, 0]


def test_other_processes_of_the_user_leave_room_for_a_child() -> None:
    limits = jail.Limits(processes=100)
    code = (
        "import resource; from checker.sandbox import jail\n"
        f"jail._limit(jail.Limits(processes={limits.processes}), alone=False)\n"
        "print(resource.getrlimit(resource.RLIMIT_NPROC)[0], jail._tasks())"
    )
    idle = [subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) for _ in range(3)]
    try:
        said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    finally:
        for process in idle:
            process.communicate()
    bound, running = map(int, said.split())
    assert running >= len(idle)
    assert bound > limits.processes + len(idle)
