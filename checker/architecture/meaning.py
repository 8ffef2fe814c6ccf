"""The normal form: two models that compute the same thing become the same list of units.

A unit is a layer with the activation that follows it. What has no effect vanishes (linear activations, dropout at
rate 0, names, InputLayers), what can be written in two ways is written in one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from checker.architecture.graph import Flat, Node, flatten
from checker.architecture.preprocessing import PEELED, Step
from checker.evidence import Compiled, ModelFacts, Operation, Place, Shape

WINDOW = {"Conv1D": 1, "Conv2D": 2, "Conv3D": 3, "MaxPooling1D": 1, "MaxPooling2D": 2, "MaxPooling3D": 3,
          "AveragePooling1D": 1, "AveragePooling2D": 2, "AveragePooling3D": 3, "Conv2DTranspose": 2,
          "DepthwiseConv2D": 2, "SeparableConv2D": 2}  # fmt: skip
# what each kind computes with; initialisers and names are none of it
SETTINGS = {
    "Dense": ("units", "use_bias"),
    "Conv": ("filters", "kernel_size", "strides", "padding", "dilation_rate", "groups", "use_bias"),
    "Pool": ("pool_size", "strides", "padding"),
    "Dropout": ("rate",),
}
REGULARISERS = (
    "kernel_regularizer",
    "bias_regularizer",
    "activity_regularizer",
    "kernel_constraint",
    "bias_constraint",
)
CONSTANTS = ("Zeros", "Ones", "Constant")
NOISE = ("name", "dtype", "trainable", "data_format", "batch_shape", "quantization_config", "seed", "noise_shape")
ELEMENTWISE = ("Activation",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A layer and its activation: ``settings`` are what it computes with, ``inputs`` the units it reads (-1: input).

    ``shape`` is the output's without the batch axis, channels last. ``parameters`` counts its own weights.
    """

    kind: str
    settings: tuple[tuple[str, Any], ...]
    inputs: tuple[int, ...]
    shape: Shape
    parameters: int
    source: Operation

    @property
    def meaning(self) -> tuple[str, tuple[tuple[str, Any], ...], tuple[int, ...]]:
        """What must be equal for two units to be equal."""
        return (self.kind, self.settings, self.inputs)

    @property
    def place(self) -> Place | None:
        """Where it was written."""
        return self.source.place

    def setting(self, name: str) -> Any:
        """One setting, None where the unit has none of that name."""
        return dict(self.settings).get(name)


@dataclass(frozen=True)
class Architecture:
    """What a model computes. Equality is equality of meaning; an unreadable one is equal to nothing."""

    units: tuple[Unit, ...]
    outputs: tuple[int, ...]
    input_shape: Shape
    layout: str
    preprocessing: tuple[Step, ...]
    unreadable: str
    facts: ModelFacts

    @classmethod
    def of(cls, facts: ModelFacts) -> Architecture:
        """The normal form of a described model."""
        if facts.graph is None or facts.input_shape is None:
            return cls((), (), (), "channels_last", (), facts.unreadable or "not built", facts)
        flat = flatten(facts.graph)
        _split_activations(flat)
        _normalise(flat)
        _fold_logits(flat, facts.compiled)
        preprocessing: tuple[Step, ...] = ()
        while peeled := _peel(flat):
            preprocessing += peeled
            # a reshape that came after it now stands at the input
            _normalise(flat)
        shape = _image_shape(flat)
        return cls(*_units(flat), shape, flat.layout, preprocessing, "" if flat.nodes else "empty", facts)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Architecture):
            return NotImplemented
        if self.unreadable or other.unreadable:
            return False
        return self.meaning == other.meaning

    def __hash__(self) -> int:
        return hash(str(self.meaning))

    @property
    def meaning(self) -> tuple[Any, ...]:
        """What must be equal for two models to be equal."""
        return (self.input_shape, tuple(unit.meaning for unit in self.units), self.outputs)

    def without(self, *kinds: str) -> Architecture:
        """What is left when the units of these kinds are taken out: who reads one reads its input instead."""
        numbers: dict[int, int] = {}
        kept: list[Unit] = []
        for position, unit in enumerate(self.units):
            sources = tuple(numbers.get(source, source) for source in unit.inputs)
            numbers[position] = sources[0] if unit.kind in kinds else len(kept)
            if unit.kind not in kinds:
                kept.append(replace(unit, inputs=sources))
        outputs = tuple(numbers.get(output, output) for output in self.outputs)
        return replace(self, units=tuple(kept), outputs=outputs)

    @cached_property
    def parameters(self) -> int:
        """How many scalars its weights hold, counted from their shapes."""
        return sum(math.prod(weight.shape) for weight in self.facts.weights)

    @property
    def place(self) -> Place | None:
        """Where the model was made."""
        return self.facts.place


def plain_shape(flat: Flat) -> Shape:
    """The shape of the first input, without the batch axis."""
    return flat.nodes[flat.inputs[0]].shape if flat.inputs else ()


def _split_activations(flat: Flat) -> None:
    """Every activation becomes a node of its own."""
    for position in range(len(flat.nodes)):
        node = flat.nodes[position]
        if node.kind == "Activation" or _activation_of(node) is not None:
            continue
        activation = node.settings.pop("activation", None)
        if activation not in (None, "linear"):
            flat.insert_after(
                position, Node("Activation", {"activation": activation}, [], node.shape, node.source)
            )
    for node in flat.nodes:
        if (name := _activation_of(node)) is not None:
            node.kind, node.settings = "Activation", {"activation": name}


def _activation_of(node: Node) -> str | None:
    """The activation that a layer or operation of another name computes."""
    settings = node.settings
    if node.kind == "ReLU":
        plain = (
            settings.get("max_value") is None
            and not settings.get("negative_slope")
            and not settings.get("threshold")
        )
        return "relu" if plain else f"relu({settings.get('max_value')}, {settings.get('negative_slope')})"
    if node.kind == "Softmax":
        axis = settings.get("axis", -1)
        last = axis in (-1, len(node.shape), [-1], [len(node.shape)])
        return "softmax" if last else f"softmax over axis {axis}"
    if node.kind in ("Relu", "Sigmoid", "Tanh", "Elu", "Selu", "Gelu", "Softplus"):
        return node.kind.lower()
    return None


def _normalise(flat: Flat) -> None:
    for position, node in enumerate(flat.nodes):
        if node.dead or not node.inputs:
            continue
        before = flat.nodes[node.inputs[0]]
        if _has_no_effect(node):
            flat.bypass(position)
        elif node.kind in ("Flatten", "Reshape") and len(node.shape) == 1:
            if len(before.shape) == 1:
                flat.bypass(position)
            else:
                node.kind, node.settings = "Flatten", {}
        elif node.kind == "Reshape" and node.shape == before.shape:
            flat.bypass(position)
        elif before.kind == "InputLayer" and (
            node.kind in ("Reshape", "ExpandDims") or (node.kind == "Permute" and _moves_channels(node))
        ):
            # the images are put into the layout of the convolutions: nothing is computed
            before.shape = node.shape
            flat.bypass(position)
    _sink_dropout(flat)


def _moves_channels(node: Node) -> bool:
    """Whether a Permute moves the axis of the channels, and leaves rows and columns of an image as they are."""
    return tuple(node.settings.get("dims") or ()) in ((2, 3, 1), (3, 1, 2))


def _has_no_effect(node: Node) -> bool:
    match node.kind:
        case "Activation":
            return bool(node.settings["activation"] == "linear")
        case "Identity":
            return True
        case "Dropout":
            return not node.settings.get("rate")
        case "Cast":
            return str(node.settings.get("dtype")).startswith("float")
    return False


def _sink_dropout(flat: Flat) -> None:
    """Dropout before a flatten or a relu is dropout after it: both keep zeros, and move no value."""
    moved = True
    while moved:
        moved = False
        for position, node in enumerate(flat.nodes):
            if node.dead or node.kind != "Dropout":
                continue
            users = flat.users(position)
            if len(users) != 1 or not _keeps_zeros(flat.nodes[users[0]]):
                continue
            after = flat.nodes[users[0]]
            for name in ("kind", "settings", "source"):
                mine, other = getattr(node, name), getattr(after, name)
                setattr(node, name, other)
                setattr(after, name, mine)
            node.shape = after.shape
            moved = True


def _keeps_zeros(node: Node) -> bool:
    return node.kind == "Flatten" or (node.kind == "Activation" and node.settings["activation"] == "relu")


def _fold_logits(flat: Flat, compiled: Compiled | None) -> None:
    """A loss that takes logits applies the softmax that the model leaves out."""
    if compiled is None or not compiled.loss or len(flat.outputs) != 1:
        return
    loss = compiled.loss[0]
    if not loss.config.get("from_logits"):
        return
    name = "sigmoid" if loss.name == "binary_crossentropy" else "softmax"
    output = flat.outputs[0]
    last = flat.nodes[output]
    flat.insert_after(output, Node("Activation", {"activation": name}, [], last.shape, last.source))


def _peel(flat: Flat) -> tuple[Step, ...]:
    """Take off what scales the images at the very input: it belongs to the data, and is judged with them."""
    peeled = []
    again = True
    while again:
        again = False
        for position, node in enumerate(flat.nodes):
            if node.kind in PEELED and _changes_input(flat, position):
                peeled.append((node.kind, {k: v for k, v in node.settings.items() if k not in NOISE}))
                flat.bypass(position)
                again = True
    return tuple(peeled)


def _changes_input(flat: Flat, position: int) -> bool:
    """Whether a node reads an input that nothing else reads, and gives values of the same shape."""
    node = flat.nodes[position]
    if node.dead or len(node.inputs) != 1:
        return False
    before = flat.nodes[node.inputs[0]]
    return before.kind == "InputLayer" and before.shape == node.shape and flat.users(node.inputs[0]) == [position]


def _image_shape(flat: Flat) -> Shape:
    shape = plain_shape(flat)
    return (*shape, 1) if len(shape) == 2 and any(n.kind.startswith("Conv") for n in flat.nodes) else shape


def _units(flat: Flat) -> tuple[tuple[Unit, ...], tuple[int, ...]]:
    nodes = flat.ordered()
    numbers: dict[int, int] = {}
    layers: dict[int, int] = {}
    units: list[Unit] = []
    for position, node in enumerate(nodes):
        if node.kind == "InputLayer":
            numbers[position] = -1 - flat.inputs.index(position) if position in flat.inputs else -1
            continue
        sources = tuple(numbers[source] for source in node.inputs)
        if _closes(nodes, node, units, sources):
            numbers[position] = sources[0]
            units[-1] = _with_activation(units[-1], node)
            continue
        numbers[position] = len(units)
        units.append(_unit(node, sources, layers.get(node.source.layer) if node.source.weights else None))
        layers.setdefault(node.source.layer, len(units) - 1)
    return tuple(_with_start(units)), tuple(numbers[output] for output in flat.outputs)


def _with_start(units: list[Unit]) -> Iterator[Unit]:
    """The units; one whose weights all start at one value says so, where that keeps its neurons alike for good.

    The last layer with weights is told apart by what it should give: it learns from zeros as well as from anything.
    """
    last = max((number for number, unit in enumerate(units) if unit.parameters), default=-1)
    for number, unit in enumerate(units):
        initializer = unit.source.config.get("kernel_initializer")
        start = initializer.get("class_name") if isinstance(initializer, dict) else None
        if number < last and unit.parameters and start in CONSTANTS:
            yield replace(unit, settings=(*unit.settings, ("kernel_initializer", start)))
        else:
            yield unit


def _closes(nodes: list[Node], node: Node, units: list[Unit], sources: tuple[int, ...]) -> bool:
    """Whether this activation is that of the unit just before it, which nothing else reads."""
    if node.kind != "Activation" or not units or sources != (len(units) - 1,):
        return False
    last = units[-1]
    readers = [other for other in nodes if node.inputs[0] in other.inputs]
    return len(readers) == 1 and last.setting("activation") == "linear"


def _with_activation(unit: Unit, node: Node) -> Unit:
    settings = {**dict(unit.settings), "activation": node.settings["activation"]}
    return Unit(
        kind=unit.kind,
        settings=tuple(settings.items()),
        inputs=unit.inputs,
        shape=unit.shape,
        parameters=unit.parameters,
        source=unit.source,
    )


def _unit(node: Node, sources: tuple[int, ...], shared: int | None) -> Unit:
    settings = _settings(node)
    if shared is not None:
        settings["shares the weights of"] = shared
    if not node.source.trainable and node.kind != "Activation" and node.source.weights:
        settings["trainable"] = False
    has_weights = node.kind not in ("Activation", "Flatten", "Dropout")
    count = sum(math.prod(weight.shape) for weight in node.source.weights) if has_weights and shared is None else 0
    return Unit(
        kind=node.kind,
        settings=tuple(settings.items()),
        inputs=sources,
        shape=node.shape,
        parameters=count,
        source=node.source,
    )


def _settings(node: Node) -> dict[str, Any]:
    config = node.settings
    family = "Conv" if "Conv" in node.kind else "Pool" if "Pooling" in node.kind else node.kind
    if family not in SETTINGS or (family == "Pool" and node.kind.startswith("Global")):
        return {name: _frozen(value) for name, value in sorted(config.items()) if name not in NOISE and value is not None
                and not name.endswith("_initializer")}  # fmt: skip
    settings = {name: _frozen(config[name]) for name in SETTINGS[family] if name in config}
    rank = WINDOW.get(node.kind, 2)
    for name in ("kernel_size", "strides", "pool_size", "dilation_rate"):
        if isinstance(settings.get(name), int):
            settings[name] = (settings[name],) * rank
    if family == "Pool" and settings.get("strides") is None:
        settings["strides"] = settings.get("pool_size")
    if family in ("Dense", "Conv"):
        settings["activation"] = "linear"
        for name in REGULARISERS:
            if (value := _regulariser(config.get(name))) is not None:
                settings[name] = _frozen(value)
    return settings


def _regulariser(value: Any) -> Any:
    """A setting of ``REGULARISERS`` in one form: L1L2 with one factor is L1 or L2, without any it is None."""
    if not isinstance(value, dict) or value.get("class_name") not in ("L1", "L2", "L1L2"):
        return value
    factors = {name: factor for name, factor in value["config"].items() if factor}
    return {"class_name": "".join(sorted(factors)).upper(), "config": factors} if factors else None


def _frozen(value: Any) -> Any:
    if isinstance(value, dict):
        return tuple((key, _frozen(item)) for key, item in sorted(value.items()))
    return tuple(map(_frozen, value)) if isinstance(value, (list, tuple)) else value
