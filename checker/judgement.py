"""Whether a training is as good as the reference's: thresholds come from measured spread, never from a guess.

The reference is trained over several seeds on the same budget and data. With n accuracies of mean m and standard
deviation s, a new right training falls below m - t(n-1, 1-p) * s * sqrt(1 + 1/n) with probability p, where t is
Student's quantile: the one-sided prediction bound of a normal sample (Hahn and Meeker, Statistical Intervals,
1991, section 4.2).
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

FAIL_PROBABILITY = 5e-5
DOUBT_PROBABILITY = 1e-2
TRIES = 3
SEEDS = range(101, 109)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """``passed`` is None where it stays in doubt. Accuracies and ``threshold`` are shares, 0 to 1."""

    passed: bool | None
    accuracies: tuple[float, ...]
    threshold: float

    @property
    def accuracy(self) -> float:
        """The best accuracy seen."""
        return max(self.accuracies)


def bound(measured: Sequence[float], probability: float) -> float:
    """The accuracy that a right training stays above but with ``probability``."""
    return statistics.mean(measured) - margin(measured, probability)


def margin(measured: Sequence[float], probability: float) -> float:
    """How far below their mean a training like the ``measured`` ones stays but with ``probability``, and as far above."""
    from scipy.stats import t

    n = len(measured)
    # eight equal results do not mean that there is no spread: one image of a thousand is the least there is
    spread = max(statistics.stdev(measured), 0.001)
    quantile = float(t.ppf(1 - probability, n - 1))
    return quantile * spread * math.sqrt(1 + 1 / n)


def judge(train: Callable[[int], float], measured: Sequence[float]) -> Judgement:
    """Judge ``train(seed) -> accuracy`` against the reference's accuracies, with up to ``TRIES`` seeds in doubt."""
    fails, doubts = bound(measured, FAIL_PROBABILITY), bound(measured, DOUBT_PROBABILITY)
    seen: list[float] = []
    for seed in range(1, TRIES + 1):
        seen.append(train(seed))
        if seen[-1] >= doubts:
            return Judgement(passed=True, accuracies=tuple(seen), threshold=fails)
        if seen[-1] < fails:
            return Judgement(passed=False, accuracies=tuple(seen), threshold=fails)
    return Judgement(passed=None, accuracies=tuple(seen), threshold=fails)


def judge_patiently(train: Callable[[int], float], floor: float) -> Judgement:
    """Judge a model of a free topology, ``train(times) -> accuracy`` being a training so many times as long.

    No reference says how fast it learns: what misses ``floor`` is trained twice, then four times as long, so that
    learning slowly (through dropout, or sigmoids) is no fault, and learning nothing remains one.
    """
    seen: list[float] = []
    for times in (1, 2, 4):
        seen.append(train(times))
        if seen[-1] >= floor:
            break
    return Judgement(passed=seen[-1] >= floor, accuracies=tuple(seen), threshold=floor)
