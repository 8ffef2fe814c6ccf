"""The watchdog: looks after a child while the grader waits for it, and says when it has had enough.

A child is judged with all it started: resident memory, processes and threads, and what it keeps on the disk, files
that it removed and holds open among them.
"""

from __future__ import annotations

import contextlib
import math
import os
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from checker.evidence import Ending
from checker.process import Process
from checker.protocol import PATIENCE

LOOK_SECONDS = 0.1
FLOOD_SECONDS = 1.0
# what a child is given to end by itself before it is ended
GRACE_SECONDS = 3.0
# one stat a file: a folder of more than this is not looked through, it is too much as it is
MAX_ENTRIES = 20_000
MAX_TASKS = 512
MEMORY_BYTES = 4 * 2**30
# whether the system says what a process started
TELLS_CHILDREN = Path(f"/proc/self/task/{os.getpid()}/children").exists()
DISK_BYTES = 2 * 2**30


class Exceeded(Exception):
    """A limit was passed: ``ending`` is how the run ends, ``reason`` a word for what ran out."""

    def __init__(self, ending: Ending, reason: str = "") -> None:
        super().__init__(reason)
        self.ending = ending
        self.reason = reason


@dataclass(slots=True)
class Watched:
    """A child's stream under watch: waiting for it raises Exceeded past its time or another limit.

    ``allow(seconds)`` gives it so much processor time from then on, and ``PATIENCE`` times that on the clock, which
    bounds half a frame as it does a silence.
    """

    process: Process
    memory: int = MEMORY_BYTES
    disk: int = DISK_BYTES
    _deadline: float = field(default=0.0, init=False)
    _enough: float = field(default=0.0, init=False)
    _looked: float = field(default_factory=time.monotonic, init=False)

    def allow(self, seconds: float, until: float = math.inf) -> None:
        """Start the time anew; ``until`` (of ``time.monotonic``) is a deadline that holds all the same."""
        self._deadline = min(time.monotonic() + PATIENCE * seconds + GRACE_SECONDS, until)
        self._enough = sum(map(_worked, _family(self.process.pid))) + seconds + GRACE_SECONDS

    def sendall(self, data: bytes, /) -> None:
        """Send all of ``data`` to the child."""
        try:
            self.process.send(data, self._deadline - time.monotonic())
        except TimeoutError:
            raise Exceeded(Ending.timed_out) from None

    def recv(self, size: int, /) -> bytes:
        """Up to ``size`` bytes from the child; none at its end."""
        while True:
            self._look()
            if self.process.wait_readable(LOOK_SECONDS):
                return self.process.recv(size)

    def _look(self) -> None:
        now = time.monotonic()
        if now > self._deadline:
            raise Exceeded(Ending.timed_out)
        # what is still to be heard may say who takes what; a flood of it is looked at all the same
        late = LOOK_SECONDS if not self.process.wait_readable(0.0) else FLOOD_SECONDS
        if now - self._looked < late:
            return
        family = list(_family(self.process.pid))
        if sum(map(_worked, family)) > self._enough:
            raise Exceeded(Ending.timed_out)
        if sum(_resident(each) for each in family) > self.memory:
            raise Exceeded(Ending.out_of_memory, "memory")
        if sum(_tasks(each) for each in family) > MAX_TASKS:
            raise Exceeded(Ending.out_of_memory, "processes")
        if _stored(self.process.scratch) + sum(_hidden(each.pid) for each in family) > self.disk:
            raise Exceeded(Ending.out_of_memory, "disk")
        # from here, so that looking never takes more than a part of the time, however much there is to see
        self._looked = time.monotonic()


def _family(pid: int) -> Iterator[psutil.Process]:
    """A process and all it started."""
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(pid)
        yield process
        if TELLS_CHILDREN:
            for started in _started_by(pid):
                yield from _family(started)
        else:
            yield from process.children(recursive=True)


def _started_by(pid: int) -> Iterator[int]:
    """What a process started, as Linux has it: to look for it among all processes takes ten times as long."""
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            yield from map(int, (task / "children").read_text().split())


def _worked(process: psutil.Process) -> float:
    """Seconds of processor time, of those that it started and that ended included."""
    with contextlib.suppress(psutil.Error):
        times = process.cpu_times()
        return float(times.user + times.system + times.children_user + times.children_system)
    return 0.0


def _resident(process: psutil.Process) -> int:
    with contextlib.suppress(psutil.Error):
        return int(process.memory_info().rss)
    return 0


def _tasks(process: psutil.Process) -> int:
    with contextlib.suppress(psutil.Error):
        return int(process.num_threads())
    return 0


def _stored(folder: Path) -> int:
    """The bytes that the files in ``folder`` take; more than any limit where they are too many to count."""
    total = seen = 0
    waiting = [str(folder)]
    while waiting:
        with contextlib.suppress(OSError), os.scandir(waiting.pop()) as entries:
            for entry in entries:
                seen += 1
                if seen > MAX_ENTRIES:
                    return 2**62
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                else:
                    total += _size(entry.stat(follow_symlinks=False))
    return total


def _hidden(pid: int) -> int:
    """The bytes in files that a process holds open and that have no name any more (Linux)."""
    total = 0
    with contextlib.suppress(OSError), os.scandir(f"/proc/{pid}/fd") as entries:
        for entry in entries:
            with contextlib.suppress(OSError):
                found = entry.stat()
                if stat.S_ISREG(found.st_mode) and found.st_nlink == 0:
                    total += _size(found)
    return total


def _size(found: os.stat_result) -> int:
    """What a file takes on the disk, holes left out."""
    return int(getattr(found, "st_blocks", 0)) * 512 or found.st_size
