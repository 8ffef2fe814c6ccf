"""TensorFlow functions on Keras's symbolic tensors: what ``call()`` does is recorded whatever it is written with.

Keras records its own layers and ``keras.ops``; it refuses symbolic tensors in ``tf.nn.relu`` and the like. TensorFlow
asks registered dispatchers before it gives up, so while ``recording()`` each such call becomes an operation: that of
``keras.ops`` where there is one, else one named after the TensorFlow function.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

_recording = False


@contextmanager
def recording() -> Iterator[None]:
    """Within, TensorFlow functions take Keras's symbolic tensors."""
    global _recording  # the dispatcher is registered with TensorFlow for good, and asks this
    _install()
    before, _recording = _recording, True
    try:
        yield
    finally:
        _recording = before


def single_operation(function: Any) -> Any:
    """The one Keras operation that ``function`` applies to its argument, or None where it does anything else."""
    import keras

    symbol = keras.KerasTensor((None, 7))
    try:
        with recording():
            output = function(symbol)
    # a student's function may do anything with a symbol that it was not written for
    except Exception:  # noqa: BLE001
        return None
    if not isinstance(output, keras.KerasTensor) or not hasattr(output, "_keras_history"):
        return None
    operation, index, _output = output._keras_history  # noqa: SLF001 - Keras's own graph
    if operation is None or isinstance(operation, _tensorflow_operation()):
        return None
    arguments = operation._inbound_nodes[index].arguments  # noqa: SLF001 - as above
    alone = len(arguments.args) == 1 and arguments.args[0] is symbol and not arguments.kwargs
    return operation if alone else None


def _keras_equivalents() -> dict[str, Callable[..., Any]]:
    """What a TensorFlow function is called in ``keras.ops``, by the name that TensorFlow gives the function."""
    from keras import ops

    return {
        "relu": lambda features: ops.relu(features),
        "relu6": lambda features: ops.relu6(features),
        "elu": lambda features: ops.elu(features),
        "selu": lambda features: ops.selu(features),
        "gelu": lambda features, approximate=False: ops.gelu(features, approximate=approximate),
        "leaky_relu": lambda features, alpha=0.2: ops.leaky_relu(features, negative_slope=alpha),
        "sigmoid": lambda x: ops.sigmoid(x),
        "tanh": lambda x: ops.tanh(x),
        "softplus": lambda features: ops.softplus(features),
        "softmax_v2": lambda logits, axis=-1: ops.softmax(logits, axis=-1 if axis is None else axis),
        "log_softmax_v2": lambda logits, axis=-1: ops.log_softmax(logits, axis=-1 if axis is None else axis),
        "reshape": lambda tensor, shape: ops.reshape(tensor, [int(size) for size in shape]),
        "transpose": lambda a, perm=None: ops.transpose(a, axes=perm),
        "expand_dims_v2": lambda input, axis: ops.expand_dims(input, axis),  # noqa: A006 - TensorFlow's name
        "concat": lambda values, axis: ops.concatenate(values, axis=axis),
        "identity": lambda input: input,  # noqa: A006 - TensorFlow's name
        "add": lambda x, y: ops.add(x, y),
        "add_v2": lambda x, y: ops.add(x, y),
        "subtract": lambda x, y: ops.subtract(x, y),
        "multiply": lambda x, y: ops.multiply(x, y),
        "divide": lambda x, y: ops.true_divide(x, y),
        "truediv": lambda x, y: ops.true_divide(x, y),
        "cast": lambda x, dtype: ops.cast(x, _dtype_name(dtype)),
        "maximum": lambda x, y: ops.maximum(x, y),
    }


def _dtype_name(dtype: Any) -> str:
    return str(getattr(dtype, "name", dtype))


@cache
def _tensorflow_operation() -> type[Any]:
    import keras

    class TensorFlowOperation(keras.Operation):  # type: ignore[misc]
        """Any other TensorFlow function, called on symbolic tensors."""

        def __init__(self, function: Callable[..., Any]) -> None:
            super().__init__()
            self.function = function

        def call(self, *args: Any, **kwargs: Any) -> Any:
            return self.function(*args, **kwargs)

    return TensorFlowOperation


def tensorflow_name(operation: object) -> str:
    """The kind of an operation made of a TensorFlow function (``tf.reduce_mean``), "" for any other."""
    if not isinstance(operation, _tensorflow_operation()):
        return ""
    return "tf." + str(getattr(operation.function, "__name__", "function"))


@cache
def _install() -> None:
    import keras
    import tensorflow as tf

    equivalents = _keras_equivalents()
    dispatch = tf.__internal__.dispatch

    class Dispatcher(dispatch.GlobalOpDispatcher):  # type: ignore[misc]
        """Takes the calls that have a symbolic tensor among their arguments."""

        def handle(self, function: Any, args: Any, kwargs: Any) -> Any:
            leaves = keras.tree.flatten([args, kwargs])
            if not _recording or not any(isinstance(leaf, keras.KerasTensor) for leaf in leaves):
                return self.NOT_SUPPORTED
            kept = {name: value for name, value in kwargs.items() if name not in ("name", "conjugate")}
            equivalent = equivalents.get(getattr(function, "__name__", ""))
            if equivalent is not None:
                return equivalent(*args, **kept)
            return _tensorflow_operation()(function)(*args, **kept)

    Dispatcher().register()
