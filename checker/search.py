"""Finds the model that a submission means by a lab's name, also where it has another name or none at all.

Public hand-ins call the second network ``small_model_v2``, build it at top level, or bind one name to all their models
in turn; what they yield tells which is which.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

from checker.architecture import Architecture, compare
from checker.evidence import Definition, Place, Remark
from checker.expression import Kept
from checker.fault import Missing, StudentFault
from checker.handle import Function, Model
from checker.language import _
from checker.student import Module

# below this share of matching layers a model is not taken for the one asked for
LIKE_ENOUGH = Fraction(1, 2)
Given = Mapping[str, Sequence[Any]]
Nearness = tuple[Fraction, bool]
NOTHING: Given = {}


def model_of(student: Module, reference: Module, name: str, given: Given = NOTHING) -> Model:
    """The model that ``student`` gives under the lab's ``name``, else the one most like the reference's.

    ``given`` are the arguments of the lab's functions by their name, where they take any. Raises StudentFault where
    the name gives no model, Missing where nothing is like it.
    """
    if student.find(name) is not None:
        value = _value(student, name, given)
        if not isinstance(value, Model):
            raise StudentFault(_no_model(student, name), student.place(name))
        if student.names[name].kind == "model":
            return _first_bound(student, name, value, _value(reference, name, given).architecture)
        return value
    expected = _value(reference, name, given).architecture
    return nearest(student, name, expected, list(_others(reference, name, given)))


def _value(module: Module, name: str, given: Given) -> Any:
    """What stands under the lab's ``name``: a variable's value, or what a function gives."""
    value = getattr(module, name)
    if isinstance(value, Function) and not value.definition.parameters:
        return value()
    return value(*given.get(name, ())) if callable(value) else value


def _no_model(student: Module, name: str) -> str:
    if student.names[name].kind == "model":
        return _("{name} is not a Keras model.").format(name=name)
    return _("{name} gives no Keras model: does it end with `return model`?").format(name=name)


def _first_bound(student: Module, name: str, model: Model, expected: Architecture) -> Model:
    """``model``, or where it is not what is asked for, one that is and that no name leads to any more.

    In a notebook a variable is easily bound again, by a cell that was copied and not quite adapted.
    """
    if model.architecture == expected:
        return model
    named = [student.variable(each) for each in student.definitions.values() if each.kind == "model"]
    bound = {each.facts.number for each in named if isinstance(each, Model)}
    for number, place in enumerate(student.loaded.models):
        kept = Model(student, Kept(number))
        if number not in bound and kept.architecture == expected:
            student.note(Remark("other_name", {"wanted": name, "found": _("the model compiled here")}, place))
            return kept
    return model


def nearest(
    student: Module,
    name: str,
    expected: Architecture,
    others: Sequence[Architecture],
    seen: Callable[[Architecture], Architecture] = lambda found: found,
) -> Model:
    """The model most like ``expected`` among those that are not more like one of ``others``, which other questions ask for.

    ``seen`` takes off an architecture what the question leaves free. Raises Missing, by the lab's ``name``, where
    nothing is like it.
    """
    best: tuple[Nearness, str, Place | None, Model] | None = None
    for label, place, model in _candidates(student):
        try:
            found = seen(model.architecture)
        except StudentFault:
            continue
        nearness = _nearness(found, expected)
        closer = all(_nearness(found, other) <= nearness for other in others)
        if closer and nearness[0] >= LIKE_ENOUGH and (best is None or nearness > best[0]):
            best = nearness, label, place, model
    if best is None:
        raise Missing(student.missing(name))
    _, label, place, model = best
    student.note(Remark("other_name", {"wanted": name, "found": label}, place))
    return model


def model_among(student: Module, name: str, given: Given, faults: Callable[[Model], int | None]) -> Model:
    """The model that ``student`` gives under the lab's ``name``, else the other one with the fewest ``faults``.

    For a question that leaves the topology free: ``faults`` counts what is wrong with a model, None where it is none
    that the question may mean. Of equals the last is taken, which is what students end with. Raises as ``model_of``.
    """
    if student.find(name) is not None:
        value = _value(student, name, given)
        if not isinstance(value, Model):
            raise StudentFault(_no_model(student, name), student.place(name))
        return value
    best: tuple[int, str, Place | None, Model] | None = None
    for label, place, model in _candidates(student):
        try:
            count = faults(model)
        except StudentFault:
            continue
        if count is not None and (best is None or count <= best[0]):
            best = count, label, place, model
    if best is None:
        raise Missing(student.missing(name))
    _count, label, place, model = best
    student.note(Remark("other_name", {"wanted": name, "found": label}, place))
    return model


def models_in(student: Module, given: Given) -> Iterator[Model]:
    """Every model of a submission: those under the lab's names, those under others, and those that have none."""
    for name, spec in student.names.items():
        if (spec.kind == "model" or spec.gives_model) and student.match(name) is not None:
            try:
                value = _value(student, name, given)
            except StudentFault:
                continue
            if isinstance(value, Model):
                yield value
    for _label, _place, model in _candidates(student):
        yield model


def _nearness(found: Architecture, expected: Architecture) -> Nearness:
    """The share of matching layers; among equals, whether both change their input first, or neither does."""
    return compare(found, expected).matched, bool(found.preprocessing) == bool(expected.preprocessing)


def _candidates(student: Module) -> Iterator[tuple[str, Place | None, Model]]:
    """Models of the submission that stand under no name of the lab: functions', variables', and nameless ones."""
    claimed = {found.name for name in student.names if (found := student.match(name)) is not None}
    for definition in student.definitions.values():
        if definition.name in claimed:
            continue
        if definition.kind == "model":
            value = student.variable(definition)
        elif definition.kind == "function" and student.can_call(definition):
            value = _built(student, definition)
        else:
            continue
        if isinstance(value, Model):
            yield definition.name, definition.place or value.place, value
    for number, place in enumerate(student.loaded.models):
        yield _("the model compiled here"), place, Model(student, Kept(number))


def _built(student: Module, definition: Definition) -> object:
    """What a function gives that is called without arguments, and trained briefly if it trains; None if it fails."""
    try:
        return Function(student, definition)()
    except StudentFault:
        return None


def _others(reference: Module, name: str, given: Given) -> Iterator[Architecture]:
    """The architectures that the lab's other names ask for."""
    for other, spec in reference.names.items():
        if other == name or not (spec.kind == "model" or spec.gives_model):
            continue
        yield _value(reference, other, given).architecture
