"""Where two models differ: their units aligned, and each difference in words that a student understands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any, Literal

from checker.architecture.meaning import Architecture, Unit
from checker.architecture.parameters import formula
from checker.evidence import Place, Plain
from checker.language import _, number

State = Literal["same", "missing", "extra", "changed"]
GAP = 1.0
CHANGED = 0.6
OTHER_KIND = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One unit of each model side by side, or of one alone."""

    state: State
    found: Unit | None = None
    expected: Unit | None = None

    @property
    def changes(self) -> tuple[tuple[str, Any, Any], ...]:
        """The settings that differ: name, found, expected."""
        if self.found is None or self.expected is None:
            return ()
        found, expected = dict(self.found.settings), dict(self.expected.settings)
        names = [*expected, *(name for name in found if name not in expected)]
        return tuple((n, found.get(n), expected.get(n)) for n in names if found.get(n) != expected.get(n))


@dataclass(frozen=True)
class Comparison:
    """A model beside the one expected."""

    found: Architecture
    expected: Architecture

    @property
    def same(self) -> bool:
        """Whether they compute the same thing."""
        return self.found == self.expected

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """Both models' units, aligned in order."""
        return _align(self.found.units, self.expected.units)

    @property
    def matched(self) -> Fraction:
        """The share of the expected layers that are there: a changed one counts half, one too many costs half."""
        if self.found.unreadable or not self.expected.units:
            return Fraction(0)
        worth = {"same": Fraction(1), "changed": Fraction(1, 2), "extra": Fraction(-1, 2), "missing": Fraction(0)}
        share = sum((worth[row.state] for row in self.rows), Fraction(0)) / len(self.expected.units)
        # a difference that no row shows (an input shape, a connection) still is one
        return max(Fraction(0), min(share, Fraction(1) if self.same else Fraction(9, 10)))

    @property
    def place(self) -> Place | None:
        """Where the first difference stands in the submission."""
        previous: Place | None = self.found.place
        for row in self.rows:
            if row.state != "same":
                return (row.found.place if row.found else previous) or previous
            previous = row.found.place if row.found and row.found.place else previous
        return self.found.place

    def lines(self) -> Iterator[str]:
        """The differences as sentences, one a cause, in the order of the model."""
        if self.found.unreadable:
            yield _unreadable(self.found)
            return
        before: Unit | None = None
        for row in self.rows:
            yield from _sentences(row, before)
            before = row.found or before
        if all(row.state == "same" for row in self.rows):
            yield from self._hidden_lines()
        for idle in self.found.facts.idle:
            yield _("The layer {name} ({kind}) is made but lies on no path from the input to the output.").format(
                name=idle.name, kind=idle.kind
            )

    def _hidden_lines(self) -> Iterator[str]:
        if self.found.input_shape != self.expected.input_shape:
            yield _("The model takes inputs of shape {found} instead of {expected}.").format(
                found=shape_text(self.found.input_shape), expected=shape_text(self.expected.input_shape)
            )
        elif not self.same:
            yield _("The layers are the right ones, but they are not connected as expected.")

    def plain(self) -> list[dict[str, Plain]]:
        """The rows as plain data, for a drawing."""
        return [
            {
                "state": row.state,
                "found": _box(row.found),
                "expected": _box(row.expected),
                "details": [setting_text(name, found, expected) for name, found, expected in row.changes],
            }
            for row in self.rows
        ]


def compare(found: Architecture, expected: Architecture) -> Comparison:
    """Set ``found`` beside ``expected``."""
    return Comparison(found, expected)


def label(unit: Unit) -> str:
    """A unit in a few words: "Conv2D 64, 3 × 3, relu"."""
    values = dict(unit.settings)
    parts = [str(values[name]) for name in ("filters", "units", "rate") if name in values]
    parts += [_times(values[name]) for name in ("kernel_size", "pool_size") if name in values]
    if values.get("activation") not in (None, "linear"):
        parts.append(str(values["activation"]))
    return f"{unit.kind} {', '.join(parts)}".strip()


def shape_text(shape: tuple[int | None, ...]) -> str:
    """A shape as Python writes it."""
    return (
        "("
        + ", ".join("None" if size is None else str(size) for size in shape)
        + ("," if len(shape) == 1 else "")
        + ")"
    )


def setting_text(name: str, found: Any, expected: Any) -> str:
    """One differing setting, without the name of its layer."""
    sentence = _setting_sentences().get(name, _("{name}: {found} instead of {expected}"))
    if name == "kernel_regularizer" and expected is not None:
        sentence = _("regulariser {found} instead of {expected}") if found else _("no {expected} regulariser")
    return sentence.format(name=name, found=_value(found), expected=_value(expected))


def _setting_sentences() -> dict[str, str]:
    return {
        "filters": _("{found} filters instead of {expected}"),
        "units": _("{found} units instead of {expected}"),
        "kernel_size": _("a kernel of {found} instead of {expected}"),
        "pool_size": _("a window of {found} instead of {expected}"),
        "strides": _("strides of {found} instead of {expected}"),
        "padding": _("padding {found} instead of {expected}"),
        "activation": _("activation {found} instead of {expected}"),
        "rate": _("a rate of {found} instead of {expected}"),
        "use_bias": _("use_bias={found} instead of {expected}"),
        "kernel_regularizer": _("a regulariser that the lab does not ask for"),
        "kernel_initializer": _("its weights all start at one value ({found}), so that its neurons stay alike"),
        "trainable": _("its weights are frozen (trainable=False)"),
        "shares the weights of": _("it shares its weights with another layer"),
    }


def _sentences(row: Row, before: Unit | None) -> Iterator[str]:
    if row.state == "missing" and row.expected:
        what = label(row.expected)
        if before is None:
            yield _("A layer is missing at the beginning: {layer}.").format(layer=what)
        else:
            yield _("A layer is missing after {before}: {layer}.").format(before=label(before), layer=what)
    elif row.state == "extra" and row.found:
        yield _("There is one layer too many: {layer}.").format(layer=label(row.found))
    elif row.state == "changed" and row.found:
        changes = ", ".join(setting_text(*change) for change in row.changes) or _("connected differently")
        yield _("{layer}: {changes}.").format(layer=label(row.found), changes=changes)


def _unreadable(found: Architecture) -> str:
    if found.unreadable == "empty" or (found.facts.graph is not None and not found.units):
        return _("The model has no layer.")
    if found.unreadable == "not built":
        return _("The model is not built: give its first layer an input shape.")
    return _("The layers of the model could not be read: {why}").format(why=found.unreadable)


def _value(value: Any) -> str:
    if isinstance(value, tuple) and all(isinstance(size, int) for size in value):
        return _times(value)
    if isinstance(value, tuple) and value and isinstance(value[0], tuple) and value[0][0] == "class_name":
        described = dict(value)
        config = ", ".join(_value(each) for _name, each in described["config"])
        return f"{described['class_name']}({config})" if config else str(described["class_name"])
    if isinstance(value, float):
        return number(value, max(1, len(f"{value:f}".rstrip("0").partition(".")[2])))
    return _("none") if value is None else str(value)


def _times(sizes: tuple[int, ...]) -> str:
    return " × ".join(map(str, sizes))


def _box(unit: Unit | None) -> dict[str, Plain] | None:
    if unit is None:
        return None
    return {
        "label": label(unit),
        "shape": shape_text(unit.shape),
        "parameters": unit.parameters,
        "formula": formula(unit),
    }


def _align(found: tuple[Unit, ...], expected: tuple[Unit, ...]) -> tuple[Row, ...]:
    """The cheapest alignment of two sequences of units (Needleman and Wunsch, 1970)."""
    costs = [[0.0] * (len(expected) + 1) for _row in range(len(found) + 1)]
    for i in range(len(found) + 1):
        for j in range(len(expected) + 1):
            costs[i][j] = min(_steps(costs, found, expected, i, j), default=(0.0, 0, 0))[0]
    rows: list[Row] = []
    i, j = len(found), len(expected)
    while i or j:
        _cost, di, dj = min(_steps(costs, found, expected, i, j))
        one = found[i - 1] if di else None
        other = expected[j - 1] if dj else None
        rows.append(Row(state=_state(one, other), found=one, expected=other))
        i, j = i - di, j - dj
    return tuple(reversed(rows))


def _steps(
    costs: list[list[float]], found: tuple[Unit, ...], expected: tuple[Unit, ...], i: int, j: int
) -> Iterator[tuple[float, int, int]]:
    if i and j:
        yield costs[i - 1][j - 1] + _distance(found[i - 1], expected[j - 1]), 1, 1
    if i:
        yield costs[i - 1][j] + GAP, 1, 0
    if j:
        yield costs[i][j - 1] + GAP, 0, 1


def _distance(found: Unit, expected: Unit) -> float:
    if found.kind != expected.kind:
        return OTHER_KIND
    one, other = dict(found.settings), dict(expected.settings)
    names = one.keys() | other.keys()
    wrong = sum(one.get(name) != other.get(name) for name in names)
    return CHANGED + wrong / max(1, len(names)) if wrong else 0.0


def _state(found: Unit | None, expected: Unit | None) -> State:
    if found is None:
        return "missing"
    if expected is None:
        return "extra"
    return "same" if found.settings == expected.settings and found.kind == expected.kind else "changed"
