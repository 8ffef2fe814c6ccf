"""The graph of a Keras model: the operations between its inputs and its outputs, in topological order.

Keras keeps the graph of Sequential and Functional models. For every other model, custom layer or Lambda,
``call`` is run on symbolic tensors, which record the layers and operations that they pass through.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec

from checker.evidence import Graph, Operation, Place, Plain, Shape, Weight
from checker.sandbox.settings import is_keras, kind_of, layer_config, plain_setting
from checker.sandbox.symbolic import recording, tensorflow_name

PlaceOf = Callable[[object], Place | None]
MAX_TEXT = 200
# how a tensor is shown among the other arguments of a call
TENSOR = "@"
NOT_BUILT = "not built"
NO_LAYERS = "no layers"


class Unreadable(Exception):
    """The operations of a model cannot be read; the text says why."""


class Reader:
    """Reads the graph of one model and of the models and layers inside it."""

    def __init__(self, model: Any, place_of: PlaceOf) -> None:
        self._place_of = place_of
        self._trainable = {id(variable) for variable in model.trainable_variables}
        self._names = _unique_names(model.weights)

    def weight(self, variable: Any) -> Weight:
        """Describe a variable, by a name that no other weight of the model has."""
        name = self._names.get(id(variable), str(variable.path))
        shape = tuple(int(size) for size in variable.shape)
        return Weight(name, shape, str(variable.dtype), id(variable) in self._trainable)

    def graph(self, model: Any, shape: Shape | None) -> Graph:
        """Read the graph of ``model``; ``shape``, with the batch axis, is for a symbolic input. Raises Unreadable."""
        import keras

        inner = functional(model)
        if inner is not None:
            return self._between(inner.inputs, inner.outputs)
        if isinstance(model, keras.Sequential) and not model.layers:
            raise Unreadable(NO_LAYERS)
        if shape is None:
            raise Unreadable(NOT_BUILT)
        symbol = keras.Input(batch_shape=(None, *shape[1:]))
        return self._traced(model, (symbol,), {})

    def layer(self, number: int, layer: Any) -> Operation:
        """Describe a layer on its own, connected to nothing."""
        nodes = getattr(layer, "_inbound_nodes", ())
        shape = tuple(nodes[0].outputs[0].shape) if nodes else ()
        return self._operation(number, layer, (), shape, {}, None)

    def _between(self, inputs: Sequence[Any], outputs: Sequence[Any]) -> Graph:
        operations: list[Operation] = []
        numbers: dict[tuple[int, int], int] = {}
        for tensor in inputs:
            numbers[_key(tensor)] = len(operations)
            operations.append(_input(len(operations), tensor))
        for tensor in _in_order(inputs, outputs):
            layer, index, _output = tensor._keras_history  # noqa: SLF001 - Keras's own graph
            node = layer._inbound_nodes[index]  # noqa: SLF001 - as above
            sources = tuple(numbers[_key(source)] for source in node.input_tensors)
            config = _call_settings(node)
            numbers[_key(tensor)] = len(operations)
            nested = self._nested(layer, node)
            shape = tuple(tensor.shape)
            operations.append(self._operation(len(operations), layer, sources, shape, config, nested))
        return Graph(
            tuple(operations),
            tuple(numbers[_key(tensor)] for tensor in inputs),
            tuple(numbers[_key(tensor)] for tensor in outputs),
        )

    def _operation(
        self,
        number: int,
        layer: Any,
        sources: tuple[int, ...],
        shape: Shape,
        config: dict[str, Plain],
        nested: Graph | None,
    ) -> Operation:
        return Operation(
            id=number,
            kind=tensorflow_name(layer) or kind_of(layer),
            name=str(layer.name),
            config={**layer_config(layer), **config},
            inputs=sources,
            output_shape=shape,
            weights=tuple(self.weight(variable) for variable in getattr(layer, "weights", ())),
            layer=id(layer) % 2**63,
            trainable=bool(getattr(layer, "trainable", True)),
            place=self._place_of(layer),
            nested=nested,
        )

    def _nested(self, layer: Any, node: Any) -> Graph | None:
        """Read the graph inside a model, a layer of the submission's own, or a Lambda; None where there is none."""
        import keras

        opens = isinstance(layer, (keras.Model, keras.layers.Lambda)) or (
            isinstance(layer, keras.Layer) and not is_keras(type(layer))
        )
        if not opens:
            return None
        inner = functional(layer)
        if inner is not None:
            return self._between(inner.inputs, inner.outputs)
        symbols = {
            id(tensor): keras.Input(batch_shape=tensor.shape, dtype=tensor.dtype) for tensor in node.input_tensors
        }
        args, kwargs = node.arguments.fill_in(symbols)
        try:
            return self._traced(layer, args, kwargs)
        except Unreadable:
            return None

    def _traced(self, layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Graph:
        """Read the graph that ``layer.call`` records on symbolic arguments."""
        if layer._trainable_variables or layer._non_trainable_variables:  # noqa: SLF001 - its own, not its layers'
            raise Unreadable("it computes with variables of its own")
        given = {name: value for name, value in kwargs.items() if name != "training"}
        if "training" not in inspect.signature(layer.call).parameters:
            return self._recorded(layer, args, given)
        # dropout may stand under `if training:`, and a flag that is passed on is no setting of a layer
        calm = self._recorded(layer, args, {**given, "training": False})
        busy = self._recorded(layer, args, {**given, "training": True})
        fixed = {each.layer for each in calm.operations if each.config.get("training") is True}
        return msgspec.structs.replace(busy, operations=tuple(_passed_on(each, fixed) for each in busy.operations))

    def _recorded(self, layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Graph:
        import keras

        with _forgotten(layer):
            try:
                with recording():
                    output = layer.call(*args, **kwargs)
            # the student's call() may do anything with a symbol that it was not written for
            except Exception as error:
                raise Unreadable(f"{type(error).__name__}: {error}"[:MAX_TEXT]) from error
            outputs = keras.tree.flatten(output)
            if not outputs or not all(isinstance(each, keras.KerasTensor) for each in outputs):
                raise Unreadable(f"call() gives a {type(output).__name__}"[:MAX_TEXT])
            symbols = [each for each in keras.tree.flatten((args, kwargs)) if isinstance(each, keras.KerasTensor)]
            return self._between(symbols, outputs)


def functional(model: Any) -> Any:
    """Return the graph that Keras keeps of a model, None where it keeps none or ``call`` is the student's."""
    import keras

    calls = (keras.Sequential.call, keras.models.Model.call, _functional_class().call)
    if getattr(type(model), "call", None) not in calls:
        return None
    inner = getattr(model, "_functional", None) or model
    return inner if isinstance(inner, _functional_class()) else None


def _functional_class() -> Any:
    from keras.src.models.functional import Functional

    return Functional


@contextmanager
def _forgotten(layer: Any) -> Iterator[None]:
    """Take out afterwards what Keras notes on layers when they are called on symbolic tensors."""
    before = {
        id(each): (len(each._inbound_nodes), len(each._outbound_nodes))  # noqa: SLF001 - no public way
        for each in layer._flatten_layers()  # noqa: SLF001 - no public walk
    }
    try:
        yield
    finally:
        for each in layer._flatten_layers():  # noqa: SLF001 - as above
            inbound, outbound = before.get(id(each), (0, 0))
            del each._inbound_nodes[inbound:]  # noqa: SLF001 - as above
            del each._outbound_nodes[outbound:]  # noqa: SLF001 - as above


def _in_order(inputs: Sequence[Any], outputs: Sequence[Any]) -> Iterator[Any]:
    """Yield a tensor of each operation that ``outputs`` need, inputs first; raises Unreadable off ``inputs``."""
    done = {_key(tensor) for tensor in inputs}
    waiting = list(reversed(outputs))
    while waiting:
        tensor = waiting[-1]
        if _key(tensor) in done:
            waiting.pop()
            continue
        layer, index, _output = getattr(tensor, "_keras_history", (None, 0, 0))
        if layer is None:
            raise Unreadable("an output does not come from the input")
        needed = layer._inbound_nodes[index].input_tensors  # noqa: SLF001 - Keras's own graph
        if not needed:
            raise Unreadable("an output does not come from the input")
        missing = [source for source in needed if _key(source) not in done]
        if missing:
            waiting += reversed(missing)
            continue
        waiting.pop()
        done.add(_key(tensor))
        yield tensor


def _key(tensor: Any) -> tuple[int, int]:
    """Identify the call that made a tensor."""
    layer, index, _output = getattr(tensor, "_keras_history", (None, 0, 0))
    return (id(tensor), -1) if layer is None else (id(layer), index)


def _input(number: int, tensor: Any) -> Operation:
    config: dict[str, Plain] = {"dtype": str(tensor.dtype)}
    return Operation(
        number, "InputLayer", str(tensor.name), config, (), tuple(tensor.shape), (), id(tensor) % 2**63, True
    )


def _call_settings(node: Any) -> dict[str, Plain]:
    """Return what a call was given beside tensors; raises Unreadable for variables."""
    import keras

    def shown(value: Any) -> Plain:
        if isinstance(value, keras.KerasTensor):
            return TENSOR
        if isinstance(value, (list, tuple)):
            return [shown(item) for item in value]
        if type(value).__name__.endswith("Variable"):
            raise Unreadable("it computes with variables of its own")
        return plain_setting(value)

    arguments = node.arguments
    settings: dict[str, Plain] = {}
    if not all(isinstance(leaf, keras.KerasTensor) for leaf in keras.tree.flatten(arguments.args)):
        settings["args"] = [shown(value) for value in arguments.args]
    for name, value in arguments.kwargs.items():
        plain = shown(value)
        if name != "mask" and plain is not None and plain != TENSOR:
            settings[name] = plain
    taken = [tensor._keras_history.tensor_index for tensor in arguments.keras_tensors]  # noqa: SLF001 - Keras's graph
    if any(taken):
        settings["reads"] = taken
    return settings


def _passed_on(operation: Operation, fixed: set[int]) -> Operation:
    """Leave out a ``training`` flag that is only handed down."""
    if operation.config.get("training") is not True or operation.layer in fixed:
        return operation
    config = {name: value for name, value in operation.config.items() if name != "training"}
    return msgspec.structs.replace(operation, config=config)


def _unique_names(variables: Iterable[Any]) -> dict[int, str]:
    names: dict[int, str] = {}
    taken: dict[str, int] = {}
    for variable in variables:
        path = str(variable.path)
        taken[path] = taken.get(path, 0) + 1
        names[id(variable)] = path if taken[path] == 1 else f"{path}#{taken[path]}"
    return names
