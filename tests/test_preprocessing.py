"""What a model does to its inputs is undone, in whatever form it is written."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from checker.architecture.preprocessing import TENSOR, Step, undone

MEAN = np.arange(6.0).reshape(2, 3)
DEVIATION = MEAN + 1.5
GENERATOR = np.random.default_rng(0)


def array(values: np.ndarray) -> dict[str, Any]:
    """An array as evidence has it."""
    return {"class_name": "array", "config": {"shape": list(values.shape), "values": values.ravel().tolist()}}


FORMS: dict[str, tuple[list[Step], Any]] = {
    "nothing": ([], lambda x: x),
    "operators": (
        [("Subtract", {"args": [TENSOR, array(MEAN)]}), ("TrueDivide", {"args": [TENSOR, array(DEVIATION)]})],
        lambda x: (x - MEAN) / DEVIATION,
    ),
    "the constant first": ([("Subtract", {"args": [array(MEAN), TENSOR]})], lambda x: MEAN - x),
    "divided into": ([("Divide", {"args": [2.0, TENSOR]})], lambda x: 2.0 / x),
    "by name": ([("Subtract", {"x2": array(MEAN)})], lambda x: x - MEAN),
    "added and multiplied": ([("Add", {"args": [TENSOR, 3]}), ("Multiply", {"args": [0.5, TENSOR]})], lambda x: 0.5 * (x + 3)),
    "rescaling": ([("Rescaling", {"scale": 0.5, "offset": -1.0})], lambda x: 0.5 * x - 1.0),
    "rescaling by arrays": (
        [("Rescaling", {"scale": array(1 / DEVIATION), "offset": array(-MEAN / DEVIATION)})],
        lambda x: (x - MEAN) / DEVIATION,
    ),
    "normalization": (
        [("Normalization", {"mean": array(MEAN[None]), "variance": array(DEVIATION[None] ** 2)})],
        lambda x: (x - MEAN) / DEVIATION,
    ),
    "normalization inverted": (
        [("Normalization", {"mean": 2.0, "variance": 9.0, "invert": True})],
        lambda x: 2.0 + 3.0 * x,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FORMS)
def test_what_is_undone_yields_the_inputs(name: str) -> None:
    steps, function = FORMS[name]
    x = GENERATOR.uniform(1, 2, (4, 2, 3)).astype("float32")
    given = undone(steps, x)
    assert given.dtype == x.dtype
    assert np.allclose(function(given.astype("float64")), x, atol=1e-5)


def test_constants_of_another_form_are_put_into_the_shape_of_the_inputs() -> None:
    x = GENERATOR.uniform(1, 2, (4, 6)).astype("float32")
    assert np.allclose(undone([("Subtract", {"args": [TENSOR, array(MEAN)]})], x), x + MEAN.ravel())


@pytest.mark.parametrize(
    "step",
    [
        ("Multiply", {"args": [TENSOR, 0]}),
        ("Subtract", {"args": [TENSOR, TENSOR]}),
        ("Subtract", {"args": [TENSOR, {"class_name": "array", "config": {"shape": [9999], "digest": "00"}}]}),
        ("Subtract", {"args": [TENSOR, array(np.ones(4))]}),
        ("Normalization", {"mean": None, "variance": None}),
    ],
)
def test_what_cannot_be_undone_is_left_out(step: Step) -> None:
    x = np.ones((4, 6), "float32")
    assert (undone([step], x) == x).all()
