"""A sandbox child as the grader holds it: bytes in, bytes out, and a way to end it and all it started."""

from __future__ import annotations

import contextlib
import os
import queue
import select
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import psutil

from checker.errors import ProtocolError
from checker.protocol import HEADER, Exited, Kill, Spawned, decode_control, encode, read_frame

EXIT_SECONDS = 5.0
PIECE = 2**16
# what a child may say before it is listened to: more would only fill the grader's memory
WAITING_PIECES = 64


class Process(Protocol):
    """A child, wherever it lives; ``scratch`` is the folder it writes in.

    ``orphaned`` is True once the fork server that had it is known to be gone, and nobody can tell how it ended.
    """

    @property
    def pid(self) -> int: ...
    @property
    def scratch(self) -> Path: ...
    @property
    def orphaned(self) -> bool: ...
    def send(self, data: bytes, seconds: float) -> None: ...
    def recv(self, size: int, /) -> bytes: ...
    def wait_readable(self, seconds: float) -> bool: ...
    def end(self, patience: float = 0.0) -> int | None: ...


@dataclass(slots=True)
class ForkedProcess:
    """A child of the fork server; ``control`` is the connection that asked for it, whose end is the child's."""

    pid: int
    scratch: Path
    control: socket.socket
    stream: socket.socket
    orphaned: bool = False

    @classmethod
    def receive(cls, control: socket.socket, folder: Path) -> ForkedProcess:
        """Read the fork server's answer; raises ProtocolError or EOFError where it is none."""
        header, descriptors, _flags, _from = socket.recv_fds(control, HEADER, 1)
        if not descriptors:
            raise EOFError
        stream = socket.socket(fileno=descriptors[0])
        try:
            spawned = decode_control(_rest(control, int.from_bytes(header, "big")))
            if not isinstance(spawned, Spawned):
                raise ProtocolError(f"{type(spawned).__name__} instead of Spawned")
        except BaseException:
            stream.close()
            raise
        return cls(spawned.pid, folder / f"child-{spawned.pid}", control, stream)

    def send(self, data: bytes, seconds: float) -> None:
        """Send all of ``data``; raises TimeoutError where the child has not taken it after ``seconds``."""
        self.stream.settimeout(max(seconds, 0.01))
        self.stream.sendall(data)

    def recv(self, size: int, /) -> bytes:
        """Up to ``size`` bytes from the child; none at its end."""
        return self.stream.recv(size)

    def wait_readable(self, seconds: float) -> bool:
        """Whether the child says something within ``seconds``."""
        return _readable(self.stream, seconds)

    def end(self, patience: float = 0.0) -> int | None:
        """Its exit code, or minus the signal, where it ends by itself within ``patience`` seconds; else end it."""
        self.stream.close()
        code = None
        try:
            code = self._exited(patience)
            if code is None:
                self.control.sendall(encode(Kill(self.pid)))
                self._exited(EXIT_SECONDS)
        except (OSError, EOFError, ProtocolError):
            self.orphaned = True
        finally:
            self.control.close()
        return code

    def _exited(self, seconds: float) -> int | None:
        self.control.settimeout(EXIT_SECONDS)
        if not _readable(self.control, seconds):
            return None
        exited = decode_control(read_frame(self.control))
        return exited.code if isinstance(exited, Exited) else None


@dataclass(slots=True)
class SpawnedProcess:
    """A child that is a process of its own, spoken to through pipes.

    Pipes cannot be waited for with a timeout everywhere, so a thread reads and another writes.
    """

    process: subprocess.Popen[bytes]
    scratch: Path
    orphaned: bool = field(default=False, init=False)
    _pieces: queue.Queue[bytes] = field(init=False)
    _piece: bytes | None = field(default=None, init=False)
    _over: threading.Event = field(default_factory=threading.Event, init=False)

    def __post_init__(self) -> None:
        self._pieces = queue.Queue(WAITING_PIECES)
        threading.Thread(target=self._listen, daemon=True).start()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid

    def send(self, data: bytes, seconds: float) -> None:
        """Send all of ``data``; raises TimeoutError where the child has not taken it after ``seconds``."""
        failed: list[OSError] = []
        writing = threading.Thread(target=self._write, args=(data, failed), daemon=True)
        writing.start()
        writing.join(seconds)
        if writing.is_alive():
            raise TimeoutError
        if failed:
            raise failed[0]

    def recv(self, size: int, /) -> bytes:
        """Up to ``size`` bytes from the child; none at its end."""
        piece = self._pieces.get() if self._piece is None else self._piece
        # the end stays the end, however often it is asked for
        self._piece = piece[size:] or None if piece else b""
        return piece[:size]

    def wait_readable(self, seconds: float) -> bool:
        """Whether the child says something within ``seconds``."""
        if self._piece is None:
            with contextlib.suppress(queue.Empty):
                self._piece = self._pieces.get(timeout=max(seconds, 0.001))
        return self._piece is not None

    def end(self, patience: float = 0.0) -> int | None:
        """Its exit code, or minus the signal, where it ends by itself within ``patience`` seconds; else end it."""
        code: int | None = None
        with contextlib.suppress(subprocess.TimeoutExpired):
            code = self.process.wait(patience)
        self._over.set()
        end_all(self.pid)
        self.process.kill()
        self.process.wait()
        if self.process.stdin:
            # a writer that still waits on the full pipe is let go by the end of the child, not by us
            with contextlib.suppress(OSError):
                self.process.stdin.close()
        shutil.rmtree(self.scratch, ignore_errors=True)
        return code

    def _write(self, data: bytes, failed: list[OSError]) -> None:
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(data)
            self.process.stdin.flush()
        except (OSError, ValueError) as error:
            failed.append(error if isinstance(error, OSError) else BrokenPipeError())

    def _listen(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as stdout:
            while not self._over.is_set():
                try:
                    piece = os.read(stdout.fileno(), PIECE)
                except OSError:
                    piece = b""
                self._hand_over(piece)
                if not piece:
                    return

    def _hand_over(self, piece: bytes) -> None:
        while not self._over.is_set():
            with contextlib.suppress(queue.Full):
                self._pieces.put(piece, timeout=0.2)
                return


def end_all(leader: int) -> None:
    """Kill whatever ``leader`` started and whatever is in the session it opened, until nothing is left of it.

    The leader itself is left to whoever started it.
    """
    deadline = time.monotonic() + EXIT_SECONDS
    while (found := list(_others(leader))) and time.monotonic() < deadline:
        for process in found:
            with contextlib.suppress(psutil.Error):
                process.kill()
        time.sleep(0.01)


def _others(leader: int) -> Iterator[psutil.Process]:
    with contextlib.suppress(psutil.Error):
        yield from psutil.Process(leader).children(recursive=True)
    if not hasattr(os, "getsid"):
        return
    for pid in psutil.pids():
        with contextlib.suppress(OSError, psutil.Error):
            if pid != leader and os.getsid(pid) == leader:
                process = psutil.Process(pid)
                # nobody may ever collect a zombie, where process 1 does not; it holds nothing
                if process.status() != psutil.STATUS_ZOMBIE:
                    yield process


def _rest(control: socket.socket, size: int) -> bytes:
    body = b""
    while len(body) < size:
        piece = control.recv(size - len(body))
        if not piece:
            raise EOFError
        body += piece
    return body


def _readable(stream: socket.socket, seconds: float) -> bool:
    try:
        return bool(select.select([stream], [], [], seconds)[0])
    except OSError:
        return True
