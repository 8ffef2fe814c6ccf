"""The fork server as the grader sees it: a process to start, to ask for children, and to leave without a trace."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import psutil

from checker.errors import ProtocolError, SandboxError
from checker.language import _
from checker.protocol import Exited, Kill, Spawn, Spawned, decode_control, encode, read_frame

CAN_FORK = sys.platform == "linux"
START_SECONDS = 180.0
EXIT_SECONDS = 5.0


class Process(Protocol):
    """A sandbox child, wherever it lives: bytes in, bytes out, and a way to end it."""

    @property
    def pid(self) -> int: ...
    def sendall(self, data: bytes, /) -> None: ...
    def recv(self, size: int, /) -> bytes: ...
    def wait_readable(self, seconds: float) -> bool: ...
    def end(self) -> int | None: ...


@dataclass(slots=True)
class Server:
    """Starts the fork server on entering, and ends it, its children and its folder on leaving.

    ``isolation`` is "auto", "strict" or "none"; where there is no fork, each child is a process started anew.
    """

    isolation: str = "auto"
    forking: bool = CAN_FORK
    folder: Path = field(init=False)
    _process: subprocess.Popen[bytes] | None = field(init=False, default=None)

    def __enter__(self) -> Server:
        self.folder = Path(tempfile.mkdtemp(prefix="labcheck-"))
        if self.forking:
            self._process = self._start([str(self._address)])
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def _address(self) -> Path:
        return self.folder / "server.sock"

    def _start(self, arguments: list[str]) -> subprocess.Popen[bytes]:
        with (self.folder / "server.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-s", "-P", "-m", "checker.sandbox", *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL if self.forking else subprocess.PIPE,
                stderr=log,
                env=_environment(self.folder),
                cwd=self.folder,
                start_new_session=True,
            )

    def spawn(self, data: str) -> Process:
        """A new child that holds the data of file ``data``; raises SandboxError where none can be had."""
        mode = "none" if self.isolation == "none" else "auto"
        if not self.forking:
            scratch = Path(tempfile.mkdtemp(prefix="child-", dir=self.folder))
            return SpawnedProcess(self._start([str(scratch), "--single", mode, data]), scratch)
        control = self._connect()
        try:
            control.settimeout(START_SECONDS)
            control.sendall(encode(Spawn(data, mode)))
            return ForkedProcess.receive(control)
        except (OSError, EOFError, ProtocolError) as error:
            control.close()
            raise self.broken() from error

    def _connect(self) -> socket.socket:
        deadline = time.monotonic() + START_SECONDS
        control = socket.socket(socket.AF_UNIX)
        while True:
            try:
                control.connect(str(self._address))
            except (FileNotFoundError, ConnectionRefusedError):
                if not self.alive or time.monotonic() > deadline:
                    control.close()
                    raise self.broken() from None
                time.sleep(0.02)
            else:
                return control

    @property
    def alive(self) -> bool:
        """Whether the fork server runs (always True where each child is a process of its own)."""
        return self._process is None or self._process.poll() is None

    def restart(self) -> None:
        """Start the fork server anew after it died."""
        self._end()
        self._address.unlink(missing_ok=True)
        if self.forking:
            self._process = self._start([str(self._address)])

    def broken(self) -> SandboxError:
        """The error to raise when the fork server does not answer, with the end of what it said."""
        log = self.folder / "server.log"
        said = log.read_text("utf-8", "replace").strip().splitlines()[-3:] if log.exists() else []
        return SandboxError(
            _("the sandbox process ended before it could answer"),
            place=" | ".join(said),
            remedy=_("Run the command again; `labcheck doctor` tells what this machine lacks."),
        )

    def close(self) -> None:
        """End the fork server and everything it started, and remove its folder."""
        self._end()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _end(self) -> None:
        if self._process is None:
            return
        children = _session(self._process.pid)
        if self._process.stdin:
            self._process.stdin.close()  # the end of its lifeline: it kills its children and leaves
        try:
            self._process.wait(EXIT_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for child in children:
            with contextlib.suppress(psutil.NoSuchProcess):
                child.kill()


def _session(leader: int) -> list[psutil.Process]:
    """The processes of the session that ``leader`` opened, the leader itself left out."""

    def found() -> Iterator[psutil.Process]:
        for pid in psutil.pids():
            with contextlib.suppress(OSError, psutil.NoSuchProcess):
                if pid != leader and os.getsid(pid) == leader:
                    yield psutil.Process(pid)

    return list(found()) if hasattr(os, "getsid") else []


def _environment(folder: Path) -> dict[str, str]:
    """The sandbox's environment: nothing of the user's but what a process needs to start."""
    kept = ("PATH", "LD_LIBRARY_PATH", "SYSTEMROOT", "LANG", "LC_ALL")
    return {
        **{name: os.environ[name] for name in kept if name in os.environ},
        "HOME": str(folder),
        "KERAS_HOME": str(folder),
        "KERAS_BACKEND": "tensorflow",
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        "MPLBACKEND": "Agg",
        "CUDA_VISIBLE_DEVICES": "-1",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        # channels_first convolutions on a CPU exist only in oneDNN
        "TF_ENABLE_ONEDNN_OPTS": "1",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }


@dataclass(slots=True)
class ForkedProcess:
    """A child of the fork server; ``control`` is the connection that asked for it, whose end is the child's."""

    pid: int
    control: socket.socket
    stream: socket.socket

    @classmethod
    def receive(cls, control: socket.socket) -> ForkedProcess:
        """Read the fork server's answer; raises ProtocolError or EOFError where it is none."""
        header, descriptors, _flags, _from = socket.recv_fds(control, 4, 1)
        if not descriptors:
            raise EOFError
        body = b""
        while len(body) < int.from_bytes(header, "big"):
            chunk = control.recv(int.from_bytes(header, "big") - len(body))
            if not chunk:
                raise EOFError
            body += chunk
        spawned = decode_control(body)
        if not isinstance(spawned, Spawned):
            raise ProtocolError(f"{type(spawned).__name__} instead of Spawned")
        return cls(spawned.pid, control, socket.socket(fileno=descriptors[0]))

    def sendall(self, data: bytes, /) -> None:
        """Send all of ``data`` to the child."""
        self.stream.sendall(data)

    def recv(self, size: int, /) -> bytes:
        """Up to ``size`` bytes from the child; none at its end."""
        return self.stream.recv(size)

    def wait_readable(self, seconds: float) -> bool:
        """Whether the child says something within ``seconds``."""
        return _readable(self.stream, seconds)

    def end(self) -> int | None:
        """End the child if it still runs; its exit code, minus the signal that killed it, None where unknown."""
        self.stream.close()
        try:
            self.control.settimeout(EXIT_SECONDS)
            self.control.sendall(encode(Kill(self.pid)))
            exited = decode_control(read_frame(self.control))
        except (OSError, EOFError, ProtocolError):
            return None
        finally:
            self.control.close()
        return exited.code if isinstance(exited, Exited) else None


@dataclass(slots=True)
class SpawnedProcess:
    """A child that is a process of its own, spoken to through pipes."""

    process: subprocess.Popen[bytes]
    scratch: Path

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid

    def sendall(self, data: bytes, /) -> None:
        """Send all of ``data`` to the child."""
        assert self.process.stdin is not None
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def recv(self, size: int, /) -> bytes:
        """Up to ``size`` bytes from the child; none at its end."""
        assert self.process.stdout is not None
        return os.read(self.process.stdout.fileno(), size)

    def wait_readable(self, seconds: float) -> bool:
        """Whether the child says something within ``seconds``."""
        assert self.process.stdout is not None
        return _readable(self.process.stdout, seconds)

    def end(self) -> int | None:
        """End the child and what it started; its exit code."""
        with contextlib.suppress(psutil.NoSuchProcess):
            for child in psutil.Process(self.pid).children(recursive=True):
                child.kill()
        code = self.process.poll()
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                with contextlib.suppress(OSError):
                    pipe.close()
        shutil.rmtree(self.scratch, ignore_errors=True)
        return code


def _readable(stream: Any, seconds: float) -> bool:
    import select

    try:
        return bool(select.select([stream], [], [], seconds)[0])
    except OSError:
        return True
