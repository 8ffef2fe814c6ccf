"""A grading process: takes one task after the other from its standard input, and answers where its output was.

``python -m checker.worker``. The checks of the lab are collected once; each task costs its submission only.
"""

from __future__ import annotations

import contextlib
import io
import os
import signal
import sys
import tempfile
import time
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO

import msgspec

from checker import dataset, session
from checker.course import Course, Lab
from checker.dataset import Data
from checker.errors import CourseError, LabcheckError, SandboxError, SubmissionError
from checker.grading import Grading
from checker.language import speak
from checker.scorecard import Scorecard
from checker.server import Server
from checker.submission import Submission, packed, unpacked
from checker.task import Done, Setup, Task, receive, send


@dataclass(slots=True)
class Worker:
    """Grades what ``asked`` says, with ``server``, and tells ``told``."""

    lab: Lab
    setup: Setup
    server: Server
    asked: IO[bytes]
    told: IO[bytes]
    _task: Task | None = field(init=False, default=None)
    _over: bool = field(init=False, default=False)

    def run(self) -> None:
        """Until nothing more is asked."""
        while not self._over:
            try:
                session.run_checks(self.lab, self._gradings())
            except LabcheckError as error:
                self._task = self._task or self._next()
                if self._task:
                    self._tell(self._prevented(self._task, error))

    def _next(self) -> Task | None:
        self._task = receive(self.asked, Task)
        self._over = self._task is None
        return self._task

    def _tell(self, done: Done) -> None:
        self._task = None
        send(self.told, done)

    def _prevented(self, task: Task, error: LabcheckError) -> Done:
        return Done(
            number=task.number,
            problem=str(error),
            sandbox=isinstance(error, SandboxError),
            course=isinstance(error, CourseError),
        )

    def _gradings(self) -> Iterator[Grading]:
        data = dataset.load(self.lab.rubric.data, self.setup.data)
        while task := self._next():
            began = time.monotonic()
            with contextlib.ExitStack() as stack:
                path = stack.enter_context(_placed(task))
                try:
                    submission = unpacked(task.work) if task.work else self._read(task, path)
                except SubmissionError as error:
                    card = session.unreadable(error, path, self.lab, self.setup.isolation)
                    self._tell(Done(number=task.number, card=_named(card, task.id)))
                    continue
                grading = self._grading(task, submission, data)
                stack.callback(grading.close)
                yield grading
                done = self._done(task, grading, began)
            self._tell(done)

    def _read(self, task: Task, path: Path) -> Submission:
        return replace(session.readable(self.lab, path), id=task.id)

    def _grading(self, task: Task, submission: Submission, data: Data) -> Grading:
        return Grading(
            self.lab,
            submission,
            data,
            self.server,
            hidden=task.hidden,
            until_caught=task.until_caught,
            first=task.first,
            known={name: zlib.decompress(each) for name, each in task.evidence.items()},
            replay=task.replay,
        )

    def _done(self, task: Task, grading: Grading, began: float) -> Done:
        card = session.scorecard(grading, self.setup.isolation, began)
        if not task.keep:
            return Done(number=task.number, card=card, lacking=grading.lacking)
        return Done(
            number=task.number,
            card=card,
            lacking=grading.lacking,
            evidence={name: zlib.compress(each, 1) for name, each in grading.evidence().items()},
            work=task.work or packed(grading.submission),
        )


def _named(card: Scorecard, id_: str) -> Scorecard:
    return msgspec.structs.replace(card, submission=msgspec.structs.replace(card.submission, id=id_))


@contextlib.contextmanager
def _placed(task: Task) -> Iterator[Path]:
    """Where the submission is; one that came as bytes is laid in a folder of its own."""
    if not task.content:
        yield Path(task.path)
        return
    with tempfile.TemporaryDirectory(prefix="labcheck-task-") as folder:
        with zipfile.ZipFile(io.BytesIO(task.content)) as archive:
            archive.extractall(folder)
        yield Path(folder) / task.file


def main() -> None:
    """Serve until the standard input ends."""
    asked, told = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    # whatever prints must not print into the answers
    os.dup2(2, 1)
    # who interrupts the command is heard by the command, which ends us
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    setup = receive(asked, Setup)
    if setup is None:
        return
    speak(setup.language)
    with contextlib.ExitStack() as stack:
        if setup.server:
            server = Server.at(Path(setup.server), setup.isolation)
        else:
            server = stack.enter_context(Server(setup.isolation, lazy=True))
        Worker(Course(Path(setup.course)).lab(setup.lab), setup, server, asked, told).run()


if __name__ == "__main__":
    main()
