"""The fork server as the grader sees it: a process to start, to ask for children, and to leave without a trace."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from checker.errors import ProtocolError, SandboxError
from checker.language import _
from checker.process import EXIT_SECONDS, ForkedProcess, Process, SpawnedProcess, end_all
from checker.protocol import Spawn, encode

CAN_FORK = sys.platform == "linux"
START_SECONDS = 180.0
# a second: between its first breath and its first word nobody answers either
MAX_REFUSED = 50


@dataclass(slots=True)
class Server:
    """Starts the fork server on entering, and ends it, its children and its folder on leaving.

    ``isolation`` is "auto", "strict" or "none"; where there is no fork, each child is a process started anew. A fork
    server that dies is started again by the next ``spawn``, unless it never gave a child at all. A ``lazy`` one is started
    when a child is first asked for.
    """

    isolation: str = "auto"
    forking: bool = CAN_FORK
    lazy: bool = False
    folder: Path = field(init=False)
    _owner: int = field(init=False, default=0)
    _process: subprocess.Popen[bytes] | None = field(init=False, default=None)
    _proved: bool = field(init=False, default=False)
    _lock: threading.Lock = field(init=False, default_factory=threading.Lock)

    @classmethod
    def at(cls, folder: Path, isolation: str) -> Server:
        """One that another process started and ends, whose ``folder`` is this."""
        server = cls(isolation)
        server.folder = folder
        server._owner = os.getppid()
        return server

    def __enter__(self) -> Server:
        self.folder = Path(tempfile.mkdtemp(prefix="labcheck-"))
        if self.forking and not self.lazy:
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
        try:
            return self._fork(data, mode)
        except SandboxError:
            if self.alive or not self._proved:
                raise
        self.restart()
        return self._fork(data, mode)

    def _fork(self, data: str, mode: str) -> Process:
        if self.lazy and self._process is None:
            self._process = self._start([str(self._address)])
        control = self._connect()
        try:
            control.settimeout(START_SECONDS)
            control.sendall(encode(Spawn(data, mode)))
            process = ForkedProcess.receive(control, self.folder)
        except BaseException as error:
            control.close()
            if isinstance(error, (OSError, EOFError, ProtocolError)):
                raise self.broken() from error
            raise
        self._proved = True
        return process

    def _connect(self) -> socket.socket:
        deadline = time.monotonic() + START_SECONDS
        refused = 0
        control = socket.socket(socket.AF_UNIX)
        # a socket's path is short by force, and a temporary folder's is not always: it is reached through this
        folder = os.open(self.folder, os.O_RDONLY)
        try:
            while True:
                with contextlib.suppress(FileNotFoundError):
                    try:
                        control.connect(f"/proc/self/fd/{folder}/{self._address.name}")
                    except ConnectionRefusedError:
                        refused += 1
                    else:
                        return control
                # another's, whose death we are not told: nobody listens any more, or who started it is gone
                lost = self._owner and (refused > MAX_REFUSED or os.getppid() != self._owner)
                if lost or not self.alive or time.monotonic() > deadline:
                    raise self.broken()
                time.sleep(0.02)
        except BaseException:
            control.close()
            raise
        finally:
            os.close(folder)

    @property
    def alive(self) -> bool:
        """Whether the fork server runs (always True where each child is a process of its own)."""
        return self._process is None or self._process.poll() is None

    def restart(self) -> None:
        """Start the fork server anew, where it died."""
        with self._lock:
            if self.alive:
                return
            self._end()
            self._address.unlink(missing_ok=True)
            self._proved = False
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
        if self.folder.exists():
            # a submission can leave folders that are closed, or deeper than any path: the sandbox side knows how
            command = [sys.executable, "-s", "-P", "-m", "checker.sandbox", str(self.folder), "--sweep"]
            subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)

    def _end(self) -> None:
        if self._process is None:
            return
        if self._process.stdin:
            with contextlib.suppress(OSError):
                self._process.stdin.close()  # the end of its lifeline: it kills its children and leaves
        try:
            # while it still imports it has no children, and would not hear
            self._process.wait(EXIT_SECONDS if self._proved else 0.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        end_all(self._process.pid)


def _environment(folder: Path) -> dict[str, str]:
    """The sandbox's environment: nothing of the user's but what a process needs to start."""
    kept = ("PATH", "LD_LIBRARY_PATH", "SYSTEMROOT", "LANG", "LC_ALL")
    return {
        **{name: os.environ[name] for name in kept if name in os.environ},
        "HOME": str(folder),
        "USERPROFILE": str(folder),
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
