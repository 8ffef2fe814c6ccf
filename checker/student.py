"""The handles that checks hold: ``student`` and ``reference`` are modules that live elsewhere.

Calling a function through a handle asks the runner; what comes back is plain data, or a handle on a model, an
array or a history. Student code that does not come to its end, or gives something of another sort than the check
needs, raises ``StudentFault``: an AssertionError whose text a student reads.
"""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from checker import protocol
from checker.architecture import Architecture
from checker.course import NameSpec
from checker.evidence import (
    ArrayFacts,
    Compiled,
    Definition,
    Effects,
    FitCall,
    ModelFacts,
    Place,
    Remark,
    Shape,
    Tensor,
)
from checker.fault import Missing, StudentFault, fault_of
from checker.language import _
from checker.protocol import Answer, Ask, Call, Constant, Expression, Name, View
from checker.runner import Runner


def simplified(name: str) -> str:
    """``name`` without case and underscores."""
    return name.lower().replace("_", "")


@dataclass(slots=True)
class Module:
    """A submission (or the reference) as an object: its names are attributes.

    ``names`` are the lab's, ``fills`` the values of extra parameters by name, ``seconds`` the time of a question,
    ``training_seconds`` what is added to it where a model is trained on the whole budget. ``explain`` says what usually
    leads to an error. ``input_shape``, without the batch axis, serves to build a model that is not built.
    """

    runner: Runner
    names: Mapping[str, NameSpec]
    fills: Mapping[str, Any]
    seconds: float
    training_seconds: float = 60.0
    seed: int = 1
    explain: Callable[[str], str] = lambda _error: ""
    input_shape: tuple[int, ...] = (28, 28, 1)
    remarks: list[Remark] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name not in self.names:
            raise AttributeError(f"no name {name!r} in this lab; rubric.yaml knows {', '.join(self.names)}")
        return self.named(name)

    @property
    def loaded(self) -> protocol.Loaded:
        """What running the top level showed."""
        return self.runner.load()

    @property
    def definitions(self) -> dict[str, Definition]:
        """The top-level names, in order."""
        return {definition.name: definition for definition in self.loaded.definitions}

    @property
    def fits(self) -> tuple[FitCall, ...]:
        """The fits that ran at top level."""
        return self.loaded.effects.fits

    def match(self, name: str) -> Definition | None:
        """What the submission defines for the lab's ``name``: exactly, simplified, or under an alias."""
        known = self.definitions
        if name in known:
            return known[name]
        wanted = [simplified(name), *map(simplified, self.names[name].aliases)]
        return next((d for each in wanted for d in known.values() if simplified(d.name) == each), None)

    def find(self, name: str) -> Definition | None:
        """As ``match``; a match that is not exact is noted."""
        found = self.match(name)
        if found is not None and found.name != name:
            self.note(Remark("other_name", {"wanted": name, "found": found.name}, found.place))
        return found

    def named(self, name: str) -> Function | Any:
        """The handle for the lab's ``name``; raises Missing, with the nearest name, where there is none."""
        definition = self.find(name)
        if definition is None:
            raise Missing(self.missing(name))
        return self.handle(definition, self.names[name])

    def place(self, name: str) -> Place | None:
        """Where the lab's ``name`` is defined, None where it is not or has no line."""
        found = self.match(name)
        return found.place if found else None

    def variable(self, definition: Definition) -> Any:
        """The value of a top-level name."""
        return self.value(Name(definition.name))

    def can_call(self, definition: Definition) -> bool:
        """Whether every parameter without a default has a value that the lab or the submission knows."""
        return all(self.fill(parameter) is not None for parameter in definition.required)

    def handle(self, definition: Definition, spec: NameSpec) -> Function | Any:
        """A handle on something the submission defines."""
        if definition.kind in ("function", "class"):
            return Function(self, definition, spec.parameters)
        value = self.variable(definition)
        # where a function is asked for, a model or a value under its name serves: calling it gives it
        return Given(value) if spec.kind == "function" else value

    def note(self, remark: Remark) -> None:
        """Keep a remark for the report, once."""
        if remark not in self.remarks:
            self.remarks.append(remark)

    def ask(self, subject: Expression, view: View) -> tuple[Answer, Effects]:
        """Ask the runner; raises StudentFault where student code failed."""
        seconds = self.seconds + (self.training_seconds if protocol.trains(subject) else 0.0)
        answered = self.runner.ask(Ask(subject, view, seconds))
        for remark in answered.effects.remarks:
            self.note(remark)
        if isinstance(answered.answer, protocol.Failed):
            failure = answered.answer.failure
            explained = self.explain(f"{failure.ending} {failure.error}: {failure.message}")
            raise fault_of(failure, subject, explained, {name: d.place for name, d in self.definitions.items()})
        return answered.answer, answered.effects

    def value(self, subject: Expression) -> Any:
        """The value of ``subject``: plain data, or a handle."""
        sort, _effects = self.ask(subject, protocol.AsKind())
        if not isinstance(sort, protocol.Sort):
            raise StudentFault(_("the answer could not be understood"))
        return self._of_sort(subject, sort)

    def _of_sort(self, subject: Expression, sort: protocol.Sort) -> Any:
        match sort.sort:
            case "model":
                return Model(self, subject)
            case "array":
                return Array(self, subject)
            case "history":
                return History(self, subject)
            case "none":
                return None
            case "plain":
                answer, _effects = self.ask(subject, protocol.AsPlain())
                return answer.value if isinstance(answer, protocol.Value) else Other(self, subject, sort)
            case "sequence" if sort.length == len(sort.items):
                return tuple(
                    self._of_sort(protocol.Item(subject, index), item) for index, item in enumerate(sort.items)
                )
        return Other(self, subject, sort)

    def expression(self, value: Any) -> Expression:
        """``value`` as something that this module's process can make: handles of another module are rebuilt."""
        if isinstance(value, Handle):
            return value.subject if value.module is self else value.abroad()
        if isinstance(value, Tensor):
            return protocol.Array(value)
        if isinstance(value, np.ndarray):
            return protocol.Array(Tensor.of(value))
        return Constant(list(value), tuple=True) if isinstance(value, tuple) else Constant(value)

    def fill(self, parameter: str) -> Expression | None:
        """A value for a parameter that the lab does not have: from the rubric, or the submission's own names."""
        for name, value in self.fills.items():
            if simplified(name) == simplified(parameter):
                # a shape is a tuple, which YAML does not have
                return self.expression(tuple(value) if isinstance(value, list) else value)
        for name in self.definitions:
            if simplified(name) == simplified(parameter):
                return Name(name)
        return None

    def missing(self, name: str) -> str:
        """The sentence for a name that is not there, with the nearest one that is."""
        spec = self.names[name]
        wanted = f"{name}({', '.join(spec.parameters)})" if spec.kind == "function" else name
        text = _("{wanted} was not found in your work.").format(wanted=wanted)
        close = difflib.get_close_matches(name, list(self.definitions), n=1)
        if close:
            text += " " + _("Did you mean it by {name}?").format(name=close[0])
        return text


@dataclass(slots=True)
class Given:
    """A value standing where a function was asked for: calling it gives the value."""

    value: Any

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.value


@dataclass(slots=True)
class Function:
    """A function of the submission; calling it runs it there. ``parameters`` are the lab's names for its arguments."""

    module: Module
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

    module: Module
    call: Call
    before: Expression | None = None

    @property
    def subject(self) -> Expression:
        """The call, after the one it depends on."""
        return protocol.After(self.before, self.call) if self.before else self.call

    @property
    def value(self) -> Any:
        """What it returned; raises StudentFault where it did not come to its end."""
        return self.module.value(self.subject)

    @property
    def effects(self) -> Effects:
        """What it printed, trained and wrote."""
        return self.module.ask(self.call, protocol.AsKind())[1]

    def argument(self, index: int | str) -> Any:
        """Its argument as the call left it: position, or the lab's name for it."""
        if isinstance(index, str) and index not in self.call.kwargs:
            match = [name for name in self.call.kwargs if simplified(name) == simplified(index)]
            index = match[0] if match else index
        elif isinstance(index, int) and index >= len(self.call.args):
            index = list(self.call.kwargs)[index - len(self.call.args)]
        return self.module.value(protocol.Argument(self.call, index))


@dataclass(slots=True)
class Handle:
    """Something that lives in a sandbox process, known by the expression that makes it."""

    module: Module
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
        function = protocol.Attribute(self.subject, method)
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
        answer, _effects = self.module.ask(self.subject, protocol.AsModel(shape))
        if not isinstance(answer, protocol.Model):
            raise StudentFault(_("a Keras model was expected"))
        return answer.facts

    @cached_property
    def architecture(self) -> Architecture:
        """What the model computes, in normal form."""
        return Architecture.of(self.facts)

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
        answer, _effects = self.module.ask(self.subject, protocol.AsWeights())
        return answer.tensors if isinstance(answer, protocol.Tensors) else ()

    @property
    def digest(self) -> str:
        """A digest of its weights, as ``FitCall.weights`` has it."""
        digest = hashlib.blake2b(digest_size=16)
        for tensor in self.weights:
            digest.update(tensor.data)
        return digest.hexdigest()

    @cached_property
    def config(self) -> str:
        """Its configuration as JSON; for the reference's models only, see ``abroad``."""
        answer, _effects = self.module.ask(self.subject, protocol.AsConfig())
        if not isinstance(answer, protocol.Text):
            raise StudentFault(_("a Keras model was expected"))
        return answer.text

    def predict(self, x: Any) -> npt.NDArray[np.float32]:
        """What it computes for ``x``, an array or a handle on one, in inference mode."""
        view = protocol.AsPrediction(self.module.expression(x))
        answer, _effects = self.module.ask(self.subject, view)
        if not isinstance(answer, protocol.Tensors) or len(answer.tensors) != 1:
            raise StudentFault(_("the model gave no prediction"))
        return answer.tensors[0].array()

    def fresh(self, seed: int) -> Model:
        """This model with newly drawn weights."""
        return Model(self.module, protocol.Fresh(self.subject, seed), self.input_shape)

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
        fresh = protocol.Fresh(self.subject, seed)
        trained = protocol.Trained(fresh, express(x), express(y), epochs, batch_size, seed, eager, loss, optimizer)
        return Model(self.module, trained, self.input_shape)

    def with_weights(self, weights: Sequence[Tensor]) -> Model:
        """This model holding ``weights``, in Keras's order."""
        return Model(
            self.module,
            protocol.Transplanted(self.subject, tuple(weights), self.input_shape or self.module.input_shape),
            self.input_shape,
        )

    def abroad(self) -> Expression:
        """The model rebuilt from its configuration and weights. Only trusted models may leave their process."""
        compiled = self.compiled
        return protocol.Rebuilt(
            self.config,
            self.weights,
            loss=compiled.loss[0].name if compiled else "",
            optimizer=compiled.optimizer.name if compiled else "adam",
            metrics=("accuracy",) if compiled else (),
        )


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
        view = protocol.AsArray(None if rows is None else tuple(rows))
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
        return Array(self.module, protocol.Rows(self.subject, 0, count))

    def abroad(self) -> Expression:
        """All of it, as bytes."""
        return protocol.Array(Tensor.of(self.values_at(range(len(self)))))


@dataclass
class History(Handle):
    """A Keras History."""

    @cached_property
    def curves(self) -> dict[str, list[float]]:
        """The values of each epoch, by metric."""
        answer, _effects = self.module.ask(self.subject, protocol.AsPlain())
        return dict(answer.value) if isinstance(answer, protocol.Value) else {}
