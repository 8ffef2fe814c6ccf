"""Describes Keras models as evidence: their graph, their weights, what they were compiled with.

Describing builds a model that is not built yet, by calling it on one batch; it changes nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from checker.evidence import Compiled, Graph, ModelFacts, Operation, Place, Plain, Setting, Shape, Weight

MAX_DEPTH = 8
MAX_TEXT = 200
PlaceOf = Callable[[object], Place | None]


def describe_model(
    model: Any, *, input_shape: Shape | None, place_of: PlaceOf, made: Sequence[object] = ()
) -> ModelFacts:
    """Describe ``model``; ``input_shape`` (without the batch axis) builds it where it is not built.

    Raises whatever the student's own code raises while the model is built, called or traced.
    """
    _build(model, input_shape)
    graph, unreadable = _read_graph(model, input_shape, place_of)
    used = _layers_used(model, graph is not None)
    weights = tuple(_weight(variable) for variable in model.weights) if model.built else ()
    idle = tuple(_operation(0, layer, (), None, place_of) for layer in _idle(used, made))
    places = [place_of(layer) for layer in used.values()]
    return ModelFacts(
        class_name=_class_name(model),
        name=str(model.name),
        graph=graph,
        unreadable=unreadable,
        input_shape=_shape(getattr(model, "input_shape", None)) if graph or model.built else None,
        output_shape=_shape(getattr(model, "output_shape", None)) if graph else None,
        parameters=int(model.count_params()) if model.built else None,
        trainable_parameters=_count(model.trainable_weights) if model.built else None,
        weights=weights,
        compiled=describe_compiled(model),
        idle=idle,
        place=next((place for place in places if place), None),
    )


def describe_compiled(model: Any) -> Compiled | None:
    """What ``compile`` was given, in canonical names; None for a model that is not compiled."""
    if not getattr(model, "compiled", False):
        return None
    optimizer = model.optimizer
    rate: float | None = None
    schedule = getattr(optimizer, "_learning_rate", None)
    if schedule is not None and not hasattr(schedule, "get_config"):
        rate = float(np.asarray(schedule))
    user_metrics = getattr(model._compile_metrics, "_user_metrics", None) if model._compile_metrics else None  # noqa: SLF001 - Keras keeps what it was given nowhere public
    return Compiled(
        loss=tuple(_setting(loss, "losses") for loss in _flat(model.loss)),
        optimizer=Setting(type(optimizer).__name__.lower(), _plain_dict(optimizer.get_config()))
        if _is_keras(type(optimizer))
        else Setting(f"custom:{type(optimizer).__name__}"),
        metrics=tuple(_setting(metric, "metrics") for metric in _flat(user_metrics)),
        learning_rate=rate,
        place=getattr(model, "_labcheck_compiled", None),
    )


# --- building and tracing --------------------------------------------------------------------------------------


def _build(model: Any, input_shape: Shape | None) -> None:
    """Call an unbuilt model on one batch of zeros: of the shape given, else with its last axis first."""
    if (model.built and model.weights) or input_shape is None or not model.layers and type(model).__name__ == "Sequential":
        return
    shapes = [input_shape, (input_shape[-1], *input_shape[:-1])] if len(input_shape) > 1 else [input_shape]
    for number, shape in enumerate(shapes, 1):
        try:
            model(np.zeros((1, *(size or 1 for size in shape)), dtype=np.float32))
        except (ValueError, TypeError):
            if number == len(shapes):
                raise
        else:
            return


def _read_graph(model: Any, input_shape: Shape | None, place_of: PlaceOf) -> tuple[Graph | None, str]:
    import keras

    inner = getattr(model, "_functional", None) or model
    if not isinstance(model, keras.Sequential) and not hasattr(inner, "_nodes_by_depth"):
        return _trace(model, input_shape, place_of)
    if not getattr(inner, "outputs", None):
        return None, "not built"
    return _graph(inner.inputs, inner.outputs, place_of), ""


def _trace(model: Any, input_shape: Shape | None, place_of: PlaceOf) -> tuple[Graph | None, str]:
    """The graph of a subclassed model: its ``call`` on a symbolic input records the layers that it calls."""
    import keras

    shapes = [tuple(input_shape), (input_shape[-1], *input_shape[:-1])] if input_shape else []
    reason = "no input shape"
    for shape in shapes:
        symbol = keras.Input(shape)
        try:
            output = model.call(symbol)
        # the student's call() may do anything with a symbol that it was not written for
        except Exception as error:  # noqa: BLE001
            reason = f"{type(error).__name__}: {error}"[:MAX_TEXT]
            continue
        if isinstance(output, keras.KerasTensor):
            return _graph([symbol], [output], place_of), ""
        reason = f"call() gives a {type(output).__name__}"
    return None, reason


def _graph(inputs: Sequence[Any], outputs: Sequence[Any], place_of: PlaceOf) -> Graph:
    """The operations between these Keras tensors, in topological order."""
    found: dict[tuple[int, int], int] = {}
    operations: list[Operation] = []

    def visit(tensor: Any) -> int:
        operation, node_index, _tensor_index = tensor._keras_history  # noqa: SLF001 - Keras's own graph
        key = (id(operation), node_index)
        if key not in found:
            node = operation._inbound_nodes[node_index]  # noqa: SLF001 - as above
            sources = tuple(visit(source) for source in node.input_tensors)
            operations.append(_operation(len(operations), operation, sources, tensor, place_of))
            found[key] = operations[-1].id
        return found[key]

    ends = tuple(visit(tensor) for tensor in outputs)
    starts = tuple(visit(tensor) for tensor in inputs)
    return Graph(tuple(operations), starts, ends)


def _operation(number: int, layer: Any, sources: tuple[int, ...], tensor: Any, place_of: PlaceOf) -> Operation:
    import keras

    nested = None
    if isinstance(layer, keras.Model):
        nested, _why = _read_graph(layer, _inner_shape(layer), place_of)
    return Operation(
        id=number,
        kind=_class_name(layer),
        name=str(getattr(layer, "name", "")),
        config=_config(layer),
        inputs=sources,
        output_shape=tuple(tensor.shape) if tensor is not None else (),
        weights=tuple(_weight(variable) for variable in getattr(layer, "weights", ())),
        layer=id(layer),
        trainable=bool(getattr(layer, "trainable", True)),
        place=place_of(layer),
        nested=nested,
    )


def _inner_shape(model: Any) -> Shape | None:
    shape = _shape(getattr(model, "input_shape", None)) or getattr(model, "_build_shapes_dict", None)
    return tuple(shape[1:]) if isinstance(shape, tuple) else None


def _layers_used(model: Any, readable: bool) -> dict[int, Any]:
    """Every layer on the path from input to output, by identity, and the layers inside of them."""
    layers = model.layers if readable else [model]
    return {id(inner): inner for layer in layers for inner in layer._flatten_layers()}  # noqa: SLF001 - no public walk


def _idle(used: dict[int, Any], made: Sequence[object]) -> Iterator[Any]:
    import keras

    taken = set(used)
    for model in made:
        if isinstance(model, keras.Model):
            taken |= {id(inner) for inner in model._flatten_layers()}  # noqa: SLF001 - no public walk
    for layer in made:
        inert = isinstance(layer, (keras.Model, keras.layers.InputLayer))
        if isinstance(layer, keras.layers.Layer) and not inert and id(layer) not in taken:
            yield layer


# --- settings as plain data ------------------------------------------------------------------------------------


def _config(layer: Any) -> dict[str, Plain]:
    try:
        config = layer.get_config()
    # a student's own layer may have no configuration, or one that raises
    except Exception:  # noqa: BLE001
        config = {}
    plain = _plain_dict(config)
    plain.pop("layers", None)  # a nested model's own layers are in its graph
    for name in ("activation", "recurrent_activation"):
        if hasattr(layer, name):
            plain[name] = activation_name(getattr(layer, name))
    return plain


def activation_name(activation: Any) -> str:
    """The name of an activation, whatever form it was given in; ``custom:<name>`` for the student's own."""
    import keras

    if activation is None:
        return "linear"
    if isinstance(activation, keras.layers.Activation):
        return activation_name(activation.activation)
    if isinstance(activation, keras.layers.Layer):
        return type(activation).__name__.lower() if _is_keras(type(activation)) else _custom(activation)
    name = getattr(activation, "__name__", "")
    module = getattr(activation, "__module__", "") or ""
    if module.startswith(("keras.", "tensorflow.")) and hasattr(keras.activations, name):
        return str(name)
    return _custom(activation)


def _setting(value: Any, family: str) -> Setting:
    """A loss or metric as a string, object or function, by its canonical snake_case name."""
    import keras

    if isinstance(value, str):
        known = getattr(keras, family).get(value) if value not in ("accuracy", "acc") else value
        return Setting(value, {}) if known is value else _setting(known, family)
    if callable(value) and hasattr(value, "__name__"):
        own = (getattr(value, "__module__", "") or "").startswith("keras.")
        return Setting(value.__name__ if own else _custom(value), {"from_logits": False})
    if not _is_keras(type(value)):
        return Setting(_custom(value))
    if hasattr(value, "_fn") and type(value).__name__ == "MeanMetricWrapper":
        return _setting(value._fn, family)  # noqa: SLF001 - a metric function, wrapped
    return Setting(_snake(type(value).__name__), _plain_dict(value.get_config()))


def _plain_dict(config: Any) -> dict[str, Plain]:
    return {str(key): _plain(value, MAX_DEPTH) for key, value in dict(config).items()}


def _plain(value: Any, depth: int) -> Plain:
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, (bool, float)):
        return value
    if isinstance(value, int):
        return max(min(value, 2**63 - 1), -(2**63))
    if isinstance(value, str):
        return value[:MAX_TEXT]
    if depth and isinstance(value, dict):
        if value.get("class_name") in ("DTypePolicy", "__numpy__", "__tensor__"):
            return str(value.get("class_name"))
        kept = {key: item for key, item in value.items() if key not in ("module", "registered_name", "build_config")}
        return {str(key): _plain(item, depth - 1) for key, item in kept.items()}
    if depth and isinstance(value, (list, tuple)):
        return [_plain(item, depth - 1) for item in value[:64]]
    return _custom(value)


def _custom(value: Any) -> str:
    name = getattr(value, "__name__", None) or type(value).__name__
    return f"custom:{name}"[:MAX_TEXT]


def _class_name(layer: Any) -> str:
    kind = type(layer)
    return str(kind.__name__) if _is_keras(kind) else f"custom:{kind.__name__}"


def _is_keras(kind: type) -> bool:
    return kind.__module__.startswith("keras.")


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def _flat(value: Any) -> Iterable[Any]:
    if value is None:
        return
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from _flat(item)
    else:
        yield value


def _weight(variable: Any) -> Weight:
    return Weight(str(variable.path), tuple(variable.shape), str(variable.dtype), bool(variable.trainable))


def _count(variables: Iterable[Any]) -> int:
    return sum(int(np.prod(variable.shape)) for variable in variables)


def _shape(shape: Any) -> Shape | None:
    plain = isinstance(shape, (tuple, list)) and all(size is None or isinstance(size, int) for size in shape)
    return tuple(shape) if plain else None
