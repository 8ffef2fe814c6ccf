"""TensorFlow functions on Keras's symbolic tensors: what ``call()`` does is recorded whatever it is written with.

Keras records its own layers and ``keras.ops``; it refuses symbolic tensors in ``tf.nn.relu`` and the like. TensorFlow
asks registered dispatchers before it gives up, so while ``recording()`` each such call becomes an operation: that of
``keras.ops`` where there is one, else one named after the TensorFlow function.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

SAME_NAMES = (
    "relu", "relu6", "elu", "selu", "gelu", "leaky_relu", "sigmoid", "tanh", "softplus", "transpose", "add",
    "subtract", "multiply", "maximum",
)  # fmt: skip
# arguments of TensorFlow functions that change nothing in what they compute of real numbers
UNUSED = ("name", "conjugate")
_recording = False


@contextmanager
def recording() -> Iterator[None]:
    """Within, TensorFlow functions take Keras's symbolic tensors."""
    global _recording
    _install()
    before, _recording = _recording, True
    try:
        yield
    finally:
        _recording = before


def single_operation(function: Any) -> Any:
    """Return the one Keras operation that ``function`` applies to its argument, None where it does more."""
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
    """Return the functions of ``keras.ops`` by the name that TensorFlow gives its own; arguments in its order."""
    from keras import ops

    return {
        **{name: getattr(ops, name) for name in SAME_NAMES},
        "softmax_v2": ops.softmax,
        "log_softmax_v2": ops.log_softmax,
        "reshape": lambda tensor, shape: ops.reshape(tensor, [int(size) for size in shape]),
        "expand_dims_v2": ops.expand_dims,
        "concat": ops.concatenate,
        "identity": lambda tensor: tensor,
        "add_v2": ops.add,
        "divide": ops.true_divide,
        "truediv": ops.true_divide,
        "cast": lambda tensor, dtype: ops.cast(tensor, str(getattr(dtype, "name", dtype))),
    }


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
    """Return the kind of an operation made of a TensorFlow function (``tf.reduce_mean``), "" for any other."""
    if not isinstance(operation, _tensorflow_operation()):
        return ""
    return "tf." + str(getattr(operation.function, "__name__", "function"))


@cache
def _install() -> None:
    import keras
    import tensorflow as tf

    equivalents = _keras_equivalents()
    base: Any = tf.__internal__.dispatch.GlobalOpDispatcher

    class Dispatcher(base):  # type: ignore[misc]
        """Takes the calls that have a symbolic tensor among their arguments."""

        def handle(self, function: Any, args: Any, kwargs: Any) -> Any:
            leaves = keras.tree.flatten([args, kwargs])
            if not _recording or not any(isinstance(leaf, keras.KerasTensor) for leaf in leaves):
                return self.NOT_SUPPORTED
            equivalent = equivalents.get(getattr(function, "__name__", ""))
            if equivalent is None:
                return _tensorflow_operation()(function)(*args, **kwargs)
            given = inspect.signature(function).bind(*args, **kwargs).arguments
            return equivalent(*(given[name] for name in given if name not in UNUSED and given[name] is not None))

    Dispatcher().register()
