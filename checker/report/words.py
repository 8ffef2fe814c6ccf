"""Words that reports share: a place, a verdict, a score."""

from __future__ import annotations

from checker.evidence import Place
from checker.language import _, number
from checker.scorecard import Outcome, Verdict


def place_text(place: Place | None) -> str:
    """``lab.ipynb, cell 3, line 4``; "" for no place."""
    if place is None:
        return ""
    if place.cell is None:
        return _("{file}, line {line}").format(file=place.file, line=place.line)
    return _("{file}, cell {cell}, line {line}").format(file=place.file, cell=place.cell, line=place.line)


def points(score: float) -> str:
    """A score with as many decimals as it needs, two at most."""
    return number(score, 0 if score == int(score) else 2)


def verdict_word(verdict: Verdict) -> str:
    """A question's verdict in words."""
    return {
        Verdict.passed: _("right"),
        Verdict.partial: _("partly right"),
        Verdict.failed: _("to be worked on"),
        Verdict.error: _("rubric error"),
        Verdict.skipped: _("not run"),
    }[verdict]


def outcome_word(outcome: Outcome) -> str:
    """A check's outcome in words."""
    return {
        Outcome.passed: _("right"),
        Outcome.failed: _("wrong"),
        Outcome.blocked: _("waits for an earlier check"),
        Outcome.inconclusive: _("could not be decided: points given"),
        Outcome.broken: _("rubric error"),
    }[outcome]
