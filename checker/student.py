"""A submission as an object: ``student`` and ``reference`` are modules that live elsewhere.

Calling a function through a module asks the runner; what comes back is plain data, or a handle on a model, an
array or a history. Student code that does not come to its end raises ``StudentFault``.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from checker import expression, protocol
from checker.calibration import Measures
from checker.course import NameSpec
from checker.evidence import Definition, Effects, FitCall, Place, Remark, Shape, Tensor
from checker.expression import Constant, Expression, Name, View
from checker.fault import Missing, StudentFault, fault_of
from checker.handle import Array, Function, Handle, History, Model, Other, simplified
from checker.identity import Once
from checker.language import _
from checker.protocol import Answer, Ask
from checker.runner import Runner


@dataclass(slots=True)
class Module:
    """A submission (or the reference) as an object: its names are attributes.

    ``names`` are the lab's, ``fills`` the values of extra parameters by name, ``seconds`` the time of a question,
    ``training_seconds`` what is added to it where a model is trained on the whole budget. ``explain`` says what usually
    leads to an error. ``input_shape``, without the batch axis, serves to build a model that is not built. ``measures`` are
    the reference's trainings; ``used`` are the lab's names that were asked for.
    """

    runner: Runner
    names: Mapping[str, NameSpec]
    fills: Mapping[str, Any]
    seconds: float
    training_seconds: float = 60.0
    seed: int = 1
    explain: Callable[[str], str] = lambda _error: ""
    input_shape: Shape = (28, 28, 1)
    remarks: list[Remark] = field(default_factory=list)
    measures: Measures = field(default_factory=Measures)
    used: set[str] = field(default_factory=set)

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
        self.used.add(name)
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
        seconds = self.seconds + (self.training_seconds if expression.trains(subject) else 0.0)
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
        sort, _effects = self.ask(subject, expression.AsKind())
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
                answer, _effects = self.ask(subject, expression.AsPlain())
                return answer.value if isinstance(answer, protocol.Value) else Other(self, subject, sort)
            case "sequence" if sort.length == len(sort.items):
                return tuple(
                    self._of_sort(expression.Item(subject, index), item) for index, item in enumerate(sort.items)
                )
        return Other(self, subject, sort)

    def expression(self, value: Any) -> Expression:
        """``value`` as something that this module's process can make: handles of another module are rebuilt."""
        if isinstance(value, Handle):
            return value.subject if value.module is self else value.abroad()
        if isinstance(value, Tensor):
            return expression.Array(value)
        if isinstance(value, np.ndarray):
            # what is read-only is the same for every submission
            kept = value.nbytes > expression.LARGE and not value.flags.writeable
            return expression.Array(_tensor(value) if kept else Tensor.of(value))
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


_tensor: Once[np.ndarray[Any, Any], Tensor] = Once(Tensor.of, size=4)


@dataclass(slots=True)
class Given:
    """A value standing where a function was asked for: calling it gives the value."""

    value: Any

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.value
