"""Keras settings as plain data: configurations, activations and names, reduced to numbers, text, lists and dicts.

What is not Keras's own is named ``custom:<name>``; nothing that Python made up on the way (an address, a module
path) is kept, so that the same submission always gives the same evidence.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from checker.evidence import Plain
from checker.sandbox.symbolic import single_operation

MAX_DEPTH = 8
MAX_TEXT = 200
MAX_ITEMS = 64
MAX_VALUES = 4096
# an activation's settings where they are not written out, as keras.activations has them
DEFAULTS: dict[str, dict[str, Any]] = {
    "relu": {"negative_slope": 0.0, "max_value": None, "threshold": 0.0},
    "relu6": {},
    "leaky_relu": {"negative_slope": 0.2},
    "elu": {"alpha": 1.0},
    "celu": {"alpha": 1.0},
    "gelu": {"approximate": False},
    "glu": {"axis": -1},
    "softmax": {"axis": -1},
    "log_softmax": {"axis": -1},
}
# activations under the names of their layers
LAYER_NAMES = {"ReLU": "relu", "LeakyReLU": "leaky_relu", "Identity": "linear"}
# bookkeeping of Keras, which changes nothing in what a layer computes
NOISE = frozenset({"module", "registered_name", "build_config", "compile_config", "shared_object_id"})


def kind_of(thing: object) -> str:
    """Return the class name of a Keras object, ``custom:<name>`` for a class of the submission's own."""
    kind = type(thing)
    return kind.__name__ if is_keras(kind) else custom(kind)


def is_keras(kind: type) -> bool:
    """Tell whether a class is Keras's own."""
    return kind.__module__.startswith("keras.")


def custom(value: object) -> str:
    """Return the name of something that is not Keras's own."""
    name = getattr(value, "__name__", None) or type(value).__name__
    return f"custom:{name}"[:MAX_TEXT]


def snake(name: str) -> str:
    """Write a class name in snake_case.

    >>> snake("CategoricalCrossentropy"), snake("KLDivergence"), snake("AUC")
    ('categorical_crossentropy', 'kl_divergence', 'auc')
    """
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def layer_config(layer: Any) -> dict[str, Plain]:
    """Return the configuration of a layer or operation: activations by name, no layers of a nested model."""
    try:
        config = dict(layer.get_config())
    # a student's own layer may have no configuration, or one that raises
    except Exception:  # noqa: BLE001
        config = {}
    settings = plain_settings({name: value for name, value in config.items() if name not in ("name", "layers")})
    for name in ("activation", "recurrent_activation"):
        if hasattr(layer, name):
            settings[name] = activation_name(getattr(layer, name))
    if _is_activation(layer):
        settings["activation"] = activation_text(kind_of(layer), settings)
    if kind_of(layer) == "Normalization":
        # what was adapted stands in weights, what was given in the configuration: both are these
        values = {name: getattr(layer, name, None) for name in ("mean", "variance")}
        settings |= {name: _array(value) for name, value in values.items() if value is not None}
    # what is set on a layer that is built already reaches none of its weights
    for name in ("kernel", "bias"):
        weight: Any = getattr(layer, name, None)
        if f"{name}_regularizer" in settings and hasattr(weight, "regularizer"):
            settings[f"{name}_regularizer"] = weight.regularizer and _object(weight.regularizer)
    # Keras leaves it out of some layers' configurations
    if getattr(layer, "activity_regularizer", None) is not None and "activity_regularizer" not in settings:
        settings["activity_regularizer"] = _object(layer.activity_regularizer)
    return settings


def plain_settings(config: Mapping[str, Any]) -> dict[str, Plain]:
    """Reduce a configuration to plain data."""
    return {str(name): plain_setting(value) for name, value in config.items() if name not in NOISE}


def plain_setting(value: Any, depth: int = MAX_DEPTH) -> Plain:
    """Reduce one setting to plain data; what is no number, text, array, list or dict becomes its type's name."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, (bool, float)):
        return value
    if isinstance(value, int):
        # beyond 64 bits msgpack has no integer
        return int(value) if -(2**63) <= value < 2**63 else math.copysign(math.inf, value)
    if isinstance(value, str):
        return str(value)[:MAX_TEXT]
    if isinstance(value, slice):
        return str(value)
    if hasattr(value, "__array__") and hasattr(value, "dtype"):
        return _array(value)
    if depth and isinstance(value, Mapping):
        return _mapping(value, depth)
    if depth and isinstance(value, (list, tuple)):
        return (
            _array(value) if _is_numbers(value) else [plain_setting(item, depth - 1) for item in value[:MAX_ITEMS]]
        )
    return "..." if value is Ellipsis else custom(value)


def activation_name(activation: Any) -> str:
    """Name an activation in one word, whatever form it was given in: "relu", "leaky_relu(negative_slope=0.3)".

    Settings are written out where they are not those of ``keras.activations``. A function of the submission's own
    that computes one known activation is that activation; others are ``custom:<name>``.
    """
    import keras

    if activation is None:
        return "linear"
    if isinstance(activation, keras.layers.Activation):
        return activation_name(activation.activation)
    if isinstance(activation, keras.layers.Layer):
        return activation_text(kind_of(activation), activation.get_config())
    name = str(getattr(activation, "__name__", ""))
    module = getattr(activation, "__module__", "") or ""
    if module.startswith("keras.") and hasattr(keras.activations, name):
        return name
    operation = single_operation(activation)
    if operation is None:
        return custom(activation)
    return activation_text(kind_of(operation), layer_config(operation))


def activation_text(kind: str, config: Mapping[str, Any]) -> str:
    """Name the activation that a Keras layer or operation of this kind and configuration computes.

    >>> activation_text("LeakyReLU", {"negative_slope": 0.3}), activation_text("Softmax", {"axis": -1})
    ('leaky_relu(negative_slope=0.3)', 'softmax')
    """
    if kind.startswith("custom:"):
        return kind
    name = LAYER_NAMES.get(kind) or snake(kind)
    given = _not_default(name, config)
    if name == "relu" and given.keys() == {"negative_slope"}:
        name, given = "leaky_relu", _not_default("leaky_relu", config)
    if name == "relu" and given == {"max_value": 6}:
        return "relu6"
    inside = ", ".join(f"{key}={value}" for key, value in sorted(given.items()))
    return f"{name}({inside})" if inside else name


def _not_default(name: str, config: Mapping[str, Any]) -> dict[str, Any]:
    defaults = DEFAULTS.get(name, {})
    return {key: config[key] for key in defaults if key in config and config[key] != defaults[key]}


def _is_activation(layer: Any) -> bool:
    """Tell whether a layer or operation is nothing but an activation: ReLU, Softmax, keras.ops.sigmoid."""
    import keras

    kind = type(layer)
    alone = is_keras(kind) and not getattr(layer, "weights", ()) and not hasattr(layer, "activation")
    return alone and hasattr(keras.activations, LAYER_NAMES.get(kind.__name__) or snake(kind.__name__))


def _mapping(value: Mapping[Any, Any], depth: int) -> Plain:
    name = value.get("class_name")
    if name is None:
        return {str(key): plain_setting(item, depth - 1) for key, item in value.items() if key not in NOISE}
    inner = value.get("config")
    if isinstance(name, str) and name.startswith("DTypePolicy") and isinstance(inner, Mapping):
        return str(inner.get("name"))
    if name in ("__lambda__", "function"):
        text = str(inner)
        digest = hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
        return {
            "class_name": "custom:<lambda>" if name == "__lambda__" else f"custom:{text}",
            "config": {"code": digest},
        }
    own = str(value.get("module") or "").startswith("keras")
    config = plain_setting(inner, depth - 1) if isinstance(inner, Mapping) else {}
    return {"class_name": str(name) if own else f"custom:{name}"[:MAX_TEXT], "config": config}


def _object(value: Any) -> Plain:
    """Reduce a regulariser or the like as Keras would serialise it."""
    import keras

    return plain_setting(keras.saving.serialize_keras_object(value))


def _array(value: Any) -> Plain:
    array = np.asarray(value)
    if array.dtype.kind not in "biuf":
        return custom(value)
    if not array.ndim:
        return plain_setting(array.item())
    config: dict[str, Plain] = {"shape": list(array.shape)}
    if array.size <= MAX_VALUES:
        config["values"] = array.ravel().tolist()
    else:
        config["digest"] = hashlib.blake2b(np.ascontiguousarray(array).tobytes(), digest_size=8).hexdigest()
    return {"class_name": "array", "config": config}


def _is_numbers(value: Any) -> bool:
    """Tell whether a list is so long that it must be data: a Normalization's mean, nested as the image is."""
    while isinstance(value, (list, tuple)) and len(value) == 1 and isinstance(value[0], (list, tuple)):
        value = value[0]
    return len(value) > MAX_ITEMS or (bool(value) and isinstance(value[0], (list, tuple)) and len(value[0]) > 8)
