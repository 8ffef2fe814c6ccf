"""The proof by predictions: drawn weights put into two models must give the same predictions.

It needs no readable graph, and sees what a graph does not show: the numbers that a model computes with beside its weights.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from checker.architecture import weights_for
from checker.evidence import Tensor
from checker.handle import Model
from checker.likeness import SAME, probabilities

Floats = npt.NDArray[np.float32]
SEED = 6
# small enough for no softmax to be all or nothing where values are about 1
SIZE, BIAS = 0.7, 0.2


def drawn(shapes: Sequence[tuple[int, ...]], size: float = SIZE) -> list[Floats]:
    """Weights of these shapes that no initialiser gives; ``size`` is what they make of values of about 1."""
    generator = np.random.default_rng(SEED)
    sizes = [size / math.sqrt(math.prod(shape[:-1])) if len(shape) > 1 else BIAS for shape in shapes]
    return [generator.normal(0, size, shape).astype("float32") for size, shape in zip(sizes, shapes, strict=True)]


def predicted(model: Model, expected: Model, x: Floats, size: float = SIZE) -> Floats | None:
    """What ``model`` predicts for ``x`` (N, …), in its own shape, with weights drawn for ``expected``.

    None where they do not fit. ``expected`` has no weights but trainable ones; those that ``model`` has beside them, it
    keeps.
    """
    tensors = [Tensor.of(array) for array in drawn([weight.shape for weight in expected.facts.weights], size)]
    weights = weights_for(model.architecture, expected.architecture, tensors, model.weights)
    weights = weights or _in_order(model, tensors)
    if weights is None:
        return None
    shape = (model.facts.input_shape or x.shape)[1:]
    return probabilities(
        model, model.with_weights(weights).predict(x.reshape(len(x), *(size or 1 for size in shape)))
    )


def alike(one: Floats | None, other: Floats | None) -> bool:
    """Whether both are predictions, and the same."""
    return (
        one is not None and other is not None and one.shape == other.shape and np.allclose(one, other, atol=SAME)
    )


def _in_order(model: Model, tensors: Sequence[Tensor]) -> tuple[Tensor, ...] | None:
    """``tensors`` for the trainable weights of ``model`` in their order; None where the shapes are others."""
    trainable = [weight.shape for weight in model.facts.weights if weight.trainable]
    if trainable != [tensor.shape for tensor in tensors]:
        return None
    new = iter(tensors)
    present = zip(model.facts.weights, model.weights, strict=True)
    return tuple(next(new) if weight.trainable else own for weight, own in present)
