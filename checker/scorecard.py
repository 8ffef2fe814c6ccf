"""What the checks of a submission concluded, and the points that follow; pure data and arithmetic.

Points are exact fractions until a question is summed. ``result.json`` (``labcheck/result/1``) is
``msgspec.to_builtins(scorecard)``: field names here are the contract.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from enum import StrEnum
from fractions import Fraction
from typing import Literal

import msgspec

from checker.evidence import Ending, Place, Plain

Schema = Literal["labcheck/result/1"]
SCHEMA: Schema = "labcheck/result/1"


class Outcome(StrEnum):
    """What a check concluded. ``broken`` is the rubric's fault; ``blocked`` waits for another check to pass."""

    passed = "passed"
    failed = "failed"
    blocked = "blocked"
    inconclusive = "inconclusive"
    broken = "broken"


class Verdict(StrEnum):
    """What a question concluded."""

    passed = "pass"
    partial = "partial"
    failed = "fail"
    error = "error"
    skipped = "skipped"


Visibility = Literal["public", "hidden"]


class CheckResult(msgspec.Struct, frozen=True, kw_only=True):
    """One check. ``title`` is its sentence, ``message`` what was found, ``hint`` how to go on, in one language.

    ``source`` is the line at ``location``, "" where it is not known. ``evidence`` is plain data for whoever looks
    further (a found and an expected count, an accuracy, a threshold, under ``difference`` two drawn models, and under
    ``ending`` how student code ended that did not come to its end).
    """

    id: str
    title: str
    outcome: Outcome
    visibility: Visibility = "public"
    score: float = 0.0
    max_score: float = 0.0
    message: str = ""
    hint: str = ""
    location: Place | None = None
    source: str = ""
    evidence: dict[str, Plain] = {}

    @property
    def mistaken(self) -> bool:
        """Whether it failed by what the work does, and not by work that stops before it is done."""
        return self.outcome is Outcome.failed and "ending" not in self.evidence


class QuestionResult(msgspec.Struct, frozen=True, kw_only=True):
    """One question: its points, and the checks that made them."""

    id: str
    title: str
    score: float
    max_score: float
    verdict: Verdict
    checks: tuple[CheckResult, ...] = ()


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """Something worth knowing that costs nothing: an old spelling, an inexact name, a cell that raised."""

    kind: str
    message: str
    location: Place | None = None
    source: str = ""


class SubmissionId(msgspec.Struct, frozen=True, kw_only=True):
    """Which submission: ``sha256`` is over its files' names and bytes."""

    id: str
    main_file: str
    sha256: str


class Environment(msgspec.Struct, frozen=True, kw_only=True):
    """What it ran with; a version is "" where the sandbox never started."""

    python: str
    keras: str
    tensorflow: str
    labcheck: str
    data: str
    isolation: dict[str, Plain]
    seed: int


class Timing(msgspec.Struct, frozen=True, kw_only=True):
    """Wall time in seconds."""

    total_s: float = 0.0
    sandbox_s: float = 0.0
    training_s: float = 0.0
    questions: dict[str, float] = {}


class Hidden(msgspec.Struct, frozen=True, kw_only=True):
    """How many hidden checks are not in the questions: left out of this run, or run and not shown to this reader."""

    not_run: int = 0
    not_shown: int = 0


class Scorecard(msgspec.Struct, frozen=True, kw_only=True):
    """One submission, graded (or not, and why)."""

    schema: Schema = SCHEMA
    lab: str
    course_digest: str
    submission: SubmissionId
    status: Literal["graded", "failed"]
    ending: Ending
    score: float
    max_score: float
    questions: tuple[QuestionResult, ...]
    notes: tuple[Note, ...]
    environment: Environment
    timing: Timing
    hidden: Hidden = Hidden()

    @property
    def checks(self) -> tuple[CheckResult, ...]:
        """The checks of all questions."""
        return tuple(check for question in self.questions for check in question.checks)

    @property
    def full(self) -> bool:
        """Whether every point was won."""
        return self.status == "graded" and self.score == self.max_score

    @property
    def broken(self) -> bool:
        """Whether any check is the rubric's fault."""
        return any(check.outcome is Outcome.broken for check in self.checks)


def rounded(score: Fraction, maximum: Fraction) -> float:
    """``score`` with 2 decimals that never flatter: full only when full, zero only when zero.

    >>> rounded(Fraction(1999, 1000), Fraction(2)), rounded(Fraction(1, 1000), Fraction(2))
    (1.99, 0.01)
    """
    hundredths = round(score * 100)
    if score < maximum:
        hundredths = min(hundredths, math.ceil(maximum * 100) - 1)
    if score > 0:
        hundredths = max(hundredths, 1)
    return hundredths / 100


def verdict(score: float, max_score: float, checks: Sequence[CheckResult]) -> Verdict:
    """The verdict of a question with these checks."""
    if any(check.outcome is Outcome.broken for check in checks):
        return Verdict.error
    if score == max_score:
        return Verdict.passed
    return Verdict.partial if score > 0 else Verdict.failed


def total(scores: Iterable[float]) -> float:
    """The sum of scores of 2 decimals, exact to 2 decimals."""
    return sum(round(score * 100) for score in scores) / 100
