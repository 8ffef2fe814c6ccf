"""Who reads a report: a student sees no word of a hidden check, an instructor sees all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from msgspec.structs import replace

from checker.scorecard import CheckResult, Outcome, QuestionResult, Scorecard

Audience = Literal["student", "instructor"]


def seen_by(card: Scorecard, audience: Audience) -> Scorecard:
    """``card`` as ``audience`` may see it: points stay, hidden checks become a number."""
    if audience == "instructor":
        return card
    secret = [check for check in card.checks if check.visibility == "hidden"]
    if not secret:
        return card
    return replace(
        card,
        questions=tuple(_without(question, secret) for question in card.questions),
        hidden=replace(card.hidden, not_shown=card.hidden.not_shown + len(secret)),
    )


def _without(question: QuestionResult, secret: Sequence[CheckResult]) -> QuestionResult:
    checks = (check for check in question.checks if check.visibility != "hidden")
    return replace(question, checks=tuple(discreet(check, secret) for check in checks))


def discreet(check: CheckResult, secret: Sequence[CheckResult]) -> CheckResult:
    """``check``, which if it waits for one of ``secret`` must not say so by name."""
    if check.outcome is not Outcome.blocked:
        return check
    named = any(word in check.message for other in secret for word in (other.id, other.title))
    return replace(check, message="") if named else check
