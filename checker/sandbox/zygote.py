"""The fork server: imports TensorFlow once, never runs an operation, and forks one child a request.

Forking after TensorFlow has computed can hang; after the import alone it is safe. The server is the subreaper of
all its children start: what a dead child leaves behind comes to it and is killed.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import os
import select
import signal
import socket
import struct
import sys
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from checker.errors import ProtocolError
from checker.protocol import Exited, Kill, Spawn, Spawned, decode_control, encode, read_frame
from checker.sandbox import scratch
from checker.sandbox.child import Child, Descriptors, away, mute
from checker.sandbox.loaders import Loaders

PR_SET_CHILD_SUBREAPER = 36
# where functions of Keras are replaced
FACES = ("layers", "models", "utils", "datasets.mnist", "datasets.boston_housing")
# how often what a living child abandoned is looked for: no signal tells of it
LOOK_SECONDS = 0.2


@dataclass(slots=True)
class Zygote:
    """Listens at ``listening`` until ``lifeline`` ends; every child has a scratch folder in ``folder``."""

    listening: socket.socket
    lifeline: int
    folder: Path
    _clients: dict[int, socket.socket] = field(default_factory=dict)
    _children: dict[int, tuple[socket.socket, Path]] = field(default_factory=dict)
    _data: dict[str, Loaders] = field(default_factory=dict)

    def run(self) -> None:
        """Serve until the grader that started us is gone, then leave nothing behind."""
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        # whoever ends the grader may signal us, too, and there is still to be tidied up
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
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
                _kill(pid)
            self._reap(block=True)
            scratch.remove(self.folder)

    def _serve_once(self, woken: int) -> bool:
        watched = [self.lifeline, self.listening.fileno(), woken, *self._clients]
        ready, _, _ = select.select(watched, [], [], LOOK_SECONDS if self._children else None)
        if self.lifeline in ready:
            return False
        for descriptor in ready:
            if descriptor == self.listening.fileno():
                self._welcome()
            elif descriptor == woken:
                os.read(woken, 4096)
            elif descriptor in self._clients:
                self._hear(descriptor)
        self._reap()
        self._kill_strays()
        return True

    def _welcome(self) -> None:
        """Take a connection of the grader or a process that it started: a submission could ask for a child not held."""
        client, _ = self.listening.accept()
        credentials = client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        if _comes_from(struct.unpack("3i", credentials)[0], os.getppid()):
            self._clients[client.fileno()] = client
        else:
            client.close()

    def _hear(self, descriptor: int) -> None:
        client = self._clients[descriptor]
        try:
            message = decode_control(read_frame(client))
        except (EOFError, OSError, ProtocolError):
            self._forget(descriptor)
            return
        if isinstance(message, Spawn):
            try:
                self._spawn(client, message)
            except Exception:  # noqa: BLE001 - one child that cannot be had must not cost the others
                traceback.print_exc()
                self._forget(descriptor)
        elif isinstance(message, Kill) and message.pid in self._children:
            owner, _scratch = self._children[message.pid]
            if owner is client:
                _kill(message.pid)

    def _forget(self, descriptor: int) -> None:
        client = self._clients.pop(descriptor)
        for pid, (owner, _scratch) in self._children.items():
            if owner is client:
                _kill(pid)
        client.close()

    def _spawn(self, client: socket.socket, spawn: Spawn) -> None:
        if spawn.data and spawn.data not in self._data:
            self._data[spawn.data] = Loaders.open(Path(spawn.data))
        loaders = self._data.get(spawn.data)
        theirs, ours = socket.socketpair()
        with theirs, ours:
            pid = os.fork()
            if pid == 0:
                self._become_child(ours, spawn, loaders)
            self._children[pid] = (client, self.folder / f"child-{pid}")
            try:
                socket.send_fds(client, [encode(Spawned(pid))], [theirs.fileno()])
            except OSError:
                _kill(pid)

    def _become_child(self, ours: socket.socket, spawn: Spawn, loaders: Loaders | None) -> None:
        """Never returns."""
        code = 1
        try:
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            descriptor = away(ours.detach())
            _close_all_but(descriptor)
            folder = self.folder / f"child-{os.getpid()}"
            isolation = scratch.furnish(folder, spawn.isolation, "forked")
            # until here our log hears of what goes wrong; student code must not reach it
            mute()
            Child(Descriptors(descriptor, descriptor), folder, loaders).serve(isolation)
            code = 0
        except BaseException:  # noqa: BLE001 - a forked copy must never run on into the server's loop
            with contextlib.suppress(OSError):
                traceback.print_exc()
        finally:
            os._exit(code)

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
        owner, folder = self._children.pop(pid)
        scratch.remove(folder)
        if owner.fileno() >= 0:
            with contextlib.suppress(OSError):
                owner.sendall(encode(Exited(pid, code)))

    def _kill_strays(self) -> None:
        """Kill what came to us because the process that started it died, with all that it started itself."""
        for pid in _started_by(os.getpid()):
            if pid not in self._children:
                _kill(pid)


def _kill(pid: int) -> None:
    """Kill a process and all that it started."""
    started = list(_started_by(pid))
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    for each in started:
        _kill(each)


def _started_by(pid: int) -> Iterator[int]:
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            yield from map(int, (task / "children").read_text().split())


def _close_all_but(descriptor: int) -> None:
    """Close what we hold from the server, but for 0, 1, 2 and ``descriptor``."""
    for held in map(int, os.listdir("/proc/self/fd")):  # noqa: PTH208 - numbers, not paths
        if held > 2 and held != descriptor:
            with contextlib.suppress(OSError):
                os.close(held)


def warm_up() -> None:
    """Import what submissions import, and run no operation."""
    import h5py  # noqa: F401 - imported for the children
    import keras  # noqa: F401 - as above
    import tensorflow  # noqa: F401 - as above

    # an attribute of tensorflow.keras and an import statement find the same module only once it was imported so
    for name in FACES:
        importlib.import_module(f"tensorflow.keras.{name}")
    sys.stdout.flush()


def _comes_from(pid: int, ancestor: int) -> bool:
    """Whether process ``pid`` is ``ancestor`` or was started by it, and not by way of this server."""
    while pid not in (0, 1, os.getpid()):
        if pid == ancestor:
            return True
        try:
            # the fourth field; the second, the program's name, may hold blanks and brackets
            pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            return False
    return False
