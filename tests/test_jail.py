"""What a jailed process may not do, and what it must still be able to do; real processes, real refusals."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the jail is Linux's")

SCRIPT = """
import json, os, socket, subprocess, sys
from pathlib import Path
from checker.sandbox import jail

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

import signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
print(json.dumps({"held": held.strict, "missing": held.missing, "results": {e: number(e) for e in json.loads(sys.argv[4])}}))
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
]
NO_NAMESPACES = "jail._unshare = lambda libc: False"


def jailed(folder: Path, expressions: list[str], before: str = "pass") -> dict[str, object]:
    scratch = folder / "scratch"
    scratch.mkdir()
    outside = folder / "outside.txt"
    outside.write_text("secret")
    command = [sys.executable, "-c", SCRIPT, scratch, outside, before, json.dumps(expressions)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env={**os.environ, "TMPDIR": str(scratch)}
    )
    assert outside.read_text() == "secret"
    answer: dict[str, object] = json.loads(done.stdout)
    return answer


@pytest.mark.parametrize("before", ["pass", NO_NAMESPACES], ids=["namespaces", "no namespaces"])
def test_a_jailed_process_reaches_nothing_outside(tmp_path: Path, before: str) -> None:
    answer = jailed(tmp_path, ["open('mine', 'w').write('x')", *REFUSED], before)
    results = answer["results"]
    assert isinstance(results, dict)
    assert [expression for expression in REFUSED if results[expression] == 0] == []
    assert answer["held"]
    assert ("user_namespace" in answer["missing"]) == (before == NO_NAMESPACES)  # type: ignore[operator]


def test_a_jailed_process_works_in_its_scratch_folder(tmp_path: Path) -> None:
    results = jailed(tmp_path, ALLOWED)["results"]
    assert results == dict.fromkeys(ALLOWED, 0)
