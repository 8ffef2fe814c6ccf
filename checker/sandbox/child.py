"""One child: isolates itself, runs one submission, answers questions until the conversation ends."""

from __future__ import annotations

import functools
import os
import platform
import sys
from pathlib import Path
from typing import Any

import msgspec

from checker.evidence import Ending, Failure
from checker.protocol import (
    Answered,
    Ask,
    Began,
    Failed,
    Load,
    Loaded,
    Ready,
    Reply,
    decode_request,
    encode,
    read_frame,
)
from checker.sandbox import compiled, harmless, keras2, models, probe
from checker.sandbox.evaluate import Evaluator
from checker.sandbox.execute import Program, TimeLimit, time_limit
from checker.sandbox.loaders import Loaders
from checker.sandbox.origin import Origin
from checker.sandbox.record import Recorder
from checker.sandbox.training import Training

MAX_STACK = 3000
# words of code that binds a name anew, or draws from something that goes on from call to call; every call seeds what is
# global: NumPy's, Keras's and Python's own
GOES_ON = (
    "global", "nonlocal", "default_rng", "RandomState", "Random(", "Generator", "next(", "urandom",
)  # fmt: skip


class Descriptors:
    """A byte stream over two file descriptors."""

    def __init__(self, reading: int, writing: int) -> None:
        self._reading = reading
        self._writing = writing

    def recv(self, size: int, /) -> bytes:
        """Up to ``size`` bytes; none at the end."""
        return os.read(self._reading, size)

    def sendall(self, data: bytes, /) -> None:
        """Write all of ``data``."""
        view = memoryview(data)
        while view:
            view = view[os.write(self._writing, view) :]


def away(descriptor: int) -> int:
    """A duplicate of ``descriptor`` far from 0, 1 and 2, which student code writes to."""
    import fcntl

    moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 100)
    os.close(descriptor)
    return moved


def mute() -> None:
    """Let descriptors 0, 1 and 2 lead nowhere: what C libraries print must not cost or confuse."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    if nowhere > 2:
        os.close(nowhere)


class Child:
    """A conversation about one submission."""

    def __init__(self, stream: Descriptors, scratch: Path, loaders: Loaders | None) -> None:
        self._stream = stream
        self._loaders = loaders
        self._home = scratch / "work"
        self._home.mkdir(exist_ok=True)
        self._origin = Origin(self._home)
        self._recorder = Recorder(self._origin, self._home)
        self._training = Training(self._recorder, self._origin, probe.describe_compiled)
        self._program: Program | None = None
        self._evaluator: Evaluator | None = None

    def serve(self, isolation: dict[str, Any]) -> None:
        """Answer until the grader hangs up."""
        self._prepare()
        self._say(Ready(isolation, _versions()))
        while True:
            try:
                request = decode_request(read_frame(self._stream))
            except EOFError:
                return
            match request:
                case Load():
                    self._say(self._load(request))
                case Ask():
                    answered = self._ask(request)
                    self._say(answered)
                    if _spent(answered):
                        return

    def _prepare(self) -> None:
        """Set up the process for student code; nothing here may fail for what a submission is."""
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)
        os.chdir(self._home)
        sys.path.insert(0, str(self._home))
        sys.argv = ["submission.py"]
        sys.setrecursionlimit(MAX_STACK)
        if self._loaders:
            self._loaders.install(self._home)
        self._training.install()
        harmless.install(self._origin, self._recorder.tell)
        watch_layers(self._origin, self._recorder)
        self._recorder.capture()

    def _load(self, load: Load) -> Loaded:
        self._recorder.lay({file.path: file.data for file in load.files})
        if load.old_spellings:
            keras2.install(self._recorder.tell, self._origin.caller)
        self._training.budget = load.budget
        program = Program(load, self._origin, lambda block, line: self._say(Began(block, line)))
        self._program = program
        models.seed(load.seed)
        with self._recorder.watching() as span:
            failures = program.run(harmless.notebook_names())
            written = self._recorder.written(span)
        self._training.brief = False
        self._evaluator = Evaluator(
            lambda: program.namespace, self._recorder, self._training, self._describe,
            goes_on=_may_go_on(load),
        )  # fmt: skip
        kept = tuple(getattr(model, compiled.PLACE, None) for model in self._recorder.models)
        return Loaded(tuple(program.definitions()), span.effects(written), failures, kept)

    def _ask(self, ask: Ask) -> Answered:
        if self._evaluator is None:
            return Answered(Failed(Failure(Ending.garbled, message="asked before anything was loaded")))
        try:
            with time_limit(ask.seconds):
                return self._evaluator.answer(ask.subject, ask.view)
        except TimeLimit:
            return Answered(Failed(Failure(Ending.timed_out, "TimeLimit")))

    def _describe(self, model: Any, input_shape: Any, made: tuple[object, ...]) -> Any:
        facts = probe.describe_model(model, input_shape=input_shape, place_of=place_of, made=made)
        number = next((i for i, known in enumerate(self._recorder.models) if known is model), None)
        return msgspec.structs.replace(facts, number=number)

    def _say(self, reply: Reply) -> None:
        self._stream.sendall(encode(reply))


def _may_go_on(load: Load) -> bool:
    """Whether a function of the submission could answer otherwise when it is called again; in own modules, nobody looks."""
    run = {block.file for block in load.blocks}
    own_modules = any(file.path.endswith(".py") and file.path not in run for file in load.files)
    return own_modules or any(word in block.code for block in load.blocks for word in GOES_ON)


def _spent(answered: Answered) -> bool:
    """Whether the child can no longer be trusted to be as it was: interrupted code leaves things half done."""
    return isinstance(answered.answer, Failed) and answered.answer.failure.ending is not Ending.raised


def _versions() -> dict[str, str]:
    import keras
    import tensorflow as tf

    return {"python": platform.python_version(), "keras": keras.__version__, "tensorflow": tf.__version__}


def place_of(layer: object) -> Any:
    """The student's line at which ``layer`` was made, if any."""
    return getattr(layer, "_labcheck_place", None)


def watch_layers(origin: Origin, recorder: Recorder) -> None:
    """Note where every layer is made, and which are made during a call."""
    from keras.src.ops.operation import Operation
    from keras.src.trainers.trainer import Trainer

    make = Operation.__new__

    def noted(cls: Any, *args: Any, **kwargs: Any) -> Any:
        layer = make(cls, *args, **kwargs)
        place = origin.caller()
        if place is not None:
            object.__setattr__(layer, "_labcheck_place", place)
            recorder.made(layer)
        return layer

    Operation.__new__ = staticmethod(noted)
    compile_ = Trainer.compile

    @functools.wraps(compile_)
    def placed(model: Any, *args: Any, **kwargs: Any) -> None:
        compile_(model, *args, **kwargs)
        place = origin.innermost()
        object.__setattr__(model, compiled.PLACE, place)
        # one that is read from a file is compiled by Keras, on behalf of the submission
        if place is not None:
            recorder.number(model)

    Trainer.compile = placed
