"""Mutants of any program: statements, calls, numbers, texts, operators, what is returned."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator

from checker.findings import MUTANT
from checker.mutants.code import Code, Edit
from checker.mutants.keras_calls import SIGNATURES, last_name
from checker.mutants.operator import operator
from checker.mutants.training import UNJUDGED

ARITHMETIC = {
    ast.Add: "-",
    ast.Sub: "+",
    ast.Mult: "+",
    ast.Div: "*",
    ast.Pow: "*",
}
COMPARED = {ast.Eq: "!=", ast.NotEq: "==", ast.Gt: "<=", ast.Lt: ">=",
            ast.Is: "is not", ast.IsNot: "is"}  # fmt: skip
# a whole number of three digits or more, its thousands apart or not
FIGURE = re.compile(r"(?<![\d.,])(?:\d{1,3}(?:[,' \u00a0\u202f]\d{3})+|\d{3,})(?![\d.]\d)(?!\d)")
SILENT = {*UNJUDGED, "labels"}


@operator(
    MUTANT, "a statement is left out",
    "def f(m, path):\n    m.load_weights(path)\n    return m\n", "def f(m, path):\n    pass\n    return m\n",
)  # fmt: skip
def statement_dropped(code: Code) -> Iterator[Edit]:
    for statement in code.nodes(ast.stmt):
        # a lone constant is a docstring
        documents = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
        if not documents and isinstance(
            statement, (ast.Expr, ast.Assign, ast.AugAssign, ast.If, ast.For, ast.While)
        ):
            yield code.replace(statement, "pass")


@operator(
    MUTANT, "a call is left out",
    "y = to_categorical(labels, 10)", "y = labels",
)  # fmt: skip
def call_left_out(code: Code) -> Iterator[Edit]:
    for call in code.nodes(ast.Call):
        if last_name(call.func) in SIGNATURES or isinstance(code.parents[call], ast.Expr):
            continue
        if call.args and not isinstance(call.args[0], (ast.List, ast.Starred, ast.GeneratorExp)):
            yield code.replace(call, code.text(call.args[0]))
        elif isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name):
            yield code.replace(call, code.text(call.func.value))


@operator(
    MUTANT, "nothing is returned",
    "def f():\n    return 2\n", "def f():\n    return None\n",
)  # fmt: skip
def nothing_returned(code: Code) -> Iterator[Edit]:
    for statement in code.nodes(ast.Return):
        if statement.value is not None:
            yield code.replace(statement.value, "None")


@operator(
    MUTANT, "what is returned, or kept, stands in another order",
    "a = (1, 2)", "a = (2, 1)",
)  # fmt: skip
def order_changed(code: Code) -> Iterator[list[Edit]]:
    for node in code.nodes(ast.Tuple):
        for one, other in zip(node.elts, node.elts[1:], strict=False):
            if code.text(one) != code.text(other):
                yield [code.replace(one, code.text(other)), code.replace(other, code.text(one))]


@operator(
    MUTANT, "a number is another one",
    "a = 10", "a = 11",
)  # fmt: skip
def number_changed(code: Code) -> Iterator[Edit]:
    for node in code.nodes(ast.Constant):
        value = node.value
        if isinstance(value, bool) or not isinstance(value, (int, float)) or _unjudged(code, node):
            continue
        yield code.replace(node, f"{value + 1:.10g}")
        if value not in (0, 1):
            yield code.replace(node, f"{value * 2:.10g}" if isinstance(value, float) else f"{value - 1}")


@operator(
    MUTANT, "a text lacks its first letter",
    "open(name + '.json')", "open(name + 'json')",
)  # fmt: skip
def text_changed(code: Code) -> Iterator[Edit]:
    for node in code.nodes(ast.Constant):
        if not isinstance(node.value, str) or _unjudged(code, node) or isinstance(code.parents[node], ast.Expr):
            continue
        if isinstance(code.parents[node], (ast.JoinedStr, ast.FormattedValue)):
            continue
        if len(node.value) > 1:
            yield code.replace(node, repr(node.value[1:]))


def _unjudged(code: Code, node: ast.expr) -> bool:
    parent = code.parents[node]
    return isinstance(parent, ast.keyword) and parent.arg in SILENT


@operator(
    MUTANT, "a number is printed with other decimals",
    "print('%.2f' % x)", "print('%.1f' % x)",
)  # fmt: skip
def decimals_changed(code: Code) -> Iterator[Edit]:
    for node in code.nodes(ast.Constant):
        if isinstance(node.value, str) and ".2f" in node.value:
            yield code.replace(node, repr(node.value.replace(".2f", ".1f")))
            yield code.replace(node, repr(node.value.replace(".2f", ".4f")))


@operator(
    MUTANT, "a number in the report is another one",
    "# %% [markdown]\n# Total: 407,050 weights\n", "# %% [markdown]\n# Total: 407,051 weights\n",
)  # fmt: skip
def figure_changed(code: Code) -> Iterator[Edit]:
    for start, line in code.markdown():
        for found in FIGURE.finditer(line):
            last = start + len(line[: found.end() - 1].encode())
            yield Edit(last, last + 1, str((int(found[0][-1]) + 1) % 10))


@operator(
    MUTANT, "two numbers are combined in another way",
    "a = b / c", "a = (b * c)",
)  # fmt: skip
def operation_changed(code: Code) -> Iterator[Edit]:
    for node in code.nodes(ast.BinOp):
        if type(node.op) in ARITHMETIC:
            other = ARITHMETIC[type(node.op)]
            yield code.replace(node, f"({code.text(node.left)} {other} {code.text(node.right)})")
            yield code.replace(node, code.text(node.left))


@operator(
    MUTANT, "a comparison is another one",
    "a = b == c", "a = b != c",
)  # fmt: skip
def comparison_changed(code: Code) -> Iterator[Edit]:
    for node in code.nodes(ast.Compare):
        if type(node.ops[0]) in COMPARED and len(node.ops) == 1:
            other = COMPARED[type(node.ops[0])]
            yield code.replace(node, f"{code.text(node.left)} {other} {code.text(node.comparators[0])}")


@operator(
    MUTANT, "something is done always, or never, instead of on a condition",
    "if a:\n    b()\n", "if True:\n    b()\n",
)  # fmt: skip
def condition_decided(code: Code) -> Iterator[Edit]:
    for test in [*(node.test for node in code.nodes(ast.If)), *(node.test for node in code.nodes(ast.IfExp))]:
        yield code.replace(test, "True")
        yield code.replace(test, "False")


@operator(
    MUTANT, "a function does what the next one should",
    "def f():\n    return 1\n\n\ndef g():\n    return 2\n",
    "def f():\n    return 2\n\n\ndef g():\n    return 2\n",
)  # fmt: skip
def body_of_another(code: Code) -> Iterator[list[Edit]]:
    """Functions of the same parameters: the first gets the body of the next."""
    functions = [node for node in code.tree.body if isinstance(node, ast.FunctionDef)]
    for one, other in itertools.pairwise(functions):
        if ast.dump(one.args) == ast.dump(other.args):
            start, stop = code.span(one.body[0])[0], code.span(one.body[-1])[1]
            first, last = code.span(other.body[0])[0], code.span(other.body[-1])[1]
            yield [Edit(start, stop, code.data[first:last].decode())]
