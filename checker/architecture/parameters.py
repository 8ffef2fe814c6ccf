"""Parameter counts explained: the formula of a layer, as a student would write it."""

from __future__ import annotations

from checker.architecture.meaning import Unit
from checker.language import number


def formula(unit: Unit) -> str:
    """The count of a unit's parameters as a calculation, "" for a layer that has none.

    A dense layer has (inputs + 1) x units, a convolution (height x width x channels + 1) x filters; without a bias
    the 1 is left out.
    """
    weights = {weight.name.rsplit("/", 1)[-1]: weight.shape for weight in unit.source.weights}
    kernel = weights.get("kernel")
    if not unit.parameters or kernel is None or unit.kind not in ("Dense", "Conv1D", "Conv2D", "Conv3D"):
        return number(unit.parameters) if unit.parameters else ""
    inside = " × ".join(number(size) for size in kernel[:-1])
    if "bias" in weights:
        inside = f"({inside} + 1)"
    elif len(kernel) > 2:
        inside = f"({inside})"
    return f"{inside} × {number(kernel[-1])} = {number(unit.parameters)}"
