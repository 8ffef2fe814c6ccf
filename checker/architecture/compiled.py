"""What a model was compiled with, beside what it should have been."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from checker.evidence import Compiled, Setting
from checker.language import _

# all of these count right answers among one-hot or integer labels
ACCURACY = frozenset({"accuracy", "acc", "categorical_accuracy", "sparse_categorical_accuracy", "binary_accuracy"})


def compile_faults(
    found: Compiled | None, expected: Compiled, accept_losses: Collection[str] = (), *, any_optimizer: bool = False
) -> Iterator[str]:
    """What is wrong with ``found``, a sentence each: loss, optimizer, metrics. More metrics are fine.

    ``any_optimizer`` is for labs that leave it free.
    """
    if found is None:
        yield _("The model is not compiled: call model.compile(...) before returning it.")
        return
    losses = {*accept_losses, *(loss.name for loss in expected.loss)}
    given = [loss.name for loss in found.loss]
    if len(given) != 1 or given[0] not in losses:
        yield _("The loss is {found} instead of {expected}.").format(
            found=", ".join(given) or _("none"), expected=expected.loss[0].name
        )
    if not any_optimizer and found.optimizer.name != expected.optimizer.name:
        yield _("The optimizer is {found} instead of {expected}.").format(
            found=found.optimizer.name, expected=expected.optimizer.name
        )
    if found.learning_rate == 0:
        yield _("The learning rate is 0: no weight ever moves.")
    missing = [metric for metric in expected.metrics if not _has(found.metrics, metric)]
    for metric in missing:
        yield _("The metric {metric} is not asked for in compile.").format(metric=metric.name)


def _has(metrics: tuple[Setting, ...], wanted: Setting) -> bool:
    names = {metric.name for metric in metrics}
    return bool(names & ACCURACY) if wanted.name in ACCURACY else wanted.name in names
