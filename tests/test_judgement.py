"""Training verdicts and points: pure arithmetic."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from checker.judgement import TRIES, bound, judge
from checker.scorecard import rounded

MEASURED = [0.90, 0.91, 0.89, 0.905, 0.90, 0.895, 0.91, 0.90]


def test_a_right_training_fails_no_more_often_than_stated() -> None:
    generator = np.random.default_rng(0)
    failures = trials = 0
    for _number in range(4000):
        measured = generator.normal(0.9, 0.01, 8)
        failures += int((generator.normal(0.9, 0.01, 25) < bound(list(measured), 1e-2)).sum())
        trials += 25
    assert 0.005 < failures / trials < 0.015


@pytest.mark.parametrize(("accuracy", "passed", "tries"), [(0.9, True, 1), (0.3, False, 1), (0.855, None, TRIES)])
def test_a_doubtful_training_is_tried_again_then_left_open(
    accuracy: float, passed: bool | None, tries: int
) -> None:
    judgement = judge(lambda _seed: accuracy, MEASURED)
    assert (judgement.passed, len(judgement.accuracies)) == (passed, tries)


@pytest.mark.parametrize(
    ("score", "maximum", "shown"),
    [("1999/1000", "2", 1.99), ("1/1000", "2", 0.01), ("2", "2", 2.0), ("0", "2", 0.0), ("2/3", "1", 0.67)],
)
def test_a_score_never_flatters(score: str, maximum: str, shown: float) -> None:
    assert rounded(Fraction(score), Fraction(maximum)) == shown
