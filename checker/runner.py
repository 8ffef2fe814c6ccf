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

from checker.errors import CourseError, ProtocolError, SandboxError
from checker.evidence import Effects, Ending, Failure, Place
from checker.language import _
from checker.process import Process
from checker.protocol import (
    PATIENCE,
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
from checker.server import Server
from checker.watchdog import GRACE_SECONDS, MEMORY_BYTES, Exceeded, Watched

START_SECONDS = 120.0
# how long a child that hung up is given to come to its own end, which says more than being killed
PATIENCE_SECONDS = 1.0
MAX_RESTARTS = 4
# SIGKILL: the system short of memory, or a person; student code can do it, too, and gains one more run by it
KILLED_FROM_OUTSIDE = -9


class Runner(Protocol):
    """What can be asked about one submission."""

    def load(self) -> Loaded: ...
    def ask(self, ask: Ask) -> Answered: ...
    def ready(self) -> Ready: ...
    def close(self) -> None: ...
    @property
    def seconds(self) -> float: ...


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
    _hopeless: _Ended | None = field(default=None, init=False)

    def ready(self) -> Ready:
        """What holds the child, and its versions; raises SandboxError where no child can be had."""
        if self._ready is None:
            began = time.monotonic()
            self._begin()
            self.seconds += time.monotonic() - began
        assert self._ready is not None
        return self._ready

    def load(self) -> Loaded:
        """Run the top level, in as many children as it takes; what killed one is among the failures."""
        if self._loaded is None or (self._process is None and self._hopeless is None):
            began = time.monotonic()
            self._load()
            self.seconds += time.monotonic() - began
        assert self._loaded is not None
        return self._loaded

    def ask(self, ask: Ask) -> Answered:
        """The answer of the child; where that dies or outlasts its time, its ending is the answer."""
        self.load()
        began = time.monotonic()
        try:
            reply = self._answer(ask)
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

    def _answer(self, ask: Ask) -> Reply:
        """The reply to ``ask``; a child that was killed from outside is replaced once."""
        for spared in (True, False):
            self.load()
            if self._hopeless:
                raise self._hopeless
            try:
                return self._converse(ask, ask.seconds)
            except _Ended as ended:
                if not (ended.foreign and spared):
                    raise self._blamed(ended) from None
        raise AssertionError("the second time is not spared")

    def _begin(self) -> None:
        for spared in (True, False):
            self._process = self.server.spawn(self.data)
            watched = self._watch(self._process, START_SECONDS)
            try:
                reply = self._hear(watched)
            except _Ended as ended:
                if not (ended.foreign and spared):
                    raise self.server.broken() from ended
            else:
                break
        if not isinstance(reply, Ready):
            raise ProtocolError(f"{type(reply).__name__} instead of Ready")
        self._ready = reply
        if self.server.isolation == "strict":
            _insist(reply)

    def _load(self) -> None:
        program = self.program
        lost: list[Failure] = []
        spared = True
        until = time.monotonic() + PATIENCE * program.seconds
        while True:
            if self._process is None:
                self._begin()
            # what begins a statement is a claim, too: a false one must not buy one run after the other
            if lost and (len(lost) == MAX_RESTARTS - 1 or time.monotonic() > until):
                program = msgspec.structs.replace(program, definitions_only=True)
            try:
                loaded = self._run_top_level(program)
            except _Ended as ended:
                if ended.foreign and spared:
                    spared = False
                    continue
                ended = self._blamed(ended)
                skip = (*program.skip, ended.statement) if ended.statement else program.skip
                program = msgspec.structs.replace(program, skip=skip)
                lost.append(_lost(ended, program))
                if program.definitions_only:
                    self._hopeless = ended
                    self._loaded = Loaded((), Effects(), tuple(lost))
                    return
            else:
                self._loaded = msgspec.structs.replace(loaded, failures=(*lost, *loaded.failures))
                # a later child must not die of the same statements again
                self.program = program
                return

    def _blamed(self, ended: _Ended) -> _Ended:
        """What the submission is to blame for; raises SandboxError where it is the fork server that died."""
        if isinstance(ended, _Lost):
            raise self.server.broken() from ended
        return ended

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
        watched = self._watch(process, seconds)
        until = time.monotonic() + PATIENCE * seconds + GRACE_SECONDS
        try:
            self._send(watched, request)
            while True:
                if step is not None:
                    watched.allow(step, until)
                reply = self._hear(watched)
                if not isinstance(reply, Began):
                    return reply
                # what a child says is a claim: only a statement that there is can be left out
                if step is not None and reply.block in range(len(self.program.blocks)):
                    statement = (reply.block, reply.line)
        except _Ended as ended:
            ended.statement = statement
            raise

    def _watch(self, process: Process, seconds: float) -> Watched:
        watched = Watched(process, memory=self.memory)
        watched.allow(seconds)
        return watched

    def _send(self, watched: Watched, request: Request) -> None:
        try:
            # a child that is gone is told by what is heard, which is nothing
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                watched.sendall(encode(request))
        except Exceeded as exceeded:
            self._end()
            raise _Ended(exceeded.ending, exceeded.reason) from None

    def _hear(self, watched: Watched) -> Reply:
        try:
            return decode_reply(read_frame(watched))
        except Exceeded as exceeded:
            self._end()
            raise _Ended(exceeded.ending, exceeded.reason) from None
        except (EOFError, ConnectionResetError):
            code = self._end(PATIENCE_SECONDS)
            if watched.process.orphaned:
                raise _Lost(Ending.killed) from None
            if code is None:
                raise _Ended(Ending.garbled, "it hung up") from None
            raise _Ended(Ending.killed, _exit(code), foreign=code == KILLED_FROM_OUTSIDE) from None
        except ProtocolError as error:
            self._end()
            raise _Ended(Ending.garbled, str(error)) from error

    def _end(self, patience: float = 0.0) -> int | None:
        process, self._process = self._process, None
        return process.end(patience) if process else None


class _Ended(Exception):
    """A child came to its end; ``foreign`` where it may not be the submission's own doing."""

    def __init__(self, ending: Ending, reason: str = "", *, foreign: bool = False) -> None:
        super().__init__(reason)
        self.ending = ending
        self.reason = reason
        self.foreign = foreign
        self.statement: tuple[int, int] | None = None


class _Lost(_Ended):
    """The fork server died, and the child with it."""

    def __init__(self, ending: Ending) -> None:
        super().__init__(ending, foreign=True)


def _exit(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit {code}"


def _lost(ended: _Ended, program: Load) -> Failure:
    trace: tuple[Place, ...] = ()
    if ended.statement:
        block = program.blocks[ended.statement[0]]
        trace = (Place(block.file, ended.statement[1], block.cell),)
    return Failure(ended.ending, message=ended.reason, trace=trace)


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

    Without ``inner`` it is a replay: raises CourseError for a question that was never asked, and is ``lacking`` then.
    """

    evidence: Evidence = field(default_factory=Evidence)
    inner: Callable[[], Runner] | None = None
    changed: bool = field(default=False, init=False)
    lacking: bool = field(default=False, init=False)
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

    @property
    def seconds(self) -> float:
        """The time spent waiting for the runner; what is in the evidence costs none."""
        return self._runner.seconds if self._runner else 0.0

    def close(self) -> None:
        """End the runner, if one was needed."""
        if self._runner:
            self._runner.close()

    @property
    def reusable(self) -> bool:
        """Whether the top level ran whole and left names, so that what was answered holds for another run as well."""
        loaded = self.evidence.loaded
        return loaded is not None and bool(loaded.definitions) and not loaded.failures

    def dump(self) -> bytes:
        """The evidence as bytes, for ``Recording.of``."""
        return msgspec.msgpack.encode(self.evidence)

    def forget_failures(self) -> None:
        """Ask again, the next time, what did not come to its end."""
        answers = self.evidence.answers
        for question in [name for name, each in answers.items() if isinstance(each.answer, Failed)]:
            del answers[question]

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
                self.lacking = True
                raise CourseError(
                    _("the rubric asks something that was not asked when this submission was run"),
                    remedy=_("Grade the submission again instead of replaying it."),
                )
            self._runner = self.inner()
        return self._runner
