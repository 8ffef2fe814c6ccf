"""The fork server: imports TensorFlow once, never runs an operation, and forks one child a request.

Forking after TensorFlow has computed can hang; after the import alone it is safe. The server is the subreaper of
all its children start: what a dead child leaves behind comes to it and is killed.
"""

from __future__ import annotations

import ctypes
import os
import select
import shutil
import signal
import socket
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from checker.errors import ProtocolError
from checker.protocol import Exited, Kill, Spawn, Spawned, decode_control, encode, read_frame
from checker.sandbox import jail
from checker.sandbox.child import Child, Descriptors, away, mute, to_plain
from checker.sandbox.loaders import Loaders

PR_SET_CHILD_SUBREAPER = 36


@dataclass(slots=True)
class Zygote:
    """Listens at ``listening`` until ``lifeline`` ends; every child has a scratch folder in ``folder``."""

    listening: socket.socket
    lifeline: int
    folder: Path
    _clients: dict[int, socket.socket] = field(default_factory=dict)
    _children: dict[int, tuple[int, Path]] = field(default_factory=dict)
    _data: dict[str, Loaders] = field(default_factory=dict)

    def run(self) -> None:
        """Serve until the grader that started us is gone, then leave nothing behind."""
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        woken, waker = os.pipe()
        os.set_blocking(waker, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(waker)
        try:
            while self._serve_once(woken):
                pass
        finally:
            signal.set_wakeup_fd(-1)
            for pid in list(self._children):
                self._kill(pid)
            self._reap(block=True)
            shutil.rmtree(self.folder, ignore_errors=True)

    def _serve_once(self, woken: int) -> bool:
        watched = [self.lifeline, self.listening.fileno(), woken, *self._clients]
        ready, _, _ = select.select(watched, [], [])
        if self.lifeline in ready:
            return False
        for descriptor in ready:
            if descriptor == self.listening.fileno():
                client, _ = self.listening.accept()
                self._clients[client.fileno()] = client
            elif descriptor == woken:
                os.read(woken, 4096)
            elif descriptor in self._clients:
                self._hear(descriptor)
        self._reap()
        return True

    def _hear(self, descriptor: int) -> None:
        client = self._clients[descriptor]
        try:
            message = decode_control(read_frame(client))
        except (EOFError, OSError, ProtocolError):
            for pid, (owner, _) in list(self._children.items()):
                if owner == descriptor:
                    self._kill(pid)
            del self._clients[descriptor]
            client.close()
            return
        if isinstance(message, Spawn):
            self._spawn(client, message)
        elif isinstance(message, Kill) and self._children.get(message.pid, (None,))[0] == descriptor:
            self._kill(message.pid)

    def _spawn(self, client: socket.socket, spawn: Spawn) -> None:
        if spawn.data and spawn.data not in self._data:
            self._data[spawn.data] = Loaders.open(Path(spawn.data))
        loaders = self._data.get(spawn.data)
        scratch = Path(tempfile.mkdtemp(prefix="child-", dir=self.folder))
        theirs, ours = socket.socketpair()
        pid = os.fork()
        if pid == 0:
            theirs.close()
            self._become_child(ours, spawn, scratch, loaders)
        ours.close()
        self._children[pid] = (client.fileno(), scratch)
        try:
            socket.send_fds(client, [encode(Spawned(pid))], [theirs.fileno()])
        except OSError:
            self._kill(pid)
        theirs.close()

    def _become_child(self, ours: socket.socket, spawn: Spawn, scratch: Path, loaders: Loaders | None) -> None:
        """Never returns."""
        code = 1
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            descriptor = away(ours.detach())
            os.closerange(3, descriptor)
            os.closerange(descriptor + 1, descriptor + 400)
            mute()
            isolation = furnish(scratch, spawn.isolation)
            Child(Descriptors(descriptor, descriptor), scratch, loaders).serve(isolation)
            code = 0
        except BaseException as error:  # noqa: BLE001 - a forked copy must never run on into the server's loop
            (self.folder / "child-error.txt").write_text(f"{type(error).__name__}: {error}") if code else None
        finally:
            os._exit(code)

    def _kill(self, pid: int) -> None:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return

    def _reap(self, *, block: bool = False) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, 0 if block else os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid in self._children:
                self._bury(pid, os.waitstatus_to_exitcode(status))
            self._kill_strays()

    def _bury(self, pid: int, code: int) -> None:
        owner, scratch = self._children.pop(pid)
        shutil.rmtree(scratch, ignore_errors=True)
        if client := self._clients.get(owner):
            try:
                client.sendall(encode(Exited(pid, code)))
            except OSError:
                return

    def _kill_strays(self) -> None:
        """Kill what came to us because the process that started it died."""
        mine = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children")
        for pid in map(int, mine.read_text().split()):
            if pid not in self._children:
                self._kill(pid)


def furnish(scratch: Path, mode: str) -> dict[str, object]:
    """Make ``scratch`` the child's whole world, and shut the door behind."""
    temporary = scratch / "tmp"
    temporary.mkdir()
    for name in ("HOME", "KERAS_HOME", "MPLCONFIGDIR", "XDG_CACHE_HOME"):
        os.environ[name] = str(scratch)
    for name in ("TMPDIR", "TEMP", "TMP"):
        os.environ[name] = str(temporary)
    tempfile.tempdir = str(temporary)
    held = jail.enter(scratch, jail.readable(), jail.Limits(), "none" if mode == "none" else "auto")
    return to_plain(held)


def warm_up() -> None:
    """Import what submissions import, and run no operation."""
    import h5py  # noqa: F401 - imported for the children
    import keras  # noqa: F401 - as above
    import tensorflow  # noqa: F401 - as above

    sys.stdout.flush()
