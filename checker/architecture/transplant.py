"""The second proof: the reference's weights put into the student's model must give the reference's predictions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from checker.architecture.graph import CHANNELS_FIRST
from checker.architecture.meaning import Architecture, Unit
from checker.architecture.preprocessing import undone
from checker.evidence import Tensor


def weights_for(
    found: Architecture, expected: Architecture, weights: Sequence[Tensor], present: Sequence[Tensor] = ()
) -> tuple[Tensor, ...] | None:
    """``weights`` of ``expected``, in the order and form that ``found`` takes them; None where they do not fit.

    Both orders are those of Keras's ``get_weights``. ``present`` are those that ``found`` holds now, and keeps where
    they are no unit's: the statistics of a Normalization. A model whose graph cannot be read takes them by shape.
    """
    if found.unreadable:
        return _by_shape(found, weights)
    by_name = {weight.name: tensor for weight, tensor in zip(expected.facts.weights, weights, strict=True)}
    of_units = {weight.name for unit in found.units for weight in unit.source.weights}
    known = zip(found.facts.weights, present, strict=False)
    given = {held.name: tensor for held, tensor in known if held.name not in of_units}
    holders = [[unit for unit in each.units if unit.parameters] for each in (found, expected)]
    if len(holders[0]) != len(holders[1]):
        return None
    for mine, theirs in zip(*holders, strict=True):
        if len(mine.source.weights) != len(theirs.source.weights):
            return None
        for own, other in zip(mine.source.weights, theirs.source.weights, strict=True):
            tensor = _moved(found, mine, by_name[other.name])
            if tensor.shape != own.shape:
                return None
            given[own.name] = tensor
    chosen = [given.get(weight.name) for weight in found.facts.weights]
    return tuple(tensor for tensor in chosen if tensor is not None) if all(chosen) else None


def input_for(found: Architecture, images: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """``images`` (N, height, width, channels), or rows of any shape, in the shape and on the scale that ``found`` takes.

    They are given as the layers after the preprocessing want them: what the model does itself is undone first.
    """
    images = undone(found.preprocessing, images)
    shape = found.facts.input_shape
    if shape is None or shape[1:].count(None) > 1:
        return images
    if len(shape) == 4 and images.ndim == 4:
        first = found.layout == CHANNELS_FIRST or shape[1] == images.shape[-1]
        return np.moveaxis(images, -1, 1) if first and shape[-1] != images.shape[-1] else images
    return images.reshape(len(images), *(size or -1 for size in shape[1:]))


def _by_shape(found: Architecture, weights: Sequence[Tensor]) -> tuple[Tensor, ...] | None:
    wanted = [weight.shape for weight in found.facts.weights]
    return tuple(weights) if wanted == [tensor.shape for tensor in weights] else None


def _moved(found: Architecture, unit: Unit, tensor: Tensor) -> Tensor:
    """A dense kernel whose rows follow the images of channels first, as they were flattened.

    Keras's Flatten puts the channels last before it flattens, so that its rows need no moving, but only where it knows
    that they are first; a Reshape never does.
    """
    if found.layout != CHANNELS_FIRST or unit.kind != "Dense" or len(tensor.shape) != 2:
        return tensor
    flat = _flattened_from(found, unit)
    if flat is None:
        return tensor
    height, width, channels = flat
    rows = tensor.array().reshape(height, width, channels, -1)
    return Tensor.of(np.ascontiguousarray(np.moveaxis(rows, 2, 0)).reshape(tensor.shape))


def _flattened_from(found: Architecture, unit: Unit) -> tuple[int, int, int] | None:
    """The image (height, width, channels) that was flattened, channels first, before ``unit``, if one was."""
    source = unit.inputs[0] if unit.inputs else -1
    while source >= 0 and found.units[source].kind == "Dropout":
        source = found.units[source].inputs[0]
    if source < 0 or found.units[source].kind != "Flatten":
        return None
    flatten = found.units[source].source
    if flatten.kind == "Flatten" and flatten.config.get("data_format") == CHANNELS_FIRST:
        return None
    before = found.units[source].inputs[0]
    shape = found.units[before].shape if before >= 0 else found.input_shape
    return (shape[0] or 0, shape[1] or 0, shape[2] or 0) if len(shape) == 3 else None
