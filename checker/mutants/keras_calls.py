"""Where a program makes Keras layers, compiles and fits: what operators change."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from checker.mutants.code import Code, Edit

# the positional parameters of the layers that labs use: https://keras.io/api/layers/
SIGNATURES = {
    "Dense": ("units", "activation"),
    "Conv1D": ("filters", "kernel_size", "strides", "padding"),
    "Conv2D": ("filters", "kernel_size", "strides", "padding"),
    "MaxPooling2D": ("pool_size", "strides", "padding"),
    "AveragePooling2D": ("pool_size", "strides", "padding"),
    "Dropout": ("rate",),
    "Activation": ("activation",),
    "Flatten": (),
    "BatchNormalization": (),
    "Normalization": (),
}
WEIGHTED = {"Dense", "Conv1D", "Conv2D"}
CONVOLUTIONS = {"Conv1D", "Conv2D"}
POOLINGS = {"MaxPooling2D", "AveragePooling2D"}


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer that a program makes: the ``call`` of its class, and the list, statement or call that it stands in.

    ``owner`` is a list of layers, the statement ``model.add(…)``, or the call of the layer on its input.
    """

    code: Code
    call: ast.Call
    owner: ast.List | ast.Expr | ast.Call

    @property
    def name(self) -> str:
        """The layer's class."""
        return last_name(self.call.func)

    @property
    def prefix(self) -> str:
        """What stands before the class's name, to name another layer by."""
        if isinstance(self.call.func, ast.Attribute):
            return self.code.text(self.call.func.value) + "."
        return '__import__("keras").layers.'

    @property
    def text(self) -> str:
        """Its source."""
        return self.code.text(self.call)

    def argument(self, name: str) -> ast.expr | None:
        """The argument of that name, by keyword or by position; None where it has its default."""
        return argument(self.call, name, SIGNATURES[self.name])

    def with_argument(self, text: str) -> Edit:
        """With a keyword argument more."""
        return with_argument(self.code, self.call, text)

    def without_argument(self, name: str) -> Edit | None:
        """Without a keyword argument; None where it has none of that name."""
        return without_argument(self.code, self.call, name)

    def dropped(self) -> Edit:
        """Without the layer."""
        if isinstance(self.owner, ast.List):
            return self.code.remove_from(self.owner.elts, self.call)
        if isinstance(self.owner, ast.Expr):
            return self.code.replace(self.owner, "pass")
        return self.code.replace(self.owner, self.code.text(self.owner.args[0]))

    def followed_by(self, new: str, instead: str = "") -> Edit:
        """With another layer after it, and where it is given, ``instead`` in its own place; both are source."""
        first, owner = instead or self.text, self.code.text(self.owner)
        if isinstance(self.owner, ast.List):
            return self.replaced(f"{first}, {new}")
        if isinstance(self.owner, ast.Expr):
            added = f"{owner.replace(self.text, first)}; {owner.replace(self.text, new)}"
            return self.code.replace(self.owner, added)
        return self.code.replace(self.owner, f"{new}({owner.replace(self.text, first)})")

    def replaced(self, new: str) -> Edit:
        """Another layer in its place."""
        return self.code.replace(self.call, new)


def layers(code: Code) -> list[Layer]:
    """The layers that a program makes, in the order of the source."""
    return list(_layers(code))


def _layers(code: Code) -> Iterator[Layer]:
    for call in code.nodes(ast.Call):
        if last_name(call.func) not in SIGNATURES:
            continue
        parent = code.parents[call]
        if isinstance(parent, ast.List) or (
            isinstance(parent, ast.Call) and parent.func is call and len(parent.args) == 1
        ):
            yield Layer(code, call, parent)
        elif isinstance(parent, ast.Call) and last_name(parent.func) == "add":
            statement = code.parents[parent]
            if isinstance(statement, ast.Expr):
                yield Layer(code, call, statement)


def neighbours(code: Code) -> Iterator[tuple[Layer, Layer]]:
    """Each layer with the next of the same model, as the source has them."""
    for found in models(code):
        yield from itertools.pairwise(found)


def models(code: Code) -> list[list[Layer]]:
    """The layers by model, as the source has them: those of one list, or of one function."""
    found: dict[ast.AST, list[Layer]] = {}
    for layer in layers(code):
        found.setdefault(_model_of(layer), []).append(layer)
    return list(found.values())


def is_last(layer: Layer) -> bool:
    """Whether it is the last layer of its model, as the source has it."""
    return any(found[-1].call is layer.call for found in models(layer.code))


def _model_of(layer: Layer) -> ast.AST:
    """What holds all layers of the model: the list, else the body of the function."""
    if isinstance(layer.owner, ast.List):
        return layer.owner
    node: ast.AST = layer.owner
    while node in layer.code.parents and not isinstance(node, ast.FunctionDef):
        node = layer.code.parents[node]
    return node


def calls(code: Code, *names: str) -> Iterator[ast.Call]:
    """The calls of functions or methods of these names."""
    for call in code.nodes(ast.Call):
        if last_name(call.func) in names:
            yield call


def last_name(node: ast.expr) -> str:
    """``c`` of ``a.b.c``; "" for what is no name."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def argument(call: ast.Call, name: str, signature: tuple[str, ...] = ()) -> ast.expr | None:
    """The argument of that name, by keyword or by its place in ``signature``; None where there is none."""
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    place = signature.index(name) if name in signature else len(call.args)
    return call.args[place] if place < len(call.args) else None


def with_argument(code: Code, call: ast.Call, text: str) -> Edit:
    """A call with a keyword argument more."""
    last = max((code.span(each)[1] for each in (*call.args, *(k.value for k in call.keywords))), default=0)
    if not last:
        return code.replace(call, f"{code.text(call.func)}({text})")
    return Edit(last, last, f", {text}")


def without_argument(code: Code, call: ast.Call, name: str) -> Edit | None:
    """A call without a keyword argument, None where it has none of that name."""
    keyword = next((each for each in call.keywords if each.arg == name), None)
    if keyword is None:
        return None
    everything = sorted([*call.args, *call.keywords], key=code.span)
    return code.remove_from(everything, keyword)  # type: ignore[arg-type]
