"""Equivalents by another spelling: names, arguments, numbers, objects for names, old and new Keras."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from checker.findings import EQUIVALENT
from checker.mutants.code import Code, Edit
from checker.mutants.forms import KERAS
from checker.mutants.keras_calls import CONVOLUTIONS, SIGNATURES, WEIGHTED, argument, calls, models, with_argument
from checker.mutants.operator import operator

LOSSES = {"categorical_crossentropy": "CategoricalCrossentropy", "binary_crossentropy": "BinaryCrossentropy",
          "sparse_categorical_crossentropy": "SparseCategoricalCrossentropy", "mse": "MeanSquaredError"}  # fmt: skip
# with the learning rates that Keras gives them: https://keras.io/api/optimizers/
OPTIMIZERS = {"adam": ("Adam", 0.001), "rmsprop": ("RMSprop", 0.001), "sgd": ("SGD", 0.01)}


@operator(
    EQUIVALENT, "a variable of a function has another name",
    "def f():\n    a = 1\n    return a\n", "def f():\n    a_1 = 1\n    return a_1\n",
)  # fmt: skip
def variable_renamed(code: Code) -> Iterator[list[Edit]]:
    for function in (node for node in ast.walk(code.tree) if isinstance(node, ast.FunctionDef)):
        names = [node for node in ast.walk(function) if isinstance(node, ast.Name)]
        parameters = {each.arg for each in ast.walk(function.args) if isinstance(each, ast.arg)}
        stored = dict.fromkeys(name.id for name in names if isinstance(name.ctx, ast.Store))
        for name in stored:
            if name not in parameters:
                yield [code.replace(each, f"{name}_1") for each in names if each.id == name]


@operator(
    EQUIVALENT, "layers have names",
    "m = Sequential([layers.Dense(5)])", "m = Sequential([layers.Dense(5, name='couche_0')])",
)  # fmt: skip
def layers_named(code: Code) -> Iterator[list[Edit]]:
    for found in models(code):
        # a layer in a loop is several, and they cannot have one name
        once = [each for each in found if not _repeated(code, each.call)]
        edits = [
            layer.with_argument(f"name='couche_{number}'")
            for number, layer in enumerate(once)
            if argument(layer.call, "name") is None
        ]
        if edits:
            yield edits


def _repeated(code: Code, node: ast.AST) -> bool:
    while node in code.parents:
        node = code.parents[node]
        if isinstance(node, (ast.For, ast.While, ast.ListComp, ast.GeneratorExp)):
            return True
    return False


@operator(
    EQUIVALENT, "what is the default anyway is written out",
    "m = Sequential([layers.Dense(5)])",
    "m = Sequential([layers.Dense(5, use_bias=True, kernel_initializer='glorot_uniform')])",
)  # fmt: skip
def defaults_written(code: Code) -> Iterator[list[Edit]]:
    for found in models(code):
        weighted = [each for each in found if each.name in WEIGHTED]
        if weighted:
            yield [each.with_argument("use_bias=True, kernel_initializer='glorot_uniform'") for each in weighted]
        convolutions = [each for each in found if each.name in CONVOLUTIONS]
        if convolutions and all(each.argument("padding") is None for each in convolutions):
            yield [each.with_argument("padding='valid'") for each in convolutions]
        if convolutions and all(each.argument("strides") is None for each in convolutions):
            yield [each.with_argument("strides=(1, 1)") for each in convolutions]


@operator(
    EQUIVALENT, "a size is one number for two, or two for one",
    "m = Sequential([layers.Conv2D(8, (3, 3))])", "m = Sequential([layers.Conv2D(8, 3)])",
)  # fmt: skip
def size_respelled(code: Code) -> Iterator[list[Edit]]:
    for found in models(code):
        edits = []
        for layer in found:
            setting = "kernel_size" if layer.name in CONVOLUTIONS else "pool_size"
            value = layer.argument(setting) if setting in SIGNATURES[layer.name] else None
            if isinstance(value, ast.Constant):
                edits.append(code.replace(value, f"({code.text(value)}, {code.text(value)})"))
            elif isinstance(value, ast.Tuple):
                edits.append(code.replace(value, code.text(value.elts[0])))
        if edits:
            yield edits


@operator(
    EQUIVALENT, "arguments are given by name",
    "m = Sequential([layers.Dense(5)])", "m = Sequential([layers.Dense(units=5)])",
)  # fmt: skip
def arguments_named(code: Code) -> Iterator[list[Edit]]:
    for found in models(code):
        edits = [
            code.replace(value, f"{name}={code.text(value)}")
            for layer in found
            for name, value in zip(SIGNATURES[layer.name], layer.call.args, strict=False)
        ]
        if edits:
            yield edits


@operator(
    EQUIVALENT, "named arguments stand in another order",
    "m.compile(loss='mse', optimizer='adam')", "m.compile(optimizer='adam', loss='mse')",
)  # fmt: skip
def arguments_reordered(code: Code) -> Iterator[list[Edit]]:
    for call in calls(code, "compile", "fit", "Dense", "Conv2D", "EarlyStopping", "ModelCheckpoint"):
        if len(call.keywords) > 1:
            texts = [code.text(keyword) for keyword in call.keywords]
            yield [code.replace(old, new) for old, new in zip(call.keywords, reversed(texts), strict=True)]


@operator(
    EQUIVALENT, "the loss is an object or a function",
    "m.compile(loss='mse')", 'm.compile(loss=__import__("keras").losses.MeanSquaredError())',
)  # fmt: skip
def loss_object(code: Code) -> Iterator[Edit]:
    for call in calls(code, "compile"):
        value = argument(call, "loss")
        if isinstance(value, ast.Constant) and value.value in LOSSES:
            yield code.replace(value, f"{KERAS}.losses.{LOSSES[value.value]}()")
            if value.value != "mse":
                yield code.replace(value, f"{KERAS}.losses.{value.value}")


@operator(
    EQUIVALENT, "the optimizer is an object, its learning rate written out or not",
    "m.compile(optimizer='adam')", 'm.compile(optimizer=__import__("keras").optimizers.Adam())',
)  # fmt: skip
def optimizer_object(code: Code) -> Iterator[Edit]:
    for call in calls(code, "compile"):
        value = argument(call, "optimizer")
        if isinstance(value, ast.Constant) and value.value in OPTIMIZERS:
            name, rate = OPTIMIZERS[value.value]
            yield code.replace(value, f"{KERAS}.optimizers.{name}()")
            yield code.replace(value, f"{KERAS}.optimizers.{name}(learning_rate={rate})")


@operator(
    EQUIVALENT, "the accuracy goes by another of its names",
    "m.compile(loss='mse', metrics=['accuracy'])", "m.compile(loss='mse', metrics=['acc'])",
)  # fmt: skip
def metric_respelled(code: Code) -> Iterator[Edit]:
    for call in calls(code, "compile"):
        metrics, loss = argument(call, "metrics"), argument(call, "loss")
        if not isinstance(metrics, ast.List) or code.text(metrics).strip("[]\"'") != "accuracy":
            continue
        yield code.replace(metrics, "['acc']")
        if isinstance(loss, ast.Constant) and loss.value == "categorical_crossentropy":
            yield code.replace(metrics, f"[{KERAS}.metrics.CategoricalAccuracy(name='accuracy')]")


@operator(
    EQUIVALENT, "numbers are computed",
    "def f():\n    return 10\n", "def f():\n    return (10 * 1)\n",
)  # fmt: skip
def numbers_computed(code: Code) -> Iterator[list[Edit]]:
    by_function: dict[ast.AST, list[Edit]] = {}
    for node in code.nodes(ast.Constant):
        if type(node.value) in (int, float):
            by_function.setdefault(_scope(code, node), []).append(code.replace(node, f"({code.text(node)} * 1)"))
    yield from by_function.values()


@operator(
    EQUIVALENT, "texts are computed",
    "def f():\n    return 'a'\n", "def f():\n    return ''.join(['a'])\n",
)  # fmt: skip
def texts_computed(code: Code) -> Iterator[list[Edit]]:
    by_function: dict[ast.AST, list[Edit]] = {}
    for node in code.nodes(ast.Constant):
        inside = isinstance(code.parents[node], (ast.JoinedStr, ast.FormattedValue, ast.Expr))
        if isinstance(node.value, str) and not inside:
            by_function.setdefault(_scope(code, node), []).append(
                code.replace(node, f"''.join([{code.text(node)}])")
            )
    yield from by_function.values()


def _scope(code: Code, node: ast.AST) -> ast.AST:
    while node in code.parents and not isinstance(node, (ast.FunctionDef, ast.stmt)):
        node = code.parents[node]
    top = node
    while code.parents.get(top, code.tree) is not code.tree:
        top = code.parents[top]
    return top


@operator(
    EQUIVALENT, "what is returned has a name first",
    "def f():\n    return 1\n", "def f():\n    resultat = 1\n    return resultat\n",
)  # fmt: skip
def return_named(code: Code) -> Iterator[Edit]:
    for statement in code.nodes(ast.Return):
        if statement.value is not None and not isinstance(statement.value, ast.Name):
            text = code.text(statement.value)
            yield code.replace(statement, f"resultat = {text}\n{code.indent(statement)}return resultat")


@operator(
    EQUIVALENT, "Keras is TensorFlow's",
    "import keras\n", "from tensorflow import keras\n",
)  # fmt: skip
def keras_of_tensorflow(code: Code) -> Iterator[str]:
    lines = code.source.splitlines(keepends=True)
    swapped = [
        "from tensorflow import keras\n" if line.rstrip() == "import keras"
        else line.replace("from keras", "from tensorflow.keras", 1) if line.startswith("from keras")
        else line
        for line in lines
    ]  # fmt: skip
    yield "".join(swapped)


@operator(
    EQUIVALENT, "an argument goes by the name that it had in an older Keras",
    "m.fit(x, y, epochs=10)", "m.fit(x, y, nb_epoch=10)",
)  # fmt: skip
def old_arguments(code: Code) -> Iterator[list[Edit]]:
    for call in calls(code, "fit"):
        for keyword in call.keywords:
            if keyword.arg == "epochs":
                yield [code.replace(keyword, f"nb_epoch={code.text(keyword.value)}")]
    for found in models(code):
        edits = [with_argument(code, each.call, "init='glorot_uniform'") for each in found if each.name == "Dense"]
        if edits:
            yield edits


@operator(
    EQUIVALENT, "a convolution goes by the name that it had in an older Keras",
    "m = Sequential([layers.Conv2D(8, (3, 3))])", "m = Sequential([layers.Convolution2D(8, (3, 3))])",
)  # fmt: skip
def old_layers(code: Code) -> Iterator[list[Edit]]:
    for found in models(code):
        edits = [
            code.replace(each.call.func, f"{each.prefix}Convolution2D") for each in found if each.name == "Conv2D"
        ]
        if edits:
            yield edits
