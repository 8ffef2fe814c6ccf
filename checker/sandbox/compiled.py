"""What a Keras model was compiled with: losses, optimizer and metrics, whatever form they were given in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import numpy as np

from checker.evidence import Compiled, Setting
from checker.sandbox.settings import custom, is_keras, plain_settings, snake

Family = Literal["losses", "metrics"]
# words that Keras resolves only when it sees labels and predictions
RESOLVED_LATE = frozenset({"accuracy", "acc", "crossentropy", "ce"})
PLACE = "_labcheck_compiled"


def describe_compiled(model: Any) -> Compiled | None:
    """Return what ``compile`` was given, in canonical names; None for a model that is not compiled."""
    if not getattr(model, "compiled", False):
        return None
    losses = getattr(model, "_compile_loss", None)
    metrics = getattr(model, "_compile_metrics", None)
    asked = [getattr(metrics, name, None) for name in ("_user_metrics", "_user_weighted_metrics")]
    return Compiled(
        loss=tuple(_setting(loss, "losses") for loss in _leaves(getattr(losses, "_user_loss", None))),
        optimizer=_optimizer(model.optimizer),
        metrics=tuple(_setting(metric, "metrics") for metric in _leaves(asked)),
        learning_rate=_learning_rate(model.optimizer),
        place=getattr(model, PLACE, None),
    )


def _optimizer(optimizer: Any) -> Setting:
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    if not is_keras(type(inner)):
        return Setting(custom(type(inner)))
    return Setting(type(inner).__name__.lower(), plain_settings(inner.get_config()))


def _learning_rate(optimizer: Any) -> float | None:
    rate = getattr(getattr(optimizer, "inner_optimizer", optimizer), "_learning_rate", None)
    # float32 has some seven digits: 0.001 must not become 0.0010000000474974513
    return None if rate is None or hasattr(rate, "get_config") else float(f"{float(np.asarray(rate)):.7g}")


def _setting(value: Any, family: Family) -> Setting:
    """Name a loss or a metric that was given as a string, an object or a function."""
    import keras

    if isinstance(value, str):
        if value.lower() in RESOLVED_LATE:
            return Setting(value.lower())
        value = getattr(keras, family).get(value)
    if not isinstance(value, (keras.losses.Loss, keras.metrics.Metric)):
        return _of_function(value, family)
    if not is_keras(type(value)):
        return Setting(custom(type(value)))
    config = plain_settings(value.get_config())
    wraps = getattr(value, "_fn", None)
    if type(value).__name__ in ("LossFunctionWrapper", "MeanMetricWrapper") and wraps is not None:
        return _of_function(wraps, family)
    # keras.metrics.Accuracy counts equal numbers, and is not what the word "accuracy" stands for
    return Setting(snake(type(value).__name__), {**config, "class_name": type(value).__name__})


def _of_function(function: Any, family: Family) -> Setting:
    """Name a loss or metric function, with the configuration that its class has by default."""
    import keras

    name = str(getattr(function, "__name__", ""))
    if not str(getattr(function, "__module__", "")).startswith("keras."):
        return Setting(custom(function))
    for kind in vars(getattr(keras, family)).values():
        if isinstance(kind, type) and snake(kind.__name__) == name:
            return Setting(name, {**plain_settings(kind().get_config()), "class_name": kind.__name__})
    return Setting(name)


def _leaves(value: Any) -> Iterator[Any]:
    """Yield the losses or metrics in a single value, a list or a dict, nested as for several outputs."""
    if value is None:
        return
    inner = value.values() if isinstance(value, dict) else value
    if isinstance(value, (list, tuple, dict)):
        for item in inner:
            yield from _leaves(item)
    else:
        yield value
