"""When two models of one meaning also train alike, so that the training of one is the training of the other."""

from __future__ import annotations

from typing import Any

from checker.architecture.meaning import Architecture, Unit
from checker.evidence import Compiled, Setting

# settings of a loss or an optimizer that are judged elsewhere, or not at all
APART = ("name", "from_logits")
INITIAL = ("kernel_initializer", "bias_initializer", "dtype")


def trains_alike(found: Architecture, expected: Architecture) -> bool:
    """Whether training ``found`` is, in distribution, training ``expected``.

    Proved from the description alone: the same graph, initialisers, dtypes and trainable weights, compiled with the
    same loss and optimizer, and no training method of the submission's own. What is not proved may still be so.
    """
    if found != expected or found.facts.idle or found.facts.overrides:
        return False
    pairs = zip(found.units, expected.units, strict=True)
    begun = all(_initial(one) == _initial(other) for one, other in pairs if one.parameters)
    # equal graphs have taken in whether the softmax is the model's or the loss's
    return begun and compiled_alike(found.facts.compiled, expected.facts.compiled)


def compiled_alike(found: Compiled | None, expected: Compiled | None) -> bool:
    """Whether both were compiled with the same loss and optimizer, settings included; metrics change no training."""
    if found is None or expected is None:
        return False
    ours, theirs = (
        (each.learning_rate, _plain(each.optimizer), [_plain(loss) for loss in each.loss])
        for each in (found, expected)
    )
    return ours == theirs


def _initial(unit: Unit) -> dict[str, Any]:
    return {name: unit.source.config.get(name) for name in INITIAL}


def _plain(setting: Setting) -> tuple[str, dict[str, Any]]:
    return setting.name, {name: value for name, value in setting.config.items() if name not in APART}
