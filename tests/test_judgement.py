"""Training verdicts and points: pure arithmetic."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from checker.judgement import TRIES, bound, judge, judge_patiently, margin
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


@pytest.mark.parametrize(
    ("accuracies", "passed", "trainings"),
    [((0.9,), True, 1), ((0.7, 0.85), True, 2), ((0.5, 0.7, 0.8), True, 3), ((0.3, 0.4, 0.5), False, 3)],
)
def test_a_free_topology_is_given_four_times_as_long(
    accuracies: tuple[float, ...], passed: bool, trainings: int
) -> None:
    left = list(accuracies)
    asked: list[int] = []

    def train(times: int) -> float:
        asked.append(times)
        return left.pop(0)

    judgement = judge_patiently(train, 0.8)
    assert (judgement.passed, judgement.accuracies) == (passed, accuracies)
    assert asked == [1, 2, 4][:trainings]


def test_the_margin_is_as_wide_above_as_below() -> None:
    measured = [0.8, 0.82, 0.84, 0.86]
    assert bound(measured, 0.01) == pytest.approx(0.83 - margin(measured, 0.01))
    assert margin(measured, 0.01) > margin(measured, 0.1) > 0
