"""A submission's model beside the reference's: its layers, what it was compiled with, and the faults to tell."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
import numpy.typing as npt

from checker.architecture import (
    SHIFTS,
    Architecture,
    Comparison,
    compare,
    compile_faults,
    input_for,
    shape_text,
    weights_for,
)
from checker.award import Award, Inconclusive
from checker.fault import StudentFault
from checker.handle import Model
from checker.language import _

SAME = 1e-4


def layers_alike(found: Model, expected: Model, award: Award, slips: Mapping[int, str] | None = None) -> None:
    """Raise StudentFault unless ``found`` computes what ``expected`` does; ``award`` gets the share that is right.

    ``slips`` are sentences for models of so many parameters. Raises Inconclusive where graph and transplant
    disagree, which is labcheck's fault.
    """
    if found.architecture.unreadable and computes_alike(found, expected):
        award.measured(found=found.parameters, expected=expected.parameters)
        return
    architectures_alike(found.architecture, expected.architecture, award, slips)
    if not computes_alike(found, expected):
        raise Inconclusive(
            _("The layers look right, but with the same weights the model does not compute the same thing.")
        )


def architectures_alike(
    found: Architecture, expected: Architecture, award: Award, slips: Mapping[int, str] | None = None
) -> None:
    """As ``layers_alike``, by the graphs alone."""
    comparison = compare(found, expected)
    award.measured(found=found.parameters, expected=expected.parameters)
    if not comparison.same:
        award(float(comparison.matched))
        award.measured(difference={"found": "", "expected": "", "rows": comparison.plain()})
        raise StudentFault(_told(comparison, slips or {}), comparison.place)
    shifts = [kind for kind, _settings in found.preprocessing if kind in SHIFTS]
    if shifts and not expected.preprocessing:
        text = _("The model changes its input before its first layer, which the lab does not ask for: {kinds}.")
        raise StudentFault(text.format(kinds=", ".join(shifts)), found.place)


def compiled_right(found: Model, expected: Model, accept_losses: Collection[str] = ()) -> None:
    """Raise StudentFault unless ``found`` is compiled as ``expected``; further metrics are fine."""
    assert expected.compiled is not None
    faults = list(compile_faults(found.compiled, expected.compiled, accept_losses))
    if faults:
        raise StudentFault("\n".join(faults), (found.compiled and found.compiled.place) or found.place)


def is_right(found: Model, expected: Model, accept_losses: Collection[str] = ()) -> bool:
    """Whether ``found`` is the model asked for, compiled as asked."""
    same = found.architecture == expected.architecture
    return same and expected.compiled is not None and not list(
        compile_faults(found.compiled, expected.compiled, accept_losses)
    )  # fmt: skip


def computes_alike(found: Model, expected: Model) -> bool:
    """The second proof: with the reference's weights, the same predictions on the same random input."""
    present = found.weights if found.architecture.preprocessing else ()
    weights = weights_for(found.architecture, expected.architecture, expected.weights, present)
    shape = expected.facts.input_shape
    if weights is None or shape is None:
        return False
    inputs = np.random.default_rng(5).random((4, *(size or 1 for size in shape[1:])), "float32")
    mine = probabilities(found, found.with_weights(weights).predict(input_for(found.architecture, inputs)))
    theirs = probabilities(expected, expected.predict(input_for(expected.architecture, inputs)))
    return mine.shape == theirs.shape and np.allclose(mine, theirs, atol=SAME)


def takes_logits(model: Model) -> bool:
    """Whether the loss of ``model`` applies the softmax or sigmoid that the model leaves out."""
    compiled = model.compiled
    return bool(compiled and compiled.loss and compiled.loss[0].config.get("from_logits"))


def probabilities(model: Model, predictions: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """``predictions`` (N, classes), through the softmax that the model leaves to its loss, if it does."""
    if not takes_logits(model):
        return predictions
    powers = np.exp(predictions - predictions.max(axis=-1, keepdims=True))
    shares: npt.NDArray[np.float32] = powers / powers.sum(axis=-1, keepdims=True)
    return shares


def _told(comparison: Comparison, slips: Mapping[int, str]) -> str:
    found = comparison.found
    # what shares its weights has the count of another mistake
    shared = any(unit.setting("shares the weights of") is not None for unit in found.units)
    if found.parameters in slips and not shared:
        return slips[found.parameters]
    lines = list(dict.fromkeys(comparison.lines()))
    if not lines:
        lines = [_("The model takes inputs of shape {found}.").format(found=shape_text(found.input_shape))]
    return "\n".join(lines)
