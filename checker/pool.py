"""Several gradings at a time on this machine: processes that share one fork server, so that TensorFlow is imported once."""

from __future__ import annotations

import contextlib
import os
import selectors
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from checker.errors import CourseError, SandboxError, UsageError
from checker.language import _
from checker.server import Server
from checker.task import Done, Setup, Task, receive, send

# a task whose process ends without an answer is given to another one, so often in all
TRIES = 2
SETTINGS = {
    # whatever the working directory, the same code as here
    "PYTHONPATH": str(Path(__file__).parent.parent),
    # as many processes as cores leave one thread to each
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    # the C library gives back what a large array took (from so many bytes on), instead of keeping it for the next
    "MALLOC_MMAP_THRESHOLD_": str(2**20),
}


@dataclass(slots=True)
class Pool:
    """Runs tasks in ``jobs`` processes that are set up alike; ``server``, if given, is restarted where it died."""

    setup: Setup
    jobs: int
    server: Server | None = None
    _stack: contextlib.ExitStack = field(init=False, default_factory=contextlib.ExitStack)
    _workers: list[_Worker] = field(init=False, default_factory=list)

    def __enter__(self) -> Pool:
        if sys.platform == "win32":
            # its pipes cannot be waited for together
            raise UsageError(
                _("classes are graded, and labs audited, on Linux and macOS only"),
                remedy=_("Use the Windows Subsystem for Linux (WSL)."),
            )
        # starting takes a second or two each, all at the same time
        self._workers = [self._started() for _number in range(self.jobs)]
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.end()
        self._stack.close()

    def _started(self) -> _Worker:
        return _Worker.start(
            self.setup, self._stack.enter_context(tempfile.TemporaryFile(prefix="labcheck-worker-"))
        )

    def run(self, tasks: Iterable[Task]) -> Iterator[Done]:
        """What came out of each task, as they come; the next is only asked for when a process is free.

        Raises CourseError where the course is at fault: no other task could be done.
        """
        waiting = iter(tasks)
        again: list[tuple[Task, int]] = []
        with selectors.DefaultSelector() as selector:
            for worker in self._workers:
                self._give(worker, waiting, again, selector)
            while selector.get_map():
                for event, _mask in selector.select():
                    selector.unregister(event.fileobj)
                    task, tried, done, worker = self._answer(event.data)
                    if done.course:
                        raise CourseError(done.problem)
                    if repeated := done.sandbox and tried < TRIES:
                        self._mend()
                        again.append((task, tried))
                    # first, so that no process waits for what is done with a result
                    self._give(worker, waiting, again, selector)
                    if not repeated:
                        yield done

    def _answer(self, worker: _Worker) -> tuple[Task, int, Done, _Worker]:
        """What a process was doing, for which time, and what it says; and it, or another where it is gone."""
        task, tried = worker.task, worker.tried
        assert task is not None
        done = worker.answer()
        if done is not None:
            return task, tried, done, worker
        fresh = self._workers[self._workers.index(worker)] = self._started()
        return task, tried, Done(number=task.number, problem=worker.last_words(), sandbox=True), fresh

    def _give(
        self,
        worker: _Worker,
        waiting: Iterator[Task],
        again: list[tuple[Task, int]],
        selector: selectors.BaseSelector,
    ) -> None:
        """The next task, if there is one, to a process that is free."""
        task, tried = again.pop() if again else (next(waiting, None), 0)
        if task is not None:
            worker.give(task, tried + 1)
            selector.register(worker.process.stdout, selectors.EVENT_READ, worker)  # type: ignore[arg-type]

    def _mend(self) -> None:
        if self.server is not None:
            with contextlib.suppress(SandboxError):
                self.server.restart()


@dataclass(slots=True)
class _Worker:
    """One process, and what it is doing."""

    process: subprocess.Popen[bytes]
    log: IO[bytes]
    task: Task | None = None
    tried: int = 0

    @classmethod
    def start(cls, setup: Setup, log: IO[bytes]) -> _Worker:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "checker.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env={**os.environ, **SETTINGS},
        )
        worker = cls(process, log)
        worker.send(setup)
        return worker

    def send(self, message: Setup | Task) -> None:
        assert self.process.stdin is not None
        # a process that is gone is told by its answer, which is none
        with contextlib.suppress(BrokenPipeError):
            send(self.process.stdin, message)

    def give(self, task: Task, tried: int) -> None:
        self.task, self.tried = task, tried
        self.send(task)

    def answer(self) -> Done | None:
        self.task = None
        assert self.process.stdout is not None
        return receive(self.process.stdout, Done)

    def last_words(self) -> str:
        self.end()
        self.log.seek(0)
        said = self.log.read().decode("utf-8", "replace").strip().splitlines()
        return _("the grading process ended before it could answer") + (f": {said[-1]}" if said else "")

    def end(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.stdout.close()
        try:
            self.process.wait(5.0 if self.task is None else 0.0)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
