"""Equivalents by another way of building: the same model in another of Keras's styles, the same function in another shape."""

from __future__ import annotations

import ast
import json
import textwrap
from collections.abc import Iterator

from checker.findings import EQUIVALENT
from checker.mutants.code import Code, Edit
from checker.mutants.keras_calls import WEIGHTED, Layer, argument, calls, last_name, layers, models
from checker.mutants.operator import operator
from checker.template import notebook

KERAS = '__import__("keras")'


@operator(
    EQUIVALENT, "an activation is a layer of its own",
    "m = Sequential([layers.Dense(5, activation='relu')])",
    "m = Sequential([layers.Dense(5), layers.Activation('relu')])",
)  # fmt: skip
def activation_apart(code: Code) -> Iterator[Edit]:
    for layer in layers(code):
        value = layer.argument("activation") if layer.name in WEIGHTED else None
        if value is not None and (bare := _without_activation(layer)) is not None:
            yield layer.followed_by(f"{layer.prefix}Activation({code.text(value)})", bare)


@operator(
    EQUIVALENT, "an activation is one of Keras's activation layers",
    "m = Sequential([layers.Dense(5, activation='relu')])",
    "m = Sequential([layers.Dense(5), layers.ReLU()])",
)  # fmt: skip
def activation_layer(code: Code) -> Iterator[Edit]:
    for layer in layers(code):
        value = layer.argument("activation") if layer.name in WEIGHTED else None
        classes = {"relu": "ReLU", "softmax": "Softmax"}
        if not isinstance(value, ast.Constant) or value.value not in classes:
            continue
        if (bare := _without_activation(layer)) is not None:
            yield layer.followed_by(f"{layer.prefix}{classes[value.value]}()", bare)


def _without_activation(layer: Layer) -> str | None:
    removed = layer.without_argument("activation")
    if removed is None:
        return None
    start, _stop = layer.code.span(layer.call)
    data = layer.text.encode()
    return (data[: removed.start - start] + data[removed.stop - start :]).decode()


@operator(
    EQUIVALENT, "an activation is a function of Keras or of TensorFlow",
    "m = Sequential([layers.Dense(5, activation='relu')])",
    "m = Sequential([layers.Dense(5, activation=__import__(\"keras\").activations.relu)])",
)  # fmt: skip
def activation_function(code: Code) -> Iterator[list[Edit]]:
    for found in models(code):
        for where in (f"{KERAS}.activations", '__import__("tensorflow").nn'):
            edits = []
            for layer in found:
                value = layer.argument("activation") if layer.name in WEIGHTED | {"Activation"} else None
                if isinstance(value, ast.Constant) and isinstance(value.value, str):
                    edits.append(code.replace(value, f"{where}.{value.value}"))
            if edits:
                yield edits


@operator(
    EQUIVALENT, "images are flattened by Reshape",
    "m = Sequential([layers.Flatten()])", "m = Sequential([layers.Reshape((-1,))])",
)  # fmt: skip
def flatten_as_reshape(code: Code) -> Iterator[Edit]:
    for layer in layers(code):
        if layer.name == "Flatten":
            yield layer.replaced(f"{layer.prefix}Reshape((-1,))")


@operator(
    EQUIVALENT, "a layer that does nothing stands after another one",
    "m = Sequential([layers.Dense(5)])", "m = Sequential([layers.Dense(5), layers.Activation('linear')])",
)  # fmt: skip
def nothing_added(code: Code) -> Iterator[Edit]:
    for found in models(code):
        yield found[0].followed_by(f"{found[0].prefix}Activation('linear')")
        yield found[0].followed_by(f"{found[0].prefix}Dropout(0.0)")
        yield found[0].followed_by(f"{found[0].prefix}Identity()")


class _Sequential:
    """``target = Sequential([…])``, as a statement."""

    def __init__(self, code: Code, statement: ast.Assign, items: ast.List) -> None:
        self.code = code
        self.statement = statement
        self.target = code.text(statement.targets[0])
        self.indent = code.indent(statement)
        texts = [code.text(item) for item in items.elts]
        first = items.elts[0]
        has_input = isinstance(first, ast.Call) and last_name(first.func) in ("Input", "InputLayer")
        self.input, self.layers = (texts[0], texts[1:]) if has_input else ("", texts)
        self.input_call = first if isinstance(first, ast.Call) and has_input else None

    def becomes(self, *lines: str) -> Edit:
        """These lines in the place of the statement."""
        return self.code.replace(self.statement, f"\n{self.indent}".join(lines))


def _sequentials(code: Code) -> Iterator[_Sequential]:
    for call in calls(code, "Sequential"):
        statement = code.parents[call]
        items = call.args[0] if call.args else None
        if isinstance(items, ast.List) and len(items.elts) > 1 and isinstance(statement, ast.Assign):
            yield _Sequential(code, statement, items)


@operator(
    EQUIVALENT, "layers are added one by one",
    "m = Sequential([Input((4,)), Dense(2)])",
    'm = __import__("keras").Sequential()\nm.add(Input((4,)))\nm.add(Dense(2))',
)  # fmt: skip
def layers_added(code: Code) -> Iterator[Edit]:
    for each in _sequentials(code):
        texts = [text for text in (each.input, *each.layers) if text]
        yield each.becomes(
            f"{each.target} = {KERAS}.Sequential()", *(f"{each.target}.add({text})" for text in texts)
        )


@operator(
    EQUIVALENT, "a Sequential model is written as a Functional one",
    "m = Sequential([Input((4,)), Dense(2)])",
    'x0 = Input((4,))\nx1 = Dense(2)(x0)\nm = __import__("keras").Model(x0, x1)',
)  # fmt: skip
def functional(code: Code) -> Iterator[Edit]:
    for each in _sequentials(code):
        if each.input and not _is_grown(code, each):
            steps = [f"x{number} = {text}(x{number - 1})" for number, text in enumerate(each.layers, 1)]
            end = f"{each.target} = {KERAS}.Model(x0, x{len(steps)})"
            yield each.becomes(f"x0 = {each.input}", *steps, end)


@operator(
    EQUIVALENT, "a Sequential model holds another one",
    "m = Sequential([Input((4,)), Dense(3), Dense(2)])",
    'm = __import__("keras").Sequential([Input((4,)), __import__("keras").Sequential([Dense(3)]), Dense(2)])',
)  # fmt: skip
def nested(code: Code) -> Iterator[Edit]:
    for each in _sequentials(code):
        if each.input and len(each.layers) > 1:
            half = (len(each.layers) + 1) // 2
            inner = f"{KERAS}.Sequential([{', '.join(each.layers[:half])}])"
            items = ", ".join([each.input, inner, *each.layers[half:]])
            yield each.becomes(f"{each.target} = {KERAS}.Sequential([{items}])")


@operator(
    EQUIVALENT, "a Sequential model is written as a class of its own, its layers in a list",
    "m = Sequential([Input((4,)), Dense(2)])",
    'class Net(__import__("keras").Model):\n'
    "    def __init__(self):\n        super().__init__()\n        self.stack = [Dense(2)]\n"
    "    def call(self, x, training=None):\n        for layer in self.stack:\n"
    "            x = layer(x, training=training) if isinstance(layer, "
    '__import__("keras").layers.Dropout) else layer(x)\n        return x\nm = Net()',
)  # fmt: skip
def subclassed(code: Code) -> Iterator[Edit]:
    for each in _sequentials(code):
        if each.input and not _is_grown(code, each):
            yield each.becomes(
                f"class Net({KERAS}.Model):",
                "    def __init__(self):",
                "        super().__init__()",
                f"        self.stack = [{', '.join(each.layers)}]",
                "    def call(self, x, training=None):",
                "        for layer in self.stack:",
                f"            x = layer(x, training=training) if isinstance(layer, {KERAS}.layers.Dropout) "
                "else layer(x)",
                "        return x",
                f"{each.target} = Net()",
            )


def _is_grown(code: Code, each: _Sequential) -> bool:
    """Whether layers are added to the model afterwards."""
    added = (call.func.value for call in calls(code, "add") if isinstance(call.func, ast.Attribute))
    scope = code.parents[each.statement]
    return any(
        code.text(value) == each.target and any(node is value for node in ast.walk(scope)) for value in added
    )


@operator(
    EQUIVALENT, "the shape of the input is told by the first layer",
    "m = Sequential([Input((4,)), Dense(2)])", "m = Sequential([Dense(2, input_shape=(4,))])",
)  # fmt: skip
def input_shape(code: Code) -> Iterator[list[Edit]]:
    for each in _sequentials(code):
        items = (
            argument(each.statement.value, "layers", ("layers",))
            if isinstance(each.statement.value, ast.Call)
            else None
        )
        if each.input_call is None or not isinstance(items, ast.List):
            continue
        shape, first = argument(each.input_call, "shape", ("shape",)), items.elts[1]
        if shape is not None and isinstance(first, ast.Call) and not isinstance(first.func, ast.Call):
            told = f"input_shape={code.text(shape)}"
            first_text = code.text(first)
            with_shape = first_text[:-1] + (", " if first.args or first.keywords else "") + told + ")"
            yield [code.remove_from(items.elts, items.elts[0]), code.replace(first, with_shape)]


@operator(
    EQUIVALENT, "the work is a notebook",
    "def f():\n    return 1\n",
    notebook("def f():\n    return 1\n"),
)  # fmt: skip
def as_notebook(code: Code) -> Iterator[str]:
    made = notebook(code.source)
    yield made
    # as an older Jupyter stored it: format 4.2 knows no ids
    content = json.loads(made)
    cells = [{name: value for name, value in cell.items() if name != "id"} for cell in content["cells"]]
    yield json.dumps({**content, "cells": cells, "nbformat_minor": 2}, ensure_ascii=False)


def _functions(code: Code) -> Iterator[ast.FunctionDef]:
    """The functions whose bodies may be changed."""
    for node in code.tree.body:
        if isinstance(node, ast.FunctionDef) and any(each in set(code.nodes(ast.stmt)) for each in node.body):
            yield node


def _own(code: Code, function: ast.FunctionDef) -> list[ast.stmt]:
    """The statements of a function after its docstring."""
    documented = isinstance(function.body[0], ast.Expr) and isinstance(function.body[0].value, ast.Constant)
    return function.body[1:] if documented else function.body


@operator(
    EQUIVALENT, "a function hands on to a helper",
    "def f(a, b=2):\n    return a\n",
    "def _f(a, b=2):\n    return a\n\n\ndef f(a, b=2):\n    return _f(a, b)\n",
)  # fmt: skip
def helper_function(code: Code) -> Iterator[list[Edit]]:
    for function in _functions(code):
        start, stop = code.span(function)
        head = ast.unparse(function.args)
        names = ", ".join(each.arg for each in (*function.args.args, *function.args.kwonlyargs))
        after = f"\n\n\ndef {function.name}({head}):\n    return _{function.name}({names})"
        name = start + len("def ")
        yield [Edit(name, name, "_"), Edit(stop, stop, after)]


@operator(
    EQUIVALENT, "a function's body stands inside a block that lets errors pass",
    "def f():\n    return 1\n",
    "def f():\n    try:\n        return 1\n    except ArithmeticError:\n        raise\n",
)  # fmt: skip
def within_try(code: Code) -> Iterator[Edit]:
    for function in _functions(code):
        body = _own(code, function)
        start, stop = code.span(body[0])[0], code.span(body[-1])[1]
        inside = textwrap.indent("    " + code.data[start:stop].decode(), "    ")
        yield Edit(start, stop, f"try:\n{inside}\n    except ArithmeticError:\n        raise")


@operator(
    EQUIVALENT, "two functions stand in another order",
    "def f():\n    return 1\n\n\ndef g():\n    return 2\n", "def g():\n    return 2\n\n\ndef f():\n    return 1\n",
)  # fmt: skip
def functions_swapped(code: Code) -> Iterator[list[Edit]]:
    known = set(_functions(code))
    for one, other in zip(code.tree.body, code.tree.body[1:], strict=False):
        if one in known and other in known:
            yield [code.replace(one, code.text(other)), code.replace(other, code.text(one))]
