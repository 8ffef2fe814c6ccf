"""The words that a rubric's checks are written in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from checker.architecture import compare, compile_faults, input_for, shape_text, weights_for
from checker.evidence import Plain
from checker.judgement import SEEDS, judge
from checker.student import Array, Function, History, Missing, Model, Module, Run, StudentFault


class Inconclusive(Exception):
    """The check cannot tell: full points, and a word to the instructor."""


def question(
    id: str,  # noqa: A002 - the rubric's own word for it
    *,
    requires: Sequence[str] = (),
    hidden: bool = False,
    weight: float = 1,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Mark a test as a check of question ``id``.

    ``requires`` names checks that must pass first, ``hidden`` keeps it from a student's own run, ``weight`` is its
    share of the question's points beside the other checks'.
    """
    return pytest.mark.question(id, requires=tuple(requires), hidden=hidden, weight=weight)


class Award:
    """What a check may add to its verdict: ``award(share)`` of its points although it fails, and measured values."""

    def __init__(self) -> None:
        self.share = 0.0
        self.evidence: dict[str, Plain] = {}

    def __call__(self, share: float) -> None:
        self.share = share

    def measured(self, **values: Plain) -> None:
        """Keep plain values for the report."""
        self.evidence.update(values)


__all__ = [
    "SEEDS", "Array", "Award", "Function", "History", "Inconclusive", "Missing", "Model", "Module", "Run",
    "StudentFault", "compare", "compile_faults", "input_for", "judge", "question", "shape_text", "weights_for",
]  # fmt: skip
