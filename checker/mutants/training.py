"""Mutants of data and training: what a model is trained on, how long, and what watches over it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from checker.findings import MUTANT
from checker.mutants.code import Code, Edit
from checker.mutants.keras_calls import argument, calls, without_argument
from checker.mutants.operator import operator

# what Keras takes anyway where it is not given
DEFAULTS = {
    ("pool_size", "(2, 2)"),
    ("pool_size", "2"),
    ("strides", "1"),
    ("strides", "(1, 1)"),
    ("batch_size", "32"),
    ("monitor", '"val_loss"'),
}
# how much is printed, what a thing is called and what chance begins with are nobody's mistake
UNJUDGED = {"verbose", "name", "seed", "random_state", "shuffle"}


@operator(
    MUTANT, "a model is trained for another number of epochs",
    "m.fit(x, y, epochs=10)", "m.fit(x, y, epochs=1)",
)  # fmt: skip
def epochs_changed(code: Code) -> Iterator[Edit]:
    for value in _of_fits(code, "epochs"):
        yield code.replace(value, "1")
        if isinstance(value, ast.Constant) and isinstance(value.value, int):
            yield code.replace(value, str(value.value * 5))


@operator(
    MUTANT, "a model is trained on batches of another size",
    "m.fit(x, y, batch_size=200)", "m.fit(x, y, batch_size=20)",
)  # fmt: skip
def batch_size_changed(code: Code) -> Iterator[Edit]:
    for value in _of_fits(code, "batch_size"):
        if isinstance(value, ast.Constant) and isinstance(value.value, int):
            yield code.replace(value, str(max(1, value.value // 10)))
            yield code.replace(value, str(value.value * 2))


@operator(
    MUTANT, "epochs and batch size are swapped",
    "m.fit(x, y, epochs=10, batch_size=200)", "m.fit(x, y, epochs=200, batch_size=10)",
)  # fmt: skip
def epochs_and_batch_size_swapped(code: Code) -> Iterator[list[Edit]]:
    for call in calls(code, "fit"):
        epochs, size = argument(call, "epochs"), argument(call, "batch_size")
        if epochs and size:
            yield [code.replace(epochs, code.text(size)), code.replace(size, code.text(epochs))]


@operator(
    MUTANT, "another share of the images is kept for validation",
    "m.fit(x, y, validation_split=0.1)", "m.fit(x, y, validation_split=0.6)",
)  # fmt: skip
def split_changed(code: Code) -> Iterator[Edit]:
    for value in _of_fits(code, "validation_split"):
        if isinstance(value, ast.Constant) and isinstance(value.value, float):
            yield code.replace(value, f"{value.value + 0.5:g}")
            yield code.replace(value, "0.01")


@operator(
    MUTANT, "a model is validated on what it is trained on",
    "m.fit(x, y, validation_data=(a, b))", "m.fit(x, y, validation_data=(x, y))",
)  # fmt: skip
def validated_on_training(code: Code) -> Iterator[Edit]:
    for call in calls(code, "fit"):
        value = argument(call, "validation_data")
        if value is not None and len(call.args) > 1:
            yield code.replace(value, f"({code.text(call.args[0])}, {code.text(call.args[1])})")


@operator(
    MUTANT, "a model is trained on what it is validated on",
    "m.fit(x, y, validation_data=(a, b))", "m.fit(a, b, validation_data=(a, b))",
)  # fmt: skip
def trained_on_validation(code: Code) -> Iterator[list[Edit]]:
    for call in calls(code, "fit"):
        value = argument(call, "validation_data")
        if isinstance(value, ast.Tuple) and len(value.elts) == 2 and len(call.args) > 1:
            yield [code.replace(old, code.text(new)) for old, new in zip(call.args, value.elts, strict=False)]


@operator(
    MUTANT, "the labels are those of other images",
    "m.fit(x, y)", "m.fit(x, y[::-1])",
)  # fmt: skip
def labels_misaligned(code: Code) -> Iterator[Edit]:
    for call in calls(code, "fit"):
        if len(call.args) > 1:
            yield code.replace(call.args[1], f"{code.text(call.args[1])}[::-1]")


@operator(
    MUTANT, "a model is trained on a part of the images",
    "m.fit(x, y)", "m.fit(x[:40], y[:40])",
)  # fmt: skip
def part_of_the_images(code: Code) -> Iterator[list[Edit]]:
    for call in calls(code, "fit"):
        if len(call.args) > 1:
            yield [code.replace(each, f"{code.text(each)}[:40]") for each in call.args[:2]]


def _of_fits(code: Code, name: str) -> Iterator[ast.expr]:
    for call in calls(code, "fit"):
        value = argument(call, name)
        if value is not None:
            yield value


@operator(
    MUTANT, "a named argument is left out",
    "Stop(monitor='loss', patience=10)", "Stop(monitor='loss')",
)  # fmt: skip
def argument_dropped(code: Code) -> Iterator[Edit]:
    for call in code.nodes(ast.Call):
        for keyword in call.keywords:
            judged = keyword.arg is not None and keyword.arg not in UNJUDGED and not _is_default(code, keyword)
            if judged and (removed := without_argument(code, call, keyword.arg or "")):
                yield removed


def _is_default(code: Code, keyword: ast.keyword) -> bool:
    return (keyword.arg, code.text(keyword.value)) in DEFAULTS


@operator(
    MUTANT, "a callback is left out",
    "m.fit(x, y, callbacks=[Board(), Stop()])", "m.fit(x, y, callbacks=[Board()])",
)  # fmt: skip
def callback_dropped(code: Code) -> Iterator[Edit]:
    for value in _of_fits(code, "callbacks"):
        if isinstance(value, ast.List):
            for each in value.elts:
                yield code.remove_from(value.elts, each)


@operator(
    MUTANT, "another quantity is watched",
    "Stop(monitor='val_loss')", "Stop(monitor='loss')",
)  # fmt: skip
def monitor_changed(code: Code) -> Iterator[Edit]:
    others = {"val_loss": ("loss", "val_accuracy"), "val_accuracy": ("accuracy", "val_loss")}
    for call in code.nodes(ast.Call):
        value = argument(call, "monitor")
        if isinstance(value, ast.Constant):
            for other in others.get(str(value.value), ()):
                yield code.replace(value, f"'{other}'")


@operator(
    MUTANT, "yes is said for no, or no for yes",
    "Stop(restore_best_weights=True)", "Stop(restore_best_weights=False)",
)  # fmt: skip
def truth_flipped(code: Code) -> Iterator[Edit]:
    for value in code.nodes(ast.Constant):
        if isinstance(value.value, bool):
            yield code.replace(value, str(not value.value))


@operator(
    MUTANT, "pixels are divided by another number",
    "x = raw / 255", "x = raw / 256",
)  # fmt: skip
def scale_changed(code: Code) -> Iterator[Edit]:
    for node in code.nodes(ast.BinOp):
        if isinstance(node.op, ast.Div) and isinstance(node.right, ast.Constant) and node.right.value == 255:
            yield code.replace(node.right, "256")
            yield code.replace(node.right, "128")
            yield code.replace(node, code.text(node.left))
            yield code.replace(node, f"{code.text(node)} / 255")


@operator(
    MUTANT, "arrays have another type",
    "x = raw.astype('float32')", "x = raw.astype('int32')",
)  # fmt: skip
def dtype_changed(code: Code) -> Iterator[Edit]:
    for value in code.nodes(ast.Constant):
        if value.value in ("float32", "float64"):
            yield code.replace(value, "'int32'")
            yield code.replace(value, "'float16'")


@operator(
    MUTANT, "pixels are mixed by a wrong change of shape",
    "x = raw.reshape(n, 28, 28, 1)", "x = raw.T.reshape(n, 28, 28, 1)",
)  # fmt: skip
def transposed(code: Code) -> Iterator[Edit]:
    for call in calls(code, "reshape"):
        if isinstance(call.func, ast.Attribute):
            yield code.replace(call.func.value, f"{code.text(call.func.value)}.T")


@operator(
    MUTANT, "what belongs to the test is taken for training, or the other way",
    "def f(x_train, x_test):\n    return g(x_train)\n", "def f(x_train, x_test):\n    return g(x_test)\n",
)  # fmt: skip
def sets_confused(code: Code) -> Iterator[Edit]:
    known = {node.id for node in ast.walk(code.tree) if isinstance(node, ast.Name)}
    known |= {node.arg for node in ast.walk(code.tree) if isinstance(node, ast.arg)}
    for name in code.nodes(ast.Name):
        # the shape of one is the shape of the other, but for the number of rows
        if not isinstance(name.ctx, ast.Load) or _is_shaped(code, name):
            continue
        for one, other in (("train", "test"), ("test", "train")):
            if one in name.id and (swapped := name.id.replace(one, other)) in known:
                yield code.replace(name, swapped)


def _is_shaped(code: Code, name: ast.Name) -> bool:
    above = code.parents[name]
    return isinstance(above, ast.Attribute) and above.attr in ("shape", "ndim", "dtype")
