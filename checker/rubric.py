"""The words that a rubric's checks are written in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from checker.architecture import compare, compile_faults, compiled_alike, input_for, shape_text
from checker.award import Award, Inconclusive
from checker.fault import Missing, StudentFault
from checker.handle import Array, Function, History, Model, Run, simplified
from checker.likeness import architectures_alike, compiled_right, is_right, layers_alike
from checker.search import model_among, model_of, models_in, nearest
from checker.student import Module
from checker.trial import Trial, conclude, holds_pairs_of, holds_rows_of, images_given


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


__all__ = [
    "Array", "Award", "Function", "History", "Inconclusive", "Missing", "Model", "Module", "Run", "StudentFault", "Trial",
    "architectures_alike", "compare", "compile_faults", "compiled_alike", "compiled_right", "conclude", "holds_pairs_of",
    "holds_rows_of", "images_given", "input_for", "is_right", "layers_alike", "model_among", "model_of", "models_in", "nearest", "question", "shape_text",
    "simplified",
]  # fmt: skip
