"""Mutants of models: one layer, one setting of a layer, or one part of what a model is compiled with is another."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from checker.findings import MUTANT
from checker.mutants.code import Code, Edit
from checker.mutants.keras_calls import (
    CONVOLUTIONS,
    POOLINGS,
    WEIGHTED,
    Layer,
    argument,
    calls,
    is_last,
    layers,
    models,
    neighbours,
    without_argument,
)
from checker.mutants.operator import operator

# a second one of these changes nothing, so that it is no mistake
IDEMPOTENT = {"Flatten", "Activation", "Normalization"}
# two of these in a row may stand in either order
COMMUTE = {"Dropout", "Flatten"}


@operator(
    MUTANT, "a layer is left out",
    "m = Sequential([layers.Dense(5), layers.Dense(2)])", "m = Sequential([layers.Dense(5)])",
)  # fmt: skip
def layer_dropped(code: Code) -> Iterator[Edit]:
    for layer in layers(code):
        yield layer.dropped()


@operator(
    MUTANT, "a layer stands twice",
    "m = Sequential([layers.Dense(5)])", "m = Sequential([layers.Dense(5), layers.Dense(5)])",
)  # fmt: skip
def layer_doubled(code: Code) -> Iterator[Edit]:
    for layer in layers(code):
        if layer.name not in IDEMPOTENT:
            yield layer.followed_by(_renamed(layer))


@operator(
    MUTANT, "two layers are swapped",
    "m = Sequential([layers.Dropout(0.2), layers.Dense(5)])", "m = Sequential([layers.Dense(5), layers.Dropout(0.2)])",
)  # fmt: skip
def layers_swapped(code: Code) -> Iterator[list[Edit]]:
    for one, other in neighbours(code):
        if one.text != other.text and {one.name, other.name} != COMMUTE:
            yield [one.replaced(other.text), other.replaced(one.text)]


@operator(
    MUTANT, "a layer that nobody asked for stands after another one",
    "m = Sequential([layers.Dense(5, activation='relu'), layers.Dense(2)])",
    "m = Sequential([layers.Dense(5, activation='relu'), layers.BatchNormalization(), layers.Dense(2)])",
)  # fmt: skip
def layer_added(code: Code) -> Iterator[Edit]:
    for layer in layers(code):
        if is_last(layer):
            continue
        yield layer.followed_by(f"{layer.prefix}BatchNormalization()")
        if layer.name in WEIGHTED:
            yield layer.followed_by(f"{layer.prefix}Dropout(0.4)")
        if layer.name == "Dense":
            yield layer.followed_by(f'{layer.prefix}Dense(20, activation="relu")')


@operator(
    MUTANT, "a dense layer has another number of neurons",
    "m = Sequential([layers.Dense(5)])", "m = Sequential([layers.Dense(6)])",
)  # fmt: skip
def units_changed(code: Code) -> Iterator[Edit]:
    yield from _numbers(code, {"Dense"}, "units")


@operator(
    MUTANT, "a convolution has another number of filters",
    "m = Sequential([layers.Conv2D(8, 3)])", "m = Sequential([layers.Conv2D(9, 3)])",
)  # fmt: skip
def filters_changed(code: Code) -> Iterator[Edit]:
    yield from _numbers(code, CONVOLUTIONS, "filters")


def _numbers(code: Code, names: set[str], setting: str) -> Iterator[Edit]:
    for layer in layers(code):
        value = layer.argument(setting) if layer.name in names else None
        if isinstance(value, ast.Constant) and isinstance(value.value, int):
            yield code.replace(value, str(value.value + 1))
            if value.value > 1:
                yield code.replace(value, str(value.value // 2))


@operator(
    MUTANT, "a kernel has another size",
    "m = Sequential([layers.Conv2D(8, (3, 3))])", "m = Sequential([layers.Conv2D(8, (5, 5))])",
)  # fmt: skip
def kernel_changed(code: Code) -> Iterator[Edit]:
    for layer in layers(code):
        size = layer.argument("kernel_size") if layer.name in CONVOLUTIONS else None
        if size is not None:
            other = 3 if "5" in code.text(size) else 5
            yield code.replace(size, f"({other}, {other})")
            if layer.name == "Conv2D":
                yield code.replace(size, f"({other}, 1)")


@operator(
    MUTANT, "a pooling layer has another window",
    "m = Sequential([layers.MaxPooling2D(2)])", "m = Sequential([layers.MaxPooling2D(pool_size=3)])",
)  # fmt: skip
def pool_changed(code: Code) -> Iterator[Edit]:
    for layer in layers(code):
        if layer.name in POOLINGS:
            yield layer.replaced(f"{code.text(layer.call.func)}(pool_size=3)")
            yield layer.replaced(f"{code.text(layer.call.func)}(pool_size=(2, 1))")


@operator(
    MUTANT, "averages are pooled in the place of maxima",
    "m = Sequential([layers.MaxPooling2D(2)])", "m = Sequential([layers.AveragePooling2D(2)])",
)  # fmt: skip
def pooling_changed(code: Code) -> Iterator[Edit]:
    for layer in layers(code):
        if layer.name == "MaxPooling2D":
            yield layer.replaced(layer.text.replace("MaxPooling2D", "AveragePooling2D", 1))


@operator(
    MUTANT, "a dropout has another rate",
    "m = Sequential([layers.Dropout(0.2)])", "m = Sequential([layers.Dropout(0.8)])",
)  # fmt: skip
def rate_changed(code: Code) -> Iterator[Edit]:
    for layer in layers(code):
        rate = layer.argument("rate") if layer.name == "Dropout" else None
        if isinstance(rate, ast.Constant) and isinstance(rate.value, float):
            yield code.replace(rate, f"{1 - rate.value:g}" if rate.value != 0.5 else "0.05")
            yield code.replace(rate, "0.0")


@operator(
    MUTANT, "a layer moves by other steps",
    "m = Sequential([layers.Conv2D(8, 3)])", "m = Sequential([layers.Conv2D(8, 3, strides=2)])",
)  # fmt: skip
def strides_changed(code: Code) -> Iterator[Edit]:
    for layer in layers(code):
        if layer.name in CONVOLUTIONS | POOLINGS:
            other = "strides=2" if layer.name in CONVOLUTIONS else "strides=1"
            present = layer.argument("strides")
            yield layer.with_argument(other) if present is None else code.replace(present, other[-1])


@operator(
    MUTANT, "a convolution is padded, or no longer",
    "m = Sequential([layers.Conv2D(8, 3)])", "m = Sequential([layers.Conv2D(8, 3, padding='same')])",
)  # fmt: skip
def padding_changed(code: Code) -> Iterator[Edit]:
    for layer in layers(code):
        if layer.name in CONVOLUTIONS:
            removed = layer.without_argument("padding")
            yield removed or layer.with_argument("padding='same'")


@operator(
    MUTANT, "a layer has no bias",
    "m = Sequential([layers.Dense(5)])", "m = Sequential([layers.Dense(5, use_bias=False)])",
)  # fmt: skip
def bias_left_out(code: Code) -> Iterator[Edit]:
    for layer in _weighted(code):
        yield layer.with_argument("use_bias=False")


@operator(
    MUTANT, "a layer is frozen",
    "m = Sequential([layers.Dense(5)])", "m = Sequential([layers.Dense(5, trainable=False)])",
)  # fmt: skip
def layer_frozen(code: Code) -> Iterator[Edit]:
    for layer in _weighted(code):
        yield layer.with_argument("trainable=False")


@operator(
    MUTANT, "a layer starts from zeros, so that it cannot learn",
    "m = Sequential([layers.Dense(5), layers.Dense(2)])",
    "m = Sequential([layers.Dense(5, kernel_initializer='zeros'), layers.Dense(2)])",
)  # fmt: skip
def zeros_at_first(code: Code) -> Iterator[Edit]:
    for found in models(code):
        # the last layer learns from zeros as well as from anything
        for layer in [each for each in found if each.name in WEIGHTED][:-1]:
            yield layer.with_argument("kernel_initializer='zeros'")


@operator(
    MUTANT, "a layer is regularised, which nobody asked for, or no longer",
    "m = Sequential([layers.Dense(5)])", "m = Sequential([layers.Dense(5, kernel_regularizer='l2')])",
)  # fmt: skip
def regulariser_changed(code: Code) -> Iterator[Edit]:
    for layer in _weighted(code):
        present = layer.argument("kernel_regularizer")
        if present is None:
            yield layer.with_argument("kernel_regularizer='l2'")
        else:
            yield code.replace(present, "None")


def _weighted(code: Code) -> Iterator[Layer]:
    return (layer for layer in layers(code) if layer.name in WEIGHTED)


@operator(
    MUTANT, "a layer has another activation",
    "m = Sequential([layers.Dense(5, activation='relu')])", "m = Sequential([layers.Dense(5, activation='tanh')])",
)  # fmt: skip
def activation_changed(code: Code) -> Iterator[Edit]:
    others = {"relu": ("tanh", "sigmoid", "linear"), "softmax": ("sigmoid", "linear", "relu"),
              "sigmoid": ("relu", "tanh", "linear")}  # fmt: skip
    for layer in layers(code):
        value = layer.argument("activation") if layer.name in WEIGHTED | {"Activation"} else None
        if isinstance(value, ast.Constant) and value.value in others:
            for other in others[value.value]:
                yield code.replace(value, f"'{other}'")


@operator(
    MUTANT, "images are averaged instead of flattened",
    "m = Sequential([layers.Flatten()])", "m = Sequential([layers.GlobalAveragePooling2D()])",
)  # fmt: skip
def flatten_averaged(code: Code) -> Iterator[Edit]:
    for layer in layers(code):
        if layer.name == "Flatten":
            yield layer.replaced(f"{layer.prefix}GlobalAveragePooling2D()")


@operator(
    MUTANT, "a model is compiled with another loss",
    "m.compile(loss='mse', optimizer='adam')", "m.compile(loss='mae', optimizer='adam')",
)  # fmt: skip
def loss_changed(code: Code) -> Iterator[Edit]:
    for value in _compiled_with(code, "loss"):
        for other in ("mse", "binary_crossentropy", "sparse_categorical_crossentropy", "mae"):
            if value.value != other:
                yield code.replace(value, f"'{other}'")


@operator(
    MUTANT, "a model is compiled with another optimizer, or with one that does not move",
    "m.compile(loss='mse', optimizer='adam')", "m.compile(loss='mse', optimizer='sgd')",
)  # fmt: skip
def optimizer_changed(code: Code) -> Iterator[Edit]:
    for value in _compiled_with(code, "optimizer"):
        yield code.replace(value, "'sgd'")
        yield code.replace(value, "'adagrad'")
        classes = {"adam": "Adam", "rmsprop": "RMSprop"}
        if name := classes.get(str(value.value)):
            yield code.replace(value, f'__import__("keras").optimizers.{name}(0.0)')


def _compiled_with(code: Code, name: str) -> Iterator[ast.Constant]:
    for call in calls(code, "compile"):
        value = argument(call, name)
        if isinstance(value, ast.Constant):
            yield value


@operator(
    MUTANT, "a model is compiled with another metric, or with none",
    "m.compile(loss='mse', optimizer='adam', metrics=['accuracy'])", "m.compile(loss='mse', optimizer='adam')",
)  # fmt: skip
def metrics_changed(code: Code) -> Iterator[Edit]:
    for call in calls(code, "compile"):
        metrics = argument(call, "metrics")
        if metrics is not None:
            yield code.replace(metrics, "['mse']" if "mae" in code.text(metrics) else "['mae']")
            if removed := without_argument(code, call, "metrics"):
                yield removed


@operator(
    MUTANT, "a model is not compiled",
    "m.compile(loss='mse', optimizer='adam')", "pass",
)  # fmt: skip
def compile_dropped(code: Code) -> Iterator[Edit]:
    for call in calls(code, "compile"):
        if isinstance(code.parents[call], ast.Expr):
            yield code.replace(code.parents[call], "pass")


def _renamed(layer: Layer) -> str:
    """The layer's source for a second one: two layers of one model cannot have the same name."""
    name = next((keyword for keyword in layer.call.keywords if keyword.arg == "name"), None)
    return layer.text.replace(layer.code.text(name), "name=None") if name else layer.text
