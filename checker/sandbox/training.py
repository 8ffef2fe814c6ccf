"""``fit`` recorded and kept to its budget; ``evaluate`` and ``predict`` on large arrays kept short.

What was asked is recorded whole; what runs is cut. At top level, or in a brief call, a ``fit`` only has to show that
it runs, so it runs on a few images without compiling a graph; otherwise it runs on the rubric's budget.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from checker.evidence import ArrayFacts, Compiled, FitCall, Place, Setting
from checker.protocol import Budget
from checker.sandbox.origin import Origin
from checker.sandbox.record import Recorder
from checker.sandbox.values import describe_array, is_array, plain

# evaluate and predict beyond this many rows are computed on that many and repeated
LONG = 1000
SHORT = 200
VALIDATION = 200
# arguments of fit beside the data, epochs and batch size that change what is learned
OTHERS = ("class_weight", "sample_weight", "steps_per_epoch", "initial_epoch")


@dataclass(slots=True)
class Training:
    """Stands between student code and Keras's training loop; one per child."""

    recorder: Recorder
    origin: Origin
    compiled_of: Callable[[Any], Compiled | None]
    budget: Budget = field(default_factory=lambda: Budget(2000, 1, 60.0, 200))
    brief: bool = True
    trusted: bool = False
    _fit: Callable[..., Any] = field(init=False)
    _evaluate: Callable[..., Any] = field(init=False)
    _predict: Callable[..., Any] = field(init=False)

    def install(self) -> None:
        """Replace the trainer's three methods, for every model and every spelling of Keras's name."""
        from keras.src.backend.tensorflow.trainer import TensorFlowTrainer

        self._fit = TensorFlowTrainer.fit
        self._evaluate = TensorFlowTrainer.evaluate
        self._predict = TensorFlowTrainer.predict
        training = self

        def fit(model: Any, *args: Any, **kwargs: Any) -> Any:
            return training.fit(model, args, kwargs)

        def evaluate(model: Any, x: Any = None, y: Any = None, *args: Any, **kwargs: Any) -> Any:
            return training.evaluate(model, x, y, args, kwargs)

        def predict(model: Any, x: Any, *args: Any, **kwargs: Any) -> Any:
            return training.predict(model, x, args, kwargs)

        for name, method, original in (
            ("fit", fit, self._fit),
            ("evaluate", evaluate, self._evaluate),
            ("predict", predict, self._predict),
        ):
            method.__doc__ = original.__doc__
            method.__wrapped__ = original  # type: ignore[attr-defined]  # so that inspect shows Keras's signature
            setattr(TensorFlowTrainer, name, method)

    @contextmanager
    def ours(self) -> Iterator[None]:
        """Within, the trainer runs as asked, for the grader's own training."""
        before, self.trusted = self.trusted, True
        try:
            yield
        finally:
            self.trusted = before

    def fit(self, model: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Record the call, run it on the budget, and give back a history as long as was asked."""
        if self.trusted:
            return self._fit(model, *args, **kwargs)
        asked = _FitArguments.bind(args, kwargs)
        place = self.origin.innermost()
        compiled = self.compiled_of(model)
        began = time.monotonic()
        with self.ours(), self._light(model):
            cut = asked.cut(self._samples, self.budget.epochs)
            deadline = time.process_time() + self.budget.seconds
            cut["callbacks"] = [*asked.callbacks, _stop_at(deadline)]
            history, error = self._fitted(model, cut)
        ran = {name: tuple(float(v) for v in values) for name, values in history.history.items()}
        self.recorder.fitted(self._call(model, asked, compiled, ran, cut, time.monotonic() - began, place))
        if error is not None:
            raise error
        _lengthen(history, asked.epochs - asked.initial_epoch)
        return history

    def _fitted(self, model: Any, arguments: dict[str, Any]) -> tuple[Any, Exception | None]:
        """The history of a ``fit``, and what callbacks of the submission's own raised: then that of a fit without them.

        So a callback that fails can be told from a model that cannot be trained.
        """
        try:
            return self._fit(model, **arguments), None
        # whatever student code raises is raised again once the call is recorded
        except Exception as error:
            keras_own = [each for each in arguments["callbacks"] if not _is_own(each)]
            if len(keras_own) == len(arguments["callbacks"]):
                raise
            return self._fit(model, **{**arguments, "callbacks": keras_own}), error

    @property
    def _samples(self) -> int:
        return self.budget.top_level_samples if self.brief else self.budget.samples

    @contextmanager
    def briefly(self, brief: bool) -> Iterator[None]:
        """Within, a ``fit`` runs on a few images only, or (where not ``brief``) on the whole budget."""
        before, self.brief = self.brief, brief
        try:
            yield
        finally:
            self.brief = before

    @contextmanager
    def _light(self, model: Any) -> Iterator[None]:
        """Where it is brief, run without compiling: tracing a graph costs more than the few steps it is for."""
        if not self.brief:
            yield
            return
        with eagerly(model):
            yield

    def _call(
        self,
        model: Any,
        asked: _FitArguments,
        compiled: Compiled | None,
        ran: dict[str, tuple[float, ...]],
        cut: dict[str, Any],
        seconds: float,
        place: Place | None,
    ) -> FitCall:
        validation = asked.validation_data
        pair = validation if isinstance(validation, (tuple, list)) and len(validation) >= 2 else (validation, None)
        (x, y), (validation_x, validation_y) = _pair(asked.x, asked.y), _pair(*pair[:2])
        return FitCall(
            model=self.recorder.number(model),
            parameters=model.count_params() if model.built else None,
            trainable_parameters=sum(math.prod(v.shape) for v in model.trainable_variables)
            if model.built
            else None,
            compiled=compiled,
            epochs=asked.epochs - asked.initial_epoch,
            batch_size=asked.batch_size,
            validation_split=asked.validation_split,
            shuffle=bool(asked.shuffle),
            x=x,
            y=y,
            validation_x=validation_x,
            validation_y=validation_y,
            callbacks=tuple(_setting(callback) for callback in asked.callbacks),
            others=tuple(name for name in OTHERS if _is_given(getattr(asked, name))),
            ran_epochs=max((len(values) for values in ran.values()), default=0),
            ran_samples=len(cut["x"]) if is_array(cut["x"]) else None,
            history=ran,
            seconds=seconds,
            place=place,
            weights=digest_of(model.get_weights()),
        )

    def evaluate(self, model: Any, x: Any, y: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Evaluate on at most ``LONG`` rows; longer arrays on their first ``SHORT``."""
        if self.trusted or not is_array(x) or not is_array(y) or len(x) <= LONG:
            return self._evaluate(model, x, y, *args, **kwargs)
        with self.ours(), eagerly(model):
            return self._evaluate(model, x[:SHORT], y[:SHORT], *args, **_without_weights(kwargs))

    def predict(self, model: Any, x: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Predict at most ``LONG`` rows; for longer arrays the first ``SHORT``, repeated to their length."""
        if self.trusted or not is_array(x) or len(x) <= LONG:
            return self._predict(model, x, *args, **kwargs)
        with self.ours(), eagerly(model):
            part = self._predict(model, x[:SHORT], *args, **kwargs)
        return np.resize(part, (len(x), *part.shape[1:])) if is_array(part) else part


@contextmanager
def eagerly(model: Any) -> Iterator[None]:
    """Within, ``model`` runs its steps without compiling them."""
    before = model.run_eagerly
    functions = (model.train_function, model.test_function, model.predict_function)
    model.run_eagerly = True
    model.train_function = model.test_function = model.predict_function = None
    try:
        yield
    finally:
        model.run_eagerly = before
        model.train_function, model.test_function, model.predict_function = functions


@dataclass(slots=True)
class _FitArguments:
    """The arguments of one ``fit``, by name, as Keras names them."""

    x: Any = None
    y: Any = None
    batch_size: Any = None
    epochs: Any = 1
    verbose: Any = 0
    callbacks: Any = None
    validation_split: Any = 0.0
    validation_data: Any = None
    shuffle: Any = True
    class_weight: Any = None
    sample_weight: Any = None
    initial_epoch: Any = 0
    steps_per_epoch: Any = None
    validation_steps: Any = None
    validation_batch_size: Any = None
    validation_freq: Any = 1

    @classmethod
    def bind(cls, args: tuple[Any, ...], kwargs: dict[str, Any]) -> _FitArguments:
        """Raises TypeError, as Keras would, for an argument that ``fit`` does not have."""
        unknown = set(kwargs) - set(cls.__slots__)
        if unknown:
            raise TypeError(f"Trainer.fit() got an unexpected keyword argument {min(unknown)!r}")
        asked = cls(*args, **kwargs)
        callbacks = asked.callbacks
        asked.callbacks = (
            [] if callbacks is None else (list(callbacks) if isinstance(callbacks, (list, tuple)) else [callbacks])
        )
        asked.epochs = int(asked.epochs)
        return asked

    def cut(self, samples: int, epochs: int) -> dict[str, Any]:
        """The arguments to run: as asked, but within the budget. Raises what Keras would for unequal lengths."""
        cut: dict[str, Any] = {name: getattr(self, name) for name in self.__slots__}
        cut["verbose"] = 0
        cut["epochs"] = self.initial_epoch + min(self.epochs - self.initial_epoch, epochs)
        if is_array(self.x) and is_array(self.y) and len(self.x) == len(self.y) and len(self.x) > samples:
            self._cut_arrays(cut, samples)
        elif not is_array(self.x) and not isinstance(self.x, (list, tuple, dict)):
            batch = int(self.batch_size or 32)
            steps = max(1, samples // batch)
            cut["steps_per_epoch"] = min(int(self.steps_per_epoch or steps), steps)
        if isinstance(cut["validation_data"], (tuple, list)):
            few = min(samples, VALIDATION)
            cut["validation_data"] = tuple(
                part[:few] if is_array(part) else part for part in cut["validation_data"]
            )
            cut["validation_steps"] = None
        elif cut["validation_data"] is not None:
            cut["validation_steps"] = 1
        return cut

    def _cut_arrays(self, cut: dict[str, Any], samples: int) -> None:
        # Keras validates on the last rows, so the split is made here, before the cut would move its border
        if self.validation_split and self.validation_data is None:
            border = int(len(self.x) * (1 - self.validation_split))
            cut["validation_data"] = (self.x[border:], self.y[border:])
            cut["validation_split"] = 0.0
        for name in ("x", "y", "sample_weight"):
            if is_array(cut[name]):
                cut[name] = cut[name][:samples]
        cut["steps_per_epoch"] = None


def _pair(x: Any, y: Any) -> tuple[ArrayFacts | None, ArrayFacts | None]:
    """Facts, with sample rows, of images and labels; of the first batch of a data set that brings both."""
    if x is None or is_array(x) or isinstance(x, (list, tuple)):
        return _facts(x), _facts(y)
    # once for both: a data set that shuffles gives another batch each time
    batch = _first_batch(x) or ()
    first = [*(_whole(x, describe_array(part)) for part in batch[:2]), None, None]
    return first[0], first[1]


def _facts(value: Any) -> ArrayFacts | None:
    return None if value is None else describe_array(value)


def _first_batch(value: Any) -> tuple[Any, ...] | None:
    if not (hasattr(value, "element_spec") or hasattr(value, "__getitem__")):
        return None  # a generator would lose the batch
    batch = next(iter(value)) if hasattr(value, "element_spec") else value[0]
    return tuple(batch) if isinstance(batch, (tuple, list)) else (batch,)


def _whole(value: Any, first: ArrayFacts) -> ArrayFacts:
    """The first batch's facts under the name of what it came from."""
    from msgspec.structs import replace

    return replace(first, source=type(value).__name__)


def _setting(callback: Any) -> Setting:
    """A callback as its class name and its plain attributes."""
    config = {}
    for name, value in vars(callback).items():
        if not name.startswith("_") and isinstance(value, (bool, int, float, str, type(None))):
            config[name] = plain(value)
    name = type(callback).__name__
    return Setting(f"custom:{name}" if _is_own(callback) else name, config)


def _is_own(callback: Any) -> bool:
    """Whether a callback is of the submission's own making, or none at all."""
    return not type(callback).__module__.startswith(("keras.", "tensorflow.", __name__))


def digest_of(weights: Sequence[np.ndarray[Any, Any]]) -> str:
    """A digest of a model's weights, in Keras's order."""
    digest = hashlib.blake2b(digest_size=16)
    for each in weights:
        digest.update(np.ascontiguousarray(each).tobytes())
    return digest.hexdigest()


def _stop_at(deadline: float) -> Any:
    """A callback that ends the training at ``deadline`` (of ``time.process_time``)."""
    import keras

    class Deadline(keras.callbacks.Callback):  # type: ignore[misc]
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            if time.process_time() > deadline:
                self.model.stop_training = True

    return Deadline()


def _lengthen(history: Any, epochs: int) -> None:
    """Repeat the last values up to the epochs asked: code that plots a curve per epoch must find them all."""
    for values in history.history.values():
        values.extend(values[-1:] * (epochs - len(values)))
    history.epoch = list(range(max(len(history.epoch), epochs)))


def _is_given(value: Any) -> bool:
    return value is not None and not (isinstance(value, int) and value == 0)


def _without_weights(kwargs: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in kwargs.items() if name not in ("sample_weight", "steps")}
