"""Copies of models, models rebuilt from a trusted configuration, and the seeds of it all."""

from __future__ import annotations

from typing import Any

from checker.expression import Rebuilt


def seed(value: int) -> None:
    """Seed Python's, NumPy's, TensorFlow's and Keras's generators."""
    import keras

    keras.utils.set_random_seed(value)


def rebuild(wanted: Rebuilt) -> Any:
    """The model of a configuration which the grader sent (its own reference's), with its weights."""
    import keras

    seed(wanted.seed)
    model = keras.models.model_from_json(wanted.config)
    if wanted.weights is not None:
        model.set_weights([tensor.array() for tensor in wanted.weights])
    if wanted.loss:
        model.compile(
            loss=wanted.loss,
            optimizer=wanted.optimizer,
            metrics=list(wanted.metrics),
            run_eagerly=wanted.eager,
        )
    return model


def stored(path: str) -> Any:
    """The model in a file, Lambda layers included: this is where the submission's code runs anyway."""
    import keras

    return keras.saving.load_model(path, safe_mode=False)


def copy(model: Any) -> Any:
    """A copy with the same weights, compiled alike; the model itself where Keras cannot clone it.

    Keras can clone Sequential and Functional models, and subclassed ones that have a configuration.
    """
    twin = _twin(model)
    if twin is not model and model.built:
        twin.set_weights(model.get_weights())
    return twin


def fresh(model: Any, value: int) -> Any:
    """A copy with newly initialised weights, drawn with seed ``value``."""
    seed(value)
    return _twin(model)


def _twin(model: Any) -> Any:
    import keras

    try:
        twin = keras.models.clone_model(model)
        if model.compiled:
            twin.compile_from_config(model.get_compile_config())
    except (ValueError, TypeError, NotImplementedError, AttributeError):
        return model
    return twin
