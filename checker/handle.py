"""Handles on what lives in a sandbox process: functions and their calls, models, arrays, histories.

A handle is the expression that makes the thing, beside the module that can be asked about it. What student code gives
of another sort than the check needs raises ``StudentFault``: an AssertionError whose text a student reads.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from checker import expression, protocol
from checker.architecture import Architecture
from checker.calibration import Measures
from checker.evidence import ArrayFacts, Compiled, Definition, Effects, ModelFacts, Place, Shape, Tensor
from checker.expression import Call, Expression, Name, View
from checker.fault import StudentFault
from checker.identity import Once
from checker.language import _
from checker.protocol import Answer


def simplified(name: str) -> str:
    """``name`` without case and underscores."""
    return name.lower().replace("_", "")


class Asked(Protocol):
    """What handles need of the module that they belong to: see ``student.Module``."""

    seed: int
    input_shape: Shape
    measures: Measures

    def ask(self, subject: Expression, view: View) -> tuple[Answer, Effects]: ...
    def value(self, subject: Expression) -> Any: ...
    def expression(self, value: Any) -> Expression: ...
    def fill(self, parameter: str) -> Expression | None: ...


@dataclass(slots=True)
class Function:
    """A function of the submission; calling it runs it there. ``parameters`` are the lab's names for its arguments."""

    module: Asked
    definition: Definition
    parameters: tuple[str, ...] = ()

    @property
    def place(self) -> Place | None:
        """Where it is defined."""
        return self.definition.place

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.run(*args, **kwargs).value

    def run(
        self,
        *args: Any,
        after: Run | None = None,
        brief: bool = True,
        seed: int | None = None,
        files: Mapping[str, bytes] | None = None,
        **kwargs: Any,
    ) -> Run:
        """Call it, and keep the call: what it returned, printed, trained, wrote, and its arguments afterwards.

        ``after`` is a call that must have been made before, for the files that it wrote. ``brief`` keeps a training
        inside to a few images; False gives it the whole budget. ``seed`` is the module's own unless given. ``files``
        are laid into the scratch folder before the call.
        """
        module = self.module
        chosen = module.seed if seed is None else seed
        given = self._arguments(args, kwargs)
        call = Call(Name(self.definition.name), *given, chosen, brief, dict(files or {}))
        return Run(module, call, after.call if after else None)

    def _arguments(
        self, args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> tuple[tuple[Expression, ...], dict[str, Expression]]:
        """Arguments as this function takes them: by name where its own parameters are the lab's, in any order."""
        known = dict(zip(self.parameters, args, strict=False))
        given = {simplified(name): value for name, value in {**known, **kwargs}.items()}
        parameters = {simplified(name): name for name in self.definition.parameters}
        chosen: dict[str, Expression] = {}
        if len(args) <= len(self.parameters) and set(given) <= set(parameters):
            chosen = {parameters[name]: self.module.expression(value) for name, value in given.items()}
            positional: tuple[Expression, ...] = ()
        else:
            positional = tuple(self.module.expression(arg) for arg in args)
            chosen = {name: self.module.expression(value) for name, value in kwargs.items()}
        taken = {*self.definition.parameters[: len(positional)], *chosen}
        for name in self.definition.required:
            if name not in taken and (filled := self.module.fill(name)) is not None:
                chosen[name] = filled
        return positional, chosen


@dataclass(slots=True)
class Run:
    """One call of a student's function."""

    module: Asked
    call: Call
    before: Expression | None = None

    @property
    def subject(self) -> Expression:
        """The call, after the one it depends on."""
        return expression.After(self.before, self.call) if self.before else self.call

    @property
    def value(self) -> Any:
        """What it returned; raises StudentFault where it did not come to its end."""
        return self.module.value(self.subject)

    @property
    def effects(self) -> Effects:
        """What it printed, trained and wrote."""
        return self.module.ask(self.call, expression.AsKind())[1]

    def argument(self, index: int | str) -> Any:
        """Its argument as the call left it: position, or the lab's name for it."""
        if isinstance(index, str) and index not in self.call.kwargs:
            match = [name for name in self.call.kwargs if simplified(name) == simplified(index)]
            index = match[0] if match else index
        elif isinstance(index, int) and index >= len(self.call.args):
            index = list(self.call.kwargs)[index - len(self.call.args)]
        return self.module.value(expression.Argument(self.call, index))


@dataclass(slots=True)
class Handle:
    """Something that lives in a sandbox process, known by the expression that makes it."""

    module: Asked
    subject: Expression

    def abroad(self) -> Expression:
        """An expression that makes the same thing in another process; raises TypeError where there is none."""
        raise TypeError(f"a {type(self).__name__} cannot be given to another process")


@dataclass(slots=True)
class Other(Handle):
    """A value of a sort that checks do not look into; its methods can be called."""

    sort: protocol.Sort

    def run(self, method: str, *args: Any, after: Run | None = None, **kwargs: Any) -> Run:
        """Call a method of it, and keep the call as ``Function.run`` does."""
        module, express = self.module, self.module.expression
        named = {name: express(value) for name, value in kwargs.items()}
        function = expression.Attribute(self.subject, method)
        call = Call(function, tuple(map(express, args)), named, module.seed, brief=True)
        return Run(module, call, after.call if after else None)


@dataclass
class Model(Handle):
    """A Keras model of the submission. ``input_shape`` serves to build it if need be, else the lab's."""

    input_shape: Shape | None = None

    @cached_property
    def facts(self) -> ModelFacts:
        """The model, described."""
        shape = self.input_shape or self.module.input_shape
        answer, _effects = self.module.ask(self.subject, expression.AsModel(shape))
        if not isinstance(answer, protocol.Model):
            raise StudentFault(_("a Keras model was expected"))
        return answer.facts

    @cached_property
    def architecture(self) -> Architecture:
        """What the model computes, in normal form."""
        return _architecture(self.facts)

    @property
    def compiled(self) -> Compiled | None:
        """What it was compiled with."""
        return self.facts.compiled

    @property
    def parameters(self) -> int:
        """How many scalars it learns or holds."""
        return self.facts.parameters or 0

    @property
    def place(self) -> Place | None:
        """Where it, or its first layer, was made."""
        return self.facts.place

    @cached_property
    def weights(self) -> tuple[Tensor, ...]:
        """Its weights, in Keras's order."""
        answer, _effects = self.module.ask(self.subject, expression.AsWeights())
        return answer.tensors if isinstance(answer, protocol.Tensors) else ()

    @cached_property
    def digest(self) -> str:
        """A digest of its weights, as ``FitCall.weights`` has it; "" where there is none."""
        answer, _effects = self.module.ask(self.subject, expression.AsDigest())
        return answer.text if isinstance(answer, protocol.Text) else ""

    @cached_property
    def config(self) -> str:
        """Its configuration as JSON; for the reference's models only, see ``abroad``."""
        answer, _effects = self.module.ask(self.subject, expression.AsConfig())
        if not isinstance(answer, protocol.Text):
            raise StudentFault(_("a Keras model was expected"))
        return answer.text

    def predict(self, x: Any) -> npt.NDArray[np.float32]:
        """What it computes for ``x``, an array or a handle on one, in inference mode."""
        view = expression.AsPrediction(self.module.expression(x))
        answer, _effects = self.module.ask(self.subject, view)
        if not isinstance(answer, protocol.Tensors) or len(answer.tensors) != 1:
            raise StudentFault(_("the model gave no prediction"))
        return answer.tensors[0].array()

    def fresh(self, seed: int) -> Model:
        """This model with newly drawn weights."""
        return Model(self.module, expression.Fresh(self.subject, seed), self.input_shape)

    def trained(
        self,
        x: Any,
        y: Any,
        *,
        epochs: int,
        batch_size: int,
        seed: int,
        eager: bool = False,
        loss: str = "",
        optimizer: str = "adam",
    ) -> Model:
        """``fresh(seed)``, trained by the grader; ``eager`` costs less for a few steps.

        ``loss`` and ``optimizer`` stand in for what it was compiled with, where ``loss`` is given.
        """
        express = self.module.expression
        fresh = expression.Fresh(self.subject, seed)
        trained = expression.Trained(
            fresh, express(x), express(y), epochs, batch_size, seed, eager, loss, optimizer
        )
        return Model(self.module, trained, self.input_shape)

    def with_weights(self, weights: Sequence[Tensor]) -> Model:
        """This model holding ``weights``, in Keras's order."""
        return Model(
            self.module,
            expression.Transplanted(self.subject, tuple(weights), self.input_shape or self.module.input_shape),
            self.input_shape,
        )

    def abroad(self) -> Expression:
        """The model rebuilt from its configuration and weights. Only trusted models may leave their process."""
        compiled = self.compiled
        return expression.Rebuilt(
            self.config,
            self.weights,
            loss=compiled.loss[0].name if compiled else "",
            optimizer=compiled.optimizer.name if compiled else "adam",
            metrics=("accuracy",) if compiled else (),
        )


# a model is looked at by many checks, and the reference's by those of every submission
_architecture: Once[ModelFacts, Architecture] = Once(Architecture.of, size=64)


@dataclass
class Array(Handle):
    """An array of the submission."""

    @cached_property
    def facts(self) -> ArrayFacts:
        """Shape, dtype, extremes, and evenly spread sample rows."""
        return self.rows_at(None)

    @property
    def shape(self) -> tuple[int, ...]:
        """Its shape."""
        return self.facts.shape

    @property
    def dtype(self) -> str:
        """The name of its dtype."""
        return self.facts.dtype

    def __len__(self) -> int:
        return self.shape[0] if self.shape else 0

    def rows_at(self, rows: Sequence[int] | None) -> ArrayFacts:
        """The facts, with the rows of these numbers."""
        view = expression.AsArray(None if rows is None else tuple(rows))
        answer, _effects = self.module.ask(self.subject, view)
        if not isinstance(answer, protocol.Described):
            raise StudentFault(_("an array was expected"))
        return answer.facts

    def values_at(self, rows: Sequence[int]) -> npt.NDArray[Any]:
        """The rows of these numbers; raises StudentFault where the array holds no numbers."""
        tensor = self.rows_at(rows).rows
        if tensor is None:
            raise StudentFault(_("an array of numbers was expected"))
        return tensor.array()

    def head(self, count: int) -> Array:
        """Its first ``count`` rows."""
        return Array(self.module, expression.Rows(self.subject, 0, count))

    def abroad(self) -> Expression:
        """All of it, as bytes."""
        return expression.Array(Tensor.of(self.values_at(range(len(self)))))


@dataclass
class History(Handle):
    """A Keras History."""

    @cached_property
    def curves(self) -> dict[str, list[float]]:
        """The values of each epoch, by metric."""
        answer, _effects = self.module.ask(self.subject, expression.AsPlain())
        return dict(answer.value) if isinstance(answer, protocol.Value) else {}
