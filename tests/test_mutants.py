"""Every operator does what its example shows, and what it makes of the labs is a program, each another one."""

from __future__ import annotations

import ast
import json
from functools import cache

import pytest
from labs import LABS, ROOT

from checker.findings import EQUIVALENT, MUTANT, Kind
from checker.mutants import OPERATORS, Operator, Variant, variants
from checker.mutants.code import Code
from checker.template import BEGIN, END


@pytest.mark.parametrize("operator", OPERATORS.values(), ids=OPERATORS)
def test_the_example_of_an_operator_is_what_it_makes(operator: Operator) -> None:
    assert operator.after in list(operator.of(operator.before))
    assert operator.sentence


@pytest.mark.parametrize("operator", OPERATORS.values(), ids=OPERATORS)
def test_an_operator_finds_something_in_the_labs(operator: Operator) -> None:
    assert any(each.operator is operator for lab in LABS for each in made(lab, operator.kind))


@pytest.mark.parametrize("lab", LABS)
def test_variants_are_programs_and_no_two_are_the_same(lab: str) -> None:
    text = source(lab)
    for kind in (MUTANT, EQUIVALENT):
        texts = [each.text for each in made(lab, kind)]
        assert len(texts) == len(set(texts)) > 100
        assert text not in texts
        for each in texts:
            json.loads(each) if each.startswith("{") else ast.parse(each)


@pytest.mark.parametrize("lab", LABS)
def test_a_mutant_changes_what_stands_between_the_markers_and_nothing_else(lab: str) -> None:
    text = source(lab)
    for each in made(lab, MUTANT):
        if each.operator.name != "body_of_another":
            assert outside(each.text) == outside(text), each.name


def outside(text: str) -> list[str]:
    kept, open_ = [], True
    for line in text.splitlines():
        if line.strip() == BEGIN:
            open_ = False
        elif line.strip() == END:
            open_ = True
        elif open_:
            kept.append(line)
    return kept


def test_offsets_are_right_behind_accents() -> None:
    code = Code('é = f("œuvre", 1)  # là\nà = g(2)\n')
    numbers = [node for node in code.nodes(ast.Constant) if isinstance(node.value, int)]
    assert [code.text(node) for node in numbers] == ["1", "2"]
    assert code.edited(*(code.replace(node, "30") for node in numbers)) == 'é = f("œuvre", 30)  # là\nà = g(30)\n'


@cache
def made(lab: str, kind: Kind) -> list[Variant]:
    return variants(source(lab), kind)


def source(lab: str) -> str:
    return (ROOT / "reference" / lab / f"{lab}.py").read_text("utf-8")
