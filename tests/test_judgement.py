"""Training verdicts and points: pure arithmetic."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from checker import calibration, judgement
from checker.course import default_course
from checker.judgement import FALSE_FAILURE, bound, judge, judge_patiently, margin, tries
from checker.scorecard import rounded

MEASURED = [0.90, 0.91, 0.89, 0.905, 0.90, 0.895, 0.91, 0.90]


# where a calibration was kept: trainings as they are, with low ones now and then
FOUND = [
    each.accuracies for lab in default_course().labs for stored in calibration.stored(lab).values()
    for each in stored.measured.values()
]  # fmt: skip


def test_a_further_training_of_a_normal_sample_is_below_the_bound_as_often_as_stated() -> None:
    generator = np.random.default_rng(0)
    failures = trials = 0
    for _number in range(4000):
        measured = generator.normal(0.9, 0.01, 8)
        failures += int((generator.normal(0.9, 0.01, 25) < bound(list(measured), 1e-2)).sum())
        trials += 25
    assert 0.005 < failures / trials < 0.015


@pytest.mark.parametrize(("measured", "expected"), [(32, 4), (16, 6), (8, 10)])
def test_so_many_trainings_fail_less_than_once_in_forty_thousand(measured: int, expected: int) -> None:
    assert tries(measured) == expected
    assert (
        math.comb(measured + expected, expected)
        >= 1 / FALSE_FAILURE
        > math.comb(measured + expected - 1, expected - 1)
    )


@pytest.mark.parametrize("shape", ["normal", "heavy", "two"])
def test_the_rate_of_false_failures_does_not_depend_on_the_shape(
    shape: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a rate that can be seen, one in fifty, for samples with far outliers, and of two values as well."""
    monkeypatch.setattr(judgement, "FALSE_FAILURE", 0.02)
    generator = np.random.default_rng(1)
    draw = {
        "normal": lambda: generator.normal(0.9, 0.01),
        "heavy": lambda: 0.9 + 0.01 * generator.standard_t(2),
        "two": lambda: generator.choice([0.5, 0.9]) + generator.uniform(0, 1e-6),
    }[shape]
    stated = 1 / math.comb(8 + tries(8), tries(8))
    runs = 6000
    failures = sum(judge(lambda _seed: draw(), [draw() for _n in range(8)]).passed is False for _n in range(runs))
    assert stated / 2 < failures / runs < 2 * stated <= 0.04


def test_measured_trainings_drawn_again_fail_no_oftener_than_stated() -> None:
    """Real trainings of every calibration kept: some are drawn as the reference's, others as a student's."""
    generator = np.random.default_rng(2)
    assert FOUND
    failures = 0
    for found in FOUND:
        for _number in range(500):
            shuffled = list(generator.permutation(found))
            reference, others = shuffled[:16], iter(shuffled[16:])
            failures += judge(lambda _seed, others=others: next(others), reference).passed is False  # type: ignore[misc]
    # at a rate of one in 74,613 none is to be seen in so few
    assert failures <= 1


@pytest.mark.parametrize(
    ("accuracies", "passed", "trainings"),
    [
        ((0.9,), True, 1), ((0.88, 0.89), True, 2), ((0.3,) * 10, False, 10), ((0.8,) * 9 + (0.89,), None, 10),
    ],
)  # fmt: skip
def test_a_training_below_is_tried_again_then_fails_or_is_left_open(
    accuracies: tuple[float, ...], passed: bool | None, trainings: int
) -> None:
    left = iter(accuracies)
    found = judge(lambda _seed: next(left), MEASURED)
    assert (found.passed, len(found.accuracies), found.threshold) == (passed, trainings, 0.89)


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

    found = judge_patiently(train, 0.8)
    assert (found.passed, found.accuracies) == (passed, accuracies)
    assert asked == [1, 2, 4][:trainings]


def test_the_margin_is_as_wide_above_as_below() -> None:
    measured = [0.8, 0.82, 0.84, 0.86]
    assert bound(measured, 0.01) == pytest.approx(0.83 - margin(measured, 0.01))
    assert margin(measured, 0.01) > margin(measured, 0.1) > 0
