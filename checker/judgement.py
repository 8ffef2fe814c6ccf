"""Whether a training is as good as the reference's: thresholds come from measured spread, never from a guess.

The reference is trained over n seeds on the same budget and data. A right training has the same distribution over seeds,
whatever that is: trainings end, now and then, far below the others, so none is assumed to be normal. Then k further right
trainings are all below the lowest of the n with a probability of 1 / C(n + k, k): every choice of the k lowest among the
n + k is as likely (Wilks, "Determination of sample sizes for setting tolerance limits", Annals of Mathematical
Statistics 12, 1941, has such bounds).
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count

# of one judgement: four of them in a grading stay below one in 10,000
FALSE_FAILURE = 2.5e-5
DOUBT_PROBABILITY = 1e-2
# with 16 trainings of the reference, 6 of a model in doubt are enough; with the 32 of a calibration 4
SEEDS = range(101, 117)


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


def tries(measured: int) -> int:
    """How many trainings must all miss the lowest of so many of the reference's before a model fails."""
    return next(k for k in count(1) if math.comb(measured + k, k) * FALSE_FAILURE >= 1)


def judge(train: Callable[[int], float], measured: Sequence[float]) -> Judgement:
    """Judge ``train(seed) -> accuracy`` against the reference's accuracies.

    One training that reaches the lowest of them is enough; where only the last one does, it stays in doubt.
    """
    lowest, most = min(measured), tries(len(measured))
    seen: list[float] = []
    for seed in range(1, most + 1):
        seen.append(train(seed))
        if seen[-1] >= lowest:
            return Judgement(passed=None if seed == most else True, accuracies=tuple(seen), threshold=lowest)
    return Judgement(passed=False, accuracies=tuple(seen), threshold=lowest)


def bound(measured: Sequence[float], probability: float) -> float:
    """The accuracy that a further training of a normal sample stays above but with ``probability``.

    For n accuracies of mean m and standard deviation s that is m - t(n-1, 1-p) * s * sqrt(1 + 1/n), t being Student's
    quantile (Hahn and Meeker, Statistical Intervals, 1991, section 4.2).
    """
    return statistics.mean(measured) - margin(measured, probability)


def margin(measured: Sequence[float], probability: float) -> float:
    """How far below their mean a training like the ``measured`` ones stays but with ``probability``, and as far above."""
    from scipy.stats import t

    n = len(measured)
    # equal results do not mean that there is no spread: one image of a thousand is the least there is
    spread = max(statistics.stdev(measured), 0.001)
    quantile = float(t.ppf(1 - probability, n - 1))
    return quantile * spread * math.sqrt(1 + 1 / n)


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
