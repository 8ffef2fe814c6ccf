"""Student values as plain data: what sort a value is, arrays with sample rows, numbers and text as they are."""

from __future__ import annotations

import math
import os
import types
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from checker.evidence import ArrayFacts, Plain, Tensor, sample_rows
from checker.protocol import Sort

MAX_DEPTH = 6
MAX_ITEMS = 100_000


class NotPlain(TypeError):
    """A value that cannot cross as plain data."""


def is_model(value: object) -> bool:
    """Whether ``value`` is a Keras model."""
    import keras

    return isinstance(value, keras.Model)


def is_array(value: object) -> bool:
    """Whether ``value`` is an array: NumPy, a TensorFlow tensor or variable, a pandas frame or series."""
    if isinstance(value, np.ndarray):
        return True
    module = type(value).__module__.partition(".")[0]
    return module in {"tensorflow", "keras", "pandas"} and hasattr(value, "shape") and hasattr(value, "__array__")


def as_array(value: object) -> np.ndarray[Any, Any]:
    """``value`` as a NumPy array, whatever kind of array (or nested list of numbers) it is."""
    return np.asarray(value)


def arrays_in(value: object, depth: int = 3) -> Iterator[np.ndarray[Any, Any]]:
    """The NumPy arrays in a value and, down to ``depth``, in its members."""
    if isinstance(value, np.ndarray):
        yield value
    elif depth and isinstance(value, (tuple, list)):
        for item in value[:16]:
            yield from arrays_in(item, depth - 1)


def bytes_in(value: object) -> int:
    """The bytes of the arrays in a value; views count whole."""
    return sum(array.nbytes for array in arrays_in(value))


def sort_of(value: object, depth: int = 2) -> Sort:
    """The sort of a value, and of its members down to ``depth``."""
    name = type(value).__name__
    if value is None:
        return Sort("none", name)
    if is_model(value):
        return Sort("model", name)
    if is_array(value):
        return Sort("array", name)
    if isinstance(value, (bool, int, float, str, np.generic, os.PathLike)):
        return Sort("plain", name)
    if isinstance(value, type):
        return Sort("class", name)
    if isinstance(value, (types.FunctionType, types.BuiltinFunctionType, types.MethodType)):
        return Sort("function", name)
    if name == "History" and hasattr(value, "history"):
        return Sort("history", name)
    if isinstance(value, (tuple, list)):
        items = tuple(sort_of(item, depth - 1) for item in value[:16]) if depth else ()
        return Sort("sequence", name, len(value), items)
    return Sort("other", name)


def describe_array(value: object, rows: Sequence[int] | None = None) -> ArrayFacts:
    """Describe an array; ``rows`` are the row numbers wanted, None for evenly spread sample rows."""
    array = as_array(value)
    numeric = array.dtype.kind in "biuf" and array.size > 0
    picked = None
    if numeric and array.ndim:
        numbers = sample_rows(len(array)) if rows is None else [row for row in rows if row < len(array)]
        picked = Tensor.of(array[list(numbers)])
    # NumPy's extremes are NaN where any value is
    minimum, maximum = (float(array.min()), float(array.max())) if numeric else (None, None)
    return ArrayFacts(
        shape=array.shape,
        dtype=array.dtype.name,
        minimum=minimum,
        maximum=maximum,
        finite=minimum is not None and maximum is not None and math.isfinite(minimum) and math.isfinite(maximum),
        source=type(value).__name__,
        rows=picked,
    )


def plain(value: object, depth: int = MAX_DEPTH) -> Plain:
    """``value`` as plain data; raises NotPlain where it is not made of numbers, text, lists and dicts."""
    if depth < 0:
        raise NotPlain("nested too deep")
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
    if value is None or isinstance(value, (bool, str)):
        return str(value)[:MAX_ITEMS] if isinstance(value, str) else value
    if isinstance(value, int):
        # beyond 64 bits msgpack has no integer
        return int(value) if -(2**63) <= value < 2**63 else math.copysign(math.inf, value)
    if isinstance(value, float):
        return float(value)
    if is_array(value) and as_array(value).size <= MAX_ITEMS:
        return plain(as_array(value).tolist(), depth)
    if type(value).__name__ == "History" and hasattr(value, "history"):
        return plain(dict(value.history), depth)
    if isinstance(value, (list, tuple)) and len(value) <= MAX_ITEMS:
        return [plain(item, depth - 1) for item in value]
    if isinstance(value, dict) and len(value) <= MAX_ITEMS:
        return {str(key): plain(item, depth - 1) for key, item in value.items()}
    raise NotPlain(type(value).__name__)
