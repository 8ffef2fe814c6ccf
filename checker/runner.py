"""Answers questions about one submission: by running it in a sandbox child, or from a recording.

A ``Runner`` is the seam: whatever is above it sees evidence only. ``SandboxRunner`` costs a question that kills
or outlasts its child only itself: the next one starts in a fresh child. ``Recording`` keeps every answer.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import msgspec
import psutil

from checker.errors import CourseError, ProtocolError, SandboxError
from checker.evidence import Effects, Ending, Failure, Place
from checker.language import _
from checker.protocol import (
    Answered,
    Ask,
    Began,
    Failed,
    Load,
    Loaded,
    Ready,
    Reply,
    Request,
    decode_reply,
    encode,
    key,
    read_frame,
)
from checker.server import Process, Server

GRACE_SECONDS = 3.0
LOOK_SECONDS = 0.1
MEMORY_BYTES = 4 * 2**30
MAX_RESTARTS = 4


class Runner(Protocol):
    """What can be asked about one submission."""

    def load(self) -> Loaded: ...
    def ask(self, ask: Ask) -> Answered: ...
    def ready(self) -> Ready: ...
    def close(self) -> None: ...


@dataclass(slots=True)
class SandboxRunner:
    """Runs ``program`` in children of ``server`` that hold the data of file ``data``.

    ``memory`` is the resident memory, in bytes, that a child and all it starts may take together.
    """

    server: Server
    program: Load
    data: str
    memory: int = MEMORY_BYTES
    seconds: float = field(default=0.0, init=False)
    _process: Process | None = field(default=None, init=False)
    _ready: Ready | None = field(default=None, init=False)
    _loaded: Loaded | None = field(default=None, init=False)
    _lost: list[Failure] = field(default_factory=list, init=False)

    def ready(self) -> Ready:
        """What holds the child, and its versions; raises SandboxError where no child can be had."""
        if self._ready is None:
            self._begin()
        assert self._ready is not None
        return self._ready

    def load(self) -> Loaded:
        """Run the top level, in as many children as it takes; what killed one is among the failures."""
        if self._loaded is None or self._process is None:
            self._load()
        assert self._loaded is not None
        return self._loaded

    def ask(self, ask: Ask) -> Answered:
        """The answer of the child; where that dies or outlasts its time, its ending is the answer."""
        began = time.monotonic()
        self.load()
        try:
            reply = self._converse(ask, ask.seconds)
        except _Ended as ended:
            return Answered(Failed(Failure(ended.ending, message=ended.reason)), Effects())
        finally:
            self.seconds += time.monotonic() - began
        if not isinstance(reply, Answered):
            self._end()
            return Answered(Failed(Failure(Ending.garbled, message=type(reply).__name__)))
        if isinstance(reply.answer, Failed) and reply.answer.failure.ending is not Ending.raised:
            self._end()
        return reply

    def close(self) -> None:
        """End the child."""
        self._end()

    def _begin(self) -> None:
        if not self.server.alive:
            self.server.restart()
        process = self.server.spawn(self.data)
        self._process = process
        try:
            reply = self._hear(process, time.monotonic() + 120.0)
        except _Ended as ended:
            raise self.server.broken() from ended
        if not isinstance(reply, Ready):
            raise ProtocolError(f"{type(reply).__name__} instead of Ready")
        self._ready = reply
        if self.server.isolation == "strict":
            _insist(reply)

    def _load(self) -> None:
        began = time.monotonic()
        program = self.program
        for attempt in range(MAX_RESTARTS):
            if self._process is None:
                self._begin()
            if attempt == MAX_RESTARTS - 1:
                program = msgspec.structs.replace(program, definitions_only=True)
            try:
                loaded = self._run_top_level(program)
            except _Ended as ended:
                skip = (*program.skip, ended.statement) if ended.statement else program.skip
                program = msgspec.structs.replace(program, skip=skip)
                self._lost.append(_lost(ended, program))
            else:
                self._loaded = msgspec.structs.replace(loaded, failures=(*self._lost, *loaded.failures))
                # a later child must not die of the same statements again
                self.program = program
                self._lost = list(self._lost)
                break
        else:
            self._loaded = Loaded((), Effects(), tuple(self._lost))
        self.seconds += time.monotonic() - began

    def _run_top_level(self, program: Load) -> Loaded:
        reply = self._converse(program, program.seconds + program.statement_seconds, program.statement_seconds)
        if isinstance(reply, Loaded):
            return reply
        self._end()
        raise _Ended(Ending.garbled, type(reply).__name__)

    def _converse(self, request: Request, seconds: float, step: float | None = None) -> Reply:
        """Send ``request`` and hear its reply within ``seconds``; events may each take ``step`` seconds."""
        process = self._process
        assert process is not None
        statement: tuple[int, int] | None = None
        deadline = time.monotonic() + seconds + GRACE_SECONDS
        try:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                process.sendall(encode(request))
            while True:
                limit = deadline if step is None else min(deadline, time.monotonic() + step + GRACE_SECONDS)
                reply = self._hear(process, limit)
                if not isinstance(reply, Began):
                    return reply
                statement = (reply.block, reply.line)
        except _Ended as ended:
            ended.statement = statement
            raise

    def _hear(self, process: Process, deadline: float) -> Reply:
        while not process.wait_readable(LOOK_SECONDS):
            if time.monotonic() > deadline:
                self._end()
                raise _Ended(Ending.timed_out, "")
            if _resident(process.pid) > self.memory:
                self._end()
                raise _Ended(Ending.out_of_memory, "")
        try:
            return decode_reply(read_frame(process))
        except (EOFError, ConnectionResetError):
            code = self._end()
            if not self.server.alive:
                raise self.server.broken() from None
            raise _Ended(Ending.killed, "" if code is None else _exit(code)) from None
        except ProtocolError as error:
            self._end()
            raise _Ended(Ending.garbled, str(error)) from error

    def _end(self) -> int | None:
        process, self._process = self._process, None
        return process.end() if process else None


class _Ended(Exception):
    def __init__(self, ending: Ending, reason: str) -> None:
        super().__init__(reason)
        self.ending = ending
        self.reason = reason
        self.statement: tuple[int, int] | None = None


def _exit(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit {code}"


def _lost(ended: _Ended, program: Load) -> Failure:
    trace: tuple[Place, ...] = ()
    if ended.statement:
        block = program.blocks[ended.statement[0]]
        trace = (Place(block.file, ended.statement[1], block.cell),)
    return Failure(ended.ending, message=ended.reason, trace=trace)


def _resident(pid: int) -> int:
    """Resident memory of a process and all it started, in bytes."""
    total = 0
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(pid)
        for each in (process, *process.children(recursive=True)):
            with contextlib.suppress(psutil.Error):
                total += each.memory_info().rss
    return total


def _insist(ready: Ready) -> None:
    """Raises SandboxError where strict isolation was asked for and something is not held."""
    loose = [part for part in ("files", "network", "signals") if not ready.isolation.get(part)]
    if loose:
        raise SandboxError(
            _("strict isolation was asked for, and this machine cannot hold: {parts}").format(
                parts=", ".join(loose)
            ),
            remedy=_("Use a Linux machine with Landlock, or `--isolation auto`."),
        )


# --- recordings ------------------------------------------------------------------------------------------------


class Evidence(msgspec.Struct):
    """Everything that was asked about a submission and what was answered."""

    ready: Ready | None = None
    loaded: Loaded | None = None
    answers: dict[str, Answered] = {}


@dataclass(slots=True)
class Recording:
    """Answers from ``evidence`` what is in it; asks ``inner()`` for the rest, and keeps that too.

    Without ``inner`` it is a replay: raises CourseError for a question that was never asked.
    """

    evidence: Evidence = field(default_factory=Evidence)
    inner: Callable[[], Runner] | None = None
    changed: bool = field(default=False, init=False)
    _runner: Runner | None = field(default=None, init=False)

    def ready(self) -> Ready:
        """As the runner's."""
        if self.evidence.ready is None:
            self.evidence.ready = self._live().ready()
        return self.evidence.ready

    def load(self) -> Loaded:
        """As the runner's."""
        if self.evidence.loaded is None:
            self.evidence.loaded = self._live().load()
            self.changed = True
        return self.evidence.loaded

    def ask(self, ask: Ask) -> Answered:
        """As the runner's."""
        question = key(ask)
        if question not in self.evidence.answers:
            self.evidence.answers[question] = self._live().ask(ask)
            self.changed = True
        return self.evidence.answers[question]

    def close(self) -> None:
        """End the runner, if one was needed."""
        if self._runner:
            self._runner.close()

    def dump(self) -> bytes:
        """The evidence as bytes, for ``Recording.of``."""
        return msgspec.msgpack.encode(self.evidence)

    @classmethod
    def of(cls, stored: bytes, inner: Callable[[], Runner] | None = None) -> Recording:
        """A recording from bytes; raises CourseError where they are not one of this version."""
        try:
            return cls(msgspec.msgpack.decode(stored, type=Evidence), inner)
        except msgspec.DecodeError as error:
            raise CourseError(_("the stored evidence cannot be read: {error}").format(error=error)) from error

    def _live(self) -> Runner:
        if self._runner is None:
            if self.inner is None:
                raise CourseError(
                    _("the rubric asks something that was not asked when this submission was run"),
                    remedy=_("Grade the submission again instead of replaying it."),
                )
            self._runner = self.inner()
        return self._runner
