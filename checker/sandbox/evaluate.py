"""Evaluates expressions about the submission, each once, and answers with views of their values."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from checker.evidence import Effects, Failure, ModelFacts, Shape, Tensor
from checker.expression import (
    After,
    Argument,
    Array,
    AsArray,
    AsConfig,
    AsDigest,
    AsKind,
    AsModel,
    AsPlain,
    AsPrediction,
    AsWeights,
    Attribute,
    Call,
    Constant,
    Expression,
    Fresh,
    Item,
    Kept,
    Name,
    Rebuilt,
    Rows,
    Stored,
    Trained,
    Transplanted,
    View,
    digest,
)
from checker.protocol import Answer, Answered, Described, Failed, Model, Refused, Tensors, Text, Value
from checker.sandbox import models, probe
from checker.sandbox.execute import TimeLimit, failure
from checker.sandbox.record import Recorder
from checker.sandbox.training import Training, digest_of, eagerly
from checker.sandbox.values import (
    NotPlain,
    as_array,
    bytes_in,
    describe_array,
    is_array,
    is_model,
    plain,
    sort_of,
)

PREDICTION_BATCH = 200
# bytes of arrays from which on a value is given up for a while: a whole data set as floats is some 190 million
LARGE = 2**24


@dataclass(slots=True)
class Evaluated:
    """What evaluating an expression gave: a value or a failure, and what happened meanwhile."""

    value: Any = None
    of: Expression | None = None
    failed: Failure | None = None
    effects: Effects = field(default_factory=Effects)
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = field(default_factory=dict)
    made: tuple[object, ...] = ()


class _Failed(Exception):
    def __init__(self, evaluated: Evaluated) -> None:
        super().__init__()
        self.evaluated = evaluated


class Evaluator:
    """Values of expressions, over the namespace of one submission, whose functions may change that or do not."""

    def __init__(
        self,
        names: Callable[[], dict[str, Any]],
        recorder: Recorder,
        training: Training,
        describe: Callable[[Any, Shape | None, tuple[object, ...]], ModelFacts],
        *,
        goes_on: bool,
    ) -> None:
        self._names = names
        self._goes_on = goes_on
        self._recorder = recorder
        self._training = training
        self._describe = describe
        self._known: dict[str, Evaluated] = {}
        self._forgotten: set[str] = set()

    def answer(self, subject: Expression, view: View) -> Answered:
        """Evaluate ``subject`` and answer with ``view`` of it; student failures are answers, too."""
        try:
            known = self._outcome(subject)
        except _Failed as stopped:
            known = stopped.evaluated
        if known.failed:
            return Answered(Failed(known.failed), known.effects)
        try:
            return Answered(self._view(known, view), known.effects)
        except _Failed as stopped:
            return Answered(Failed(stopped.evaluated.failed or Failure("raised")), known.effects)  # type: ignore[arg-type]
        # building, calling and describing a student's model runs student code
        except (Exception, TimeLimit) as error:  # noqa: BLE001
            return Answered(Failed(failure(error, self._recorder.origin)), known.effects)

    # --- expressions

    def value(self, expression: Expression) -> Any:
        """The value of ``expression``; raises _Failed where student code failed on the way."""
        known = self._outcome(expression)
        if known.failed:
            raise _Failed(known)
        return known.value

    def _outcome(self, expression: Expression) -> Evaluated:
        key = digest(expression)
        if key not in self._known:
            known = self._known[key] = self._evaluate(expression)
            # an expression may hold arrays itself, and is needed for what is given up only
            known.of = expression if bytes_in(known.value) > LARGE else None
        return self._known[key]

    def _evaluate(self, expression: Expression) -> Evaluated:
        with self._recorder.watching() as span:
            known = Evaluated()
            try:
                known.value = self._compute(expression, known)
            except _Failed as stopped:
                known.failed = stopped.evaluated.failed
            # whatever student code raises is an answer
            except BaseException as error:  # noqa: BLE001
                known.failed = failure(error, self._recorder.origin)
            known.effects = span.effects(self._recorder.written(span))
            known.made = tuple(span.made)
        if isinstance(expression, (Item, Argument)):
            # the effects of a part are those of the call it is a part of
            whole = self._outcome(expression.call if isinstance(expression, Argument) else expression.of)
            known.effects, known.made = whole.effects, whole.made
        return known

    def _compute(self, expression: Expression, known: Evaluated) -> Any:  # noqa: C901 - one line a case
        match expression:
            case Name(name):
                return self._names()[name]
            case Call():
                with self._training.briefly(expression.brief):
                    return self._call(expression, known)
            case Kept(index):
                return self._recorder.models[index]
            case Stored(path):
                return models.stored(path)
            case Argument(call, index):
                done = self._outcome(call)
                if done.failed:
                    raise _Failed(done)
                return done.kwargs[index] if isinstance(index, str) else done.args[index]
            case Attribute(of, name):
                return getattr(self.value(of), name)
            case Item(of, index):
                return self.value(of)[index]
            case Rows(of, start, stop):
                return as_array(self.value(of))[start:stop].copy()
            case Constant(value):
                return tuple(value) if expression.tuple else value
            case Array(tensor):
                return tensor.array().copy()
            case Rebuilt():
                return models.rebuild(expression)
            case Fresh(of, seed):
                return self._fresh(of, seed)
            case Trained():
                return self._train(expression)
            case After(before, of):
                self.value(before)
                return self.value(of)
            case Transplanted(of, weights, input_shape):
                model = self._copy(of)
                probe.build(model, input_shape)
                model.set_weights([tensor.array() for tensor in weights])
                return model

    def _call(self, call: Call, known: Evaluated) -> Any:
        function = self.value(call.function)
        known.args = tuple(self._copy(arg) for arg in call.args)
        known.kwargs = {name: self._copy(arg) for name, arg in call.kwargs.items()}
        models.seed(call.seed)
        self._recorder.lay(call.files)
        return function(*known.args, **known.kwargs)

    def _copy(self, expression: Expression) -> Any:
        """The value of ``expression`` as a copy that may be written to."""
        if isinstance(expression, (Rebuilt, Fresh, Trained, Transplanted)):
            return self._again(expression).value
        value = self.value(expression)
        if isinstance(expression, Call) and is_model(value):
            return self._again(expression).value
        if is_model(value):
            return models.copy(value)
        return value.copy() if isinstance(value, np.ndarray) else value

    def _again(self, expression: Expression) -> Evaluated:
        again = self._evaluate(expression)
        if again.failed:
            raise _Failed(again)
        return again

    def _fresh(self, of: Expression, seed: int) -> Any:
        known = self.value(of)
        twin = models.fresh(known, seed)
        # one that Keras cannot clone is given as it is, and must not be the one that others look at
        return models.fresh(self._copy(of), seed) if twin is known else twin

    def _given_up(self, of: Expression) -> Any:
        """The value of ``of`` to be changed: a fresh model that was only looked at is made again if it is asked for."""
        known = self._known.pop(digest(of), None) if isinstance(of, Fresh) else None
        return known.value if known and not known.failed else self._copy(of)

    def _train(self, trained: Trained) -> Any:
        model = self._given_up(trained.of)
        x, y = self.value(trained.x), self.value(trained.y)
        if trained.loss:
            model.compile(loss=trained.loss, optimizer=trained.optimizer)
        models.seed(trained.seed)
        with self._training.ours(), eagerly(model) if trained.eager else nullcontext():
            if trained.eager and len(x) <= trained.batch_size:
                # one batch an epoch: without fit's own preparations it takes half the time
                for _epoch in range(trained.epochs):
                    model.train_on_batch(x, y)
            else:
                model.fit(x, y, epochs=trained.epochs, batch_size=trained.batch_size, verbose=0)
        return model

    def _forget_large(self) -> None:
        """Give up whole data sets, which are looked at before any model is; what is small in them stays.

        Who asks for one again has it made again, and then it is kept.
        """
        for key, known in list(self._known.items()):
            if key not in self._forgotten and bytes_in(known.value) > LARGE and self._comes_again(known):
                self._forgotten.add(key)
                self._keep_small(known)
                del self._known[key]

    def _comes_again(self, known: Evaluated) -> bool:
        """Whether evaluating it again gives the same: nothing of the submission's own can have been changed on the way.

        A large array that it holds itself can have been, in place.
        """
        holds = any(bytes_in(each) > LARGE for each in self._names().values())
        return not (self._goes_on or holds or known.effects.files)

    def _keep_small(self, known: Evaluated) -> None:
        if known.of is None or not isinstance(known.value, (tuple, list)):
            return
        for index, value in enumerate(known.value):
            item = Item(known.of, index)
            part = replace(known, of=item, value=value)
            if bytes_in(value) > LARGE:
                self._keep_small(part)
            else:
                self._known.setdefault(digest(item), part)

    # --- views

    def _view(self, known: Evaluated, view: View) -> Answer:
        value = known.value
        match view:
            case AsKind():
                return sort_of(value)
            case AsModel(input_shape) if is_model(value):
                self._forget_large()
                return Model(self._describe(value, input_shape, known.made))
            case AsConfig() if is_model(value):
                return Text(value.to_json())
            case AsWeights() if is_model(value):
                return Tensors(tuple(Tensor.of(weight) for weight in value.get_weights()))
            case AsDigest() if is_model(value):
                return Text(digest_of(value.get_weights()))
            case AsPrediction(x) if is_model(value):
                return Tensors((Tensor.of(predict(value, as_array(self.value(x)))),))
            case AsArray(rows) if is_array(value) or isinstance(value, (list, tuple)):
                return Described(describe_array(value, rows))
            case AsPlain():
                try:
                    return Value(plain(value))
                except NotPlain:
                    return Refused("plain", sort_of(value))
        return Refused(type(view).__name__.removeprefix("As").lower(), sort_of(value))


def predict(model: Any, x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """What ``model`` computes for ``x``, in inference mode, batch by batch: cheaper than tracing ``predict``."""
    parts = [
        np.asarray(model(x[start : start + PREDICTION_BATCH], training=False), dtype=np.float32)
        for start in range(0, len(x), PREDICTION_BATCH)
    ]
    return np.concatenate(parts)
