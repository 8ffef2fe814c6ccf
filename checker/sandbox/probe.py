"""Describes Keras models as evidence: their graph, their weights, what they were compiled with.

Describing builds a model that is not built yet, as its first call would; it changes nothing else.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from checker.evidence import Graph, ModelFacts, Shape
from checker.sandbox.compiled import describe_compiled
from checker.sandbox.graph import PlaceOf, Reader, Unreadable, functional
from checker.sandbox.settings import is_keras, kind_of

__all__ = ["describe_compiled", "describe_model"]

CHANNELS = (1, 3, 4)
# what a model's class may have of its own, and trains otherwise with
TRAINER = ("fit", "train_step", "make_train_function", "compile", "compute_loss", "_compute_loss")


def describe_model(
    model: Any, *, input_shape: Shape | None, place_of: PlaceOf, made: Sequence[object] = ()
) -> ModelFacts:
    """Describe ``model``; ``input_shape`` (without the batch axis) builds it where it is not built.

    ``made`` are the layers that were created while the model was, which tells layers that no path leads through.
    Raises whatever the student's own code raises while the model is built or called.
    """
    with warnings.catch_warnings():
        # Keras warns of what the student is told elsewhere, and a student's filter may make errors of warnings
        warnings.simplefilter("ignore")
        shape = build(model, input_shape)
        reader = Reader(model, place_of)
        graph, why = _read(reader, model, shape)
        idle = tuple(reader.layer(number, layer) for number, layer in enumerate(_idle(model, graph, made)))
    built = _is_built(model)
    places = (place_of(layer) for layer in (model, *model._flatten_layers()))  # noqa: SLF001 - no public walk
    return ModelFacts(
        class_name=kind_of(model),
        name=str(model.name),
        graph=graph,
        unreadable=why,
        input_shape=_graph_shape(graph, inputs=True) or (shape if built else None),
        output_shape=_graph_shape(graph, inputs=False) or (_output_shape(model, shape) if built else None),
        parameters=_count(model.weights) if built else None,
        trainable_parameters=_count(model.trainable_weights) if built else None,
        weights=tuple(reader.weight(variable) for variable in model.weights) if built else (),
        compiled=describe_compiled(model),
        idle=idle,
        overrides=tuple(name for name in TRAINER if not is_keras_method(type(model), name)),
        place=next((place for place in places if place), None),
    )


def is_keras_method(kind: type, name: str) -> bool:
    """Whether the class takes its method of that name from Keras (or has none)."""
    owner = next((each for each in kind.__mro__ if name in vars(each)), None)
    return owner is None or is_keras(owner)


# --- building --------------------------------------------------------------------------------------------------


def build(model: Any, input_shape: Shape | None) -> Shape | None:
    """Build ``model`` where it is not built; the shape of its input, batch axis first, or None if it has none."""
    import keras

    inner = functional(model)
    if inner is not None:
        return _known_shape(inner)
    known = _known_shape(model)
    if known is not None and _is_built(model):
        return known
    empty = isinstance(model, keras.Sequential) and not model.layers
    if input_shape is None or empty:
        return known
    shape = (None, *_laid_out(model, input_shape))
    if isinstance(model, keras.Sequential):
        model.build(shape)
    if functional(model) is None:
        model(np.zeros([size or 1 for size in shape], dtype=np.float32))
    return shape


def _is_built(model: Any) -> bool:
    return bool(model.built) and (functional(model) is not None or bool(model.weights) or not model.layers)


def _known_shape(model: Any) -> Shape | None:
    """The input shape that a model was built with, the batch axis open; that of the first of several inputs."""
    import keras

    if functional(model) is not None:
        return tuple(model.inputs[0].shape)
    given = getattr(model, "_build_shapes_dict", None) or {}
    for shape in given.values():
        if isinstance(shape, (tuple, list)) and all(size is None or isinstance(size, int) for size in shape):
            return (None, *shape[1:])
    # a Sequential that Keras could not make a graph of
    first = getattr(model, "_layers", [None])[:1]
    if first and isinstance(first[0], keras.layers.InputLayer):
        return tuple(first[0].batch_shape)
    return None


def _laid_out(model: Any, shape: Shape) -> Shape:
    """``shape`` with its channels first, where the first layer that minds wants them there."""
    for layer in model._flatten_layers(include_self=False):  # noqa: SLF001 - no public walk
        if type(layer).__name__ in ("Permute", "Reshape", "Flatten", "Dense"):
            break
        layout = getattr(layer, "data_format", None)
        if layout is not None:
            moves = (
                layout == "channels_first"
                and len(shape) > 2
                and shape[-1] in CHANNELS
                and shape[0] not in CHANNELS
            )
            return (shape[-1], *shape[:-1]) if moves else shape
    return shape


# --- reading ---------------------------------------------------------------------------------------------------


def _read(reader: Reader, model: Any, shape: Shape | None) -> tuple[Graph | None, str]:
    try:
        return reader.graph(model, shape), ""
    except Unreadable as why:
        return None, str(why)


def _graph_shape(graph: Graph | None, *, inputs: bool) -> Shape | None:
    if graph is None:
        return None
    return graph.operations[(graph.inputs if inputs else graph.outputs)[0]].output_shape


def _output_shape(model: Any, shape: Shape | None) -> Shape | None:
    """The output shape of a model whose graph cannot be read; None where Keras cannot tell it either."""
    import keras

    try:
        output = model.compute_output_spec(keras.KerasTensor(shape))
    # it runs the student's call() on symbolic tensors
    except Exception:  # noqa: BLE001
        return None
    first = keras.tree.flatten(output)[:1]
    return tuple(first[0].shape) if first and isinstance(first[0], keras.KerasTensor) else None


def _idle(model: Any, graph: Graph | None, made: Sequence[object]) -> Iterator[Any]:
    """Layers that lie on no path: off the functional graph, or made with the model and used by none."""
    import keras

    if graph is None:
        return
    used = _in_graph(graph)
    inner = {id(layer) for layer in _inside(model, used)}
    for other in made:
        if isinstance(other, keras.Model) and other is not model and id(other) not in used:
            inner |= {id(layer) for layer in other._flatten_layers()}  # noqa: SLF001 - no public walk
    # a Bidirectional keeps copies of the layer that it was given
    copied = {layer.name for layer in model._flatten_layers()}  # noqa: SLF001 - as above
    seen: set[int] = set()
    for layer in (*_branches(model, used), *made):
        inert = isinstance(layer, (keras.Model, keras.layers.InputLayer)) or id(layer) in seen | used | inner
        if isinstance(layer, keras.Layer) and not inert and f"forward_{layer.name}" not in copied:
            seen.add(id(layer))
            yield layer


def _in_graph(graph: Graph) -> set[int]:
    """The identities of all layers that a graph passes through, those of nested graphs included."""
    used = {operation.layer for operation in graph.operations}
    for operation in graph.operations:
        if operation.nested is not None:
            used |= _in_graph(operation.nested)
    return used


def _inside(model: Any, used: set[int]) -> Iterator[Any]:
    """The layers inside the layers used: an activation, the cell of a recurrent layer, what a wrapper wraps."""
    for layer in model._flatten_layers():  # noqa: SLF001 - no public walk
        if id(layer) in used and (functional(layer) is not None or not _is_composed(layer)):
            yield from layer._flatten_layers(include_self=False)  # noqa: SLF001 - as above


def _is_composed(layer: Any) -> bool:
    """Whether a layer's own inner layers were read one by one, so that one left out is idle."""
    return kind_of(layer).startswith("custom:")


def _branches(model: Any, used: set[int]) -> Iterator[Any]:
    """The operations that read from the functional graph and lead to none of its outputs."""
    import keras

    if isinstance(model, keras.Sequential) or functional(model) is None:
        return
    waiting = list(model.operations)
    known = {id(operation) for operation in waiting} | used
    while waiting:
        for node in waiting.pop(0)._outbound_nodes:  # noqa: SLF001 - Keras's own graph
            operation = node.operation
            if id(operation) not in known:
                known.add(id(operation))
                waiting.append(operation)
                yield operation


def _count(variables: Iterable[Any]) -> int:
    return sum(math.prod(variable.shape) for variable in variables)
