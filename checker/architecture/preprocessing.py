"""What a model does to its inputs before its first layer: arithmetic with constants, which belongs to the data."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Step = tuple[str, dict[str, Any]]
ARITHMETIC = ("Subtract", "Add", "Multiply", "Divide", "TrueDivide")
PEELED = ("Rescaling", "Normalization", *ARITHMETIC)
# those that move the values beside scaling them
SHIFTS = ("Normalization", "Subtract", "Add")
# how a tensor stands among the arguments of an operation
TENSOR = "@"
LEAST_DEVIATION = 1e-7  # keras.config.epsilon(): Normalization divides by no less


def undone(steps: Sequence[Step], inputs: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """What must be given to ``steps`` so that they yield ``inputs`` (N, …), in the same shape and dtype.

    A step whose constants are not known, or do not fit the shape, is left out.
    """
    if not steps:
        return inputs
    values = inputs.astype(np.float64)
    for kind, settings in reversed(steps):
        undo = _rescaling if kind == "Rescaling" else _normalization if kind == "Normalization" else _arithmetic
        before = undo(kind, settings, values)
        values = values if before is None else before
    return values.astype(inputs.dtype)


def _rescaling(_kind: str, settings: dict[str, Any], values: Floats) -> Floats | None:
    scale, offset = (_constant(settings.get(name), values) for name in ("scale", "offset"))
    if scale is None or not np.all(scale):
        return None
    return (values if offset is None else values - offset) / scale


def _normalization(_kind: str, settings: dict[str, Any], values: Floats) -> Floats | None:
    mean, variance = (_constant(settings.get(name), values) for name in ("mean", "variance"))
    if mean is None or variance is None:
        return None
    deviation = np.maximum(np.sqrt(variance), LEAST_DEVIATION)
    return (values - mean) / deviation if settings.get("invert") else values * deviation + mean


def _arithmetic(kind: str, settings: dict[str, Any], values: Floats) -> Floats | None:
    arguments = settings.get("args") or [settings.get(name, TENSOR) for name in ("x1", "x2")]
    if len(arguments) != 2 or (arguments[0] == TENSOR) == (arguments[1] == TENSOR):
        return None
    tensor_first = arguments[0] == TENSOR
    constant = _constant(arguments[1] if tensor_first else arguments[0], values)
    if constant is None or (kind not in ("Subtract", "Add") and not np.all(constant)):
        return None
    match kind:
        case "Add":
            return values - constant
        case "Subtract":
            return values + constant if tensor_first else constant - values
        case "Multiply":
            return values / constant
    return values * constant if tensor_first else constant / values


def _constant(value: Any, values: Floats) -> Floats | None:
    """A number, or an array that broadcasts to ``values``; None where it is neither."""
    if isinstance(value, (int, float)):
        return np.asarray(value, np.float64)
    if not isinstance(value, dict) or value.get("class_name") != "array" or "values" not in value["config"]:
        return None
    array = np.asarray(value["config"]["values"], np.float64).reshape(value["config"]["shape"])
    if array.size == 1:
        return array.reshape(())
    if array.size == math.prod(values.shape[1:]):
        array = array.reshape(values.shape[1:])
    try:
        fits = np.broadcast_shapes(array.shape, values.shape) == values.shape
    except ValueError:
        return None
    return array if fits else None
