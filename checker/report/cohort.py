"""A class in figures: marks, questions, slips and endings, gathered from one submission at a time.

Of a submission no more is kept than numbers, its name, and the first few messages of each kind.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal, NamedTuple

from checker.evidence import Ending
from checker.gradebook import Entry
from checker.report.prose import cut
from checker.scorecard import CheckResult, Outcome, QuestionResult, Scorecard, Verdict, rounded

# "unread": the submission is to blame; "problem": labcheck; "waiting": nothing was tried yet
Standing = Literal["graded", "unread", "problem", "waiting"]

# how many of a kind are told by name, how long a message is, and how many wordings of it are told apart
NAMED, LONG, WORDINGS = 30, 400, 64
# what may differ between two messages that say the same: numbers, and what stands in quotes
VARIES = re.compile(
    r"\d+(?:[.,\u202f\xa0 ]?\d+)*|`[^`\n]*`|“[^”\n]*”|«[^»\n]*»|\"[^\"\n]*\"|(?<!\w)'[^'\n]*'(?!\w)"
)


class Who(NamedTuple):
    """A submission by name: its student's where known; ``reported`` is whether it has a report to look at."""

    id: str
    name: str
    reported: bool


class Case(NamedTuple):
    """A submission without a result: ``why``, and the mark that was decided by hand all the same."""

    who: Who
    why: str
    mark: float | None


class Spread(NamedTuple):
    """The mean of the marks, and the marks below which a quarter, a half and three quarters of them lie."""

    mean: float
    low: float
    median: float
    high: float


@dataclass(slots=True)
class Those:
    """How many submissions, and the first of them."""

    count: int = 0
    first: list[Who] = field(default_factory=list)

    def add(self, who: Who) -> None:
        self.count += 1
        if len(self.first) < NAMED:
            self.first.append(who)


@dataclass(slots=True)
class Slip:
    """A check that came out the same way, for the same reason, in several submissions.

    The same reason is a message that is the same but for numbers and quoted names. An accuracy, a shape or the name that
    is not defined would else make a slip of its own for each student; what was really found is still told, in the
    wording that most of them have. Known slips keep apart: their sentences differ in more than numbers.
    """

    title: str
    hidden: bool
    those: Those = field(default_factory=Those)
    wordings: Counter[str] = field(default_factory=Counter)

    @property
    def message(self) -> str:
        """The commonest wording, the first one met of those that are."""
        return self.wordings.most_common(1)[0][0]

    @property
    def others(self) -> int:
        """How many submissions have another wording."""
        return self.those.count - self.wordings[self.message]

    def add(self, who: Who, message: str) -> None:
        self.those.add(who)
        if message in self.wordings or len(self.wordings) < WORDINGS:
            self.wordings[message] += 1


@dataclass(slots=True)
class Asked:
    """A question, and how many submissions won all, some or none of its points."""

    id: str
    title: str
    points: float
    all: int = 0
    some: int = 0
    none: int = 0
    _won: Fraction = Fraction(0)

    @property
    def count(self) -> int:
        """How many submissions it was judged in."""
        return self.all + self.some + self.none

    @property
    def share(self) -> Fraction:
        """The mean share of its points that was won."""
        return self._won / self.count

    def add(self, result: QuestionResult) -> None:
        if result.verdict is Verdict.skipped or not result.max_score:
            return
        self._won += Fraction(hundredths(result.score), hundredths(result.max_score))
        if result.score == result.max_score:
            self.all += 1
        elif result.score:
            self.some += 1
        else:
            self.none += 1


@dataclass(slots=True)
class Cohort:
    """What came out of a class; ``add`` each submission once.

    ``undecided`` counts submissions, ``pending`` those of a standing that nobody decided by hand. ``conditions`` are what
    it ran with: under each name, who ran with which value.
    """

    asked: tuple[Asked, ...]
    watched: frozenset[str] = frozenset()
    count: int = 0
    full: int = 0
    by_hand: int = 0
    late: int = 0
    undecided: int = 0
    marks: list[int] = field(default_factory=list)
    standings: Counter[Standing] = field(default_factory=Counter)
    pending: Counter[Standing] = field(default_factory=Counter)
    cases: dict[Standing, list[Case]] = field(default_factory=dict)
    endings: dict[Ending, Those] = field(default_factory=dict)
    conditions: dict[str, dict[str, Those]] = field(default_factory=dict)
    names: dict[str, Who] = field(default_factory=dict)
    columns: set[str] = field(default_factory=set)
    _slips: dict[tuple[Outcome, str, str], Slip] = field(default_factory=dict)

    @property
    def maximum(self) -> float:
        """The points that the lab gives."""
        return sum(hundredths(question.points) for question in self.asked) / 100

    @property
    def spread(self) -> Spread | None:
        """How the marks spread, None without any."""
        if not self.marks:
            return None
        ordered, most = sorted(self.marks), Fraction(hundredths(self.maximum), 100)
        mean = Fraction(sum(ordered), 100 * len(ordered))
        return Spread(*(rounded(value, most) for value in (mean, *(_quantile(ordered, n) for n in (1, 2, 3)))))

    @property
    def hardest(self) -> list[Asked]:
        """The questions that were judged, worst first."""
        return sorted((question for question in self.asked if question.count), key=lambda question: question.share)

    def slips(self, outcome: Outcome) -> list[Slip]:
        """The checks that came out so, those of most submissions first."""
        found = (slip for (how, _check, _shape), slip in self._slips.items() if how is outcome)
        return sorted(found, key=lambda slip: (-slip.those.count, slip.title, slip.message))

    def add(self, entry: Entry, ran_with: Callable[[Scorecard], dict[str, str]]) -> None:
        """Count a submission; ``ran_with`` tells under which conditions a card was made."""
        who, standing, mark = who_of(entry), standing_of(entry), entry.mark
        self.count += 1
        self.full += full(entry, self.maximum)
        self.by_hand += entry.by_hand
        self.late += entry.penalty > 0
        if mark is not None:
            self.marks.append(hundredths(mark))
        if who.id in self.watched:
            self.names[who.id] = who
        self.columns |= {name for name in ("account", "group") if getattr(entry, name)}
        self.columns |= {"remarks"} if entry.remarks or entry.comment else set()
        self._stand(standing, Case(who, cut(why(entry), LONG), mark if entry.by_hand else None))
        if entry.card is not None:
            self._note(entry.card, who, ran_with(entry.card))

    def _stand(self, standing: Standing, case: Case) -> None:
        self.standings[standing] += 1
        self.pending[standing] += case.mark is None
        if standing != "graded" and len(self.cases.setdefault(standing, [])) < NAMED:
            self.cases[standing].append(case)

    def _note(self, card: Scorecard, who: Who, ran_with: dict[str, str]) -> None:
        for name, value in ran_with.items():
            self.conditions.setdefault(name, {}).setdefault(value, Those()).add(who)
        ending = ending_of(card)
        if ending is not Ending.finished:
            self.endings.setdefault(ending, Those()).add(who)
        results = {result.id: result for result in card.questions}
        for question in self.asked:
            if card.status == "graded" and question.id in results:
                question.add(results[question.id])
        self.undecided += any(check.outcome is Outcome.inconclusive for check in card.checks)
        # once a submission, however often a check asks the same
        for key, check in {_key(check): check for check in card.checks}.items():
            if check.outcome in (Outcome.failed, Outcome.broken, Outcome.inconclusive):
                slip = self._slips.setdefault(key, Slip(check.title, check.visibility == "hidden"))
                slip.add(who, cut(check.message, LONG))


def gather(
    entries: Iterable[Entry],
    questions: Sequence[tuple[str, str, float]],
    ran_with: Callable[[Scorecard], dict[str, str]],
    watched: Iterable[str] = (),
) -> Cohort:
    """The figures of a class; the names of the submissions ``watched`` are kept."""
    cohort = Cohort(tuple(Asked(*question) for question in questions), frozenset(watched))
    for entry in entries:
        cohort.add(entry, ran_with)
    return cohort


def who_of(entry: Entry) -> Who:
    """The submission by name."""
    return Who(entry.id, entry.student or entry.id, entry.card is not None)


def standing_of(entry: Entry) -> Standing:
    """What became of it."""
    if entry.card is not None:
        return "graded" if entry.card.status == "graded" else "unread"
    return "problem" if entry.problem else "waiting"


def why(entry: Entry) -> str:
    """Why there is no result; "" where there is one."""
    if entry.card is None:
        return entry.problem
    failures = (note.message for note in entry.card.notes if entry.card.status == "failed")
    return next(failures, "")


def full(entry: Entry, maximum: float) -> bool:
    """Whether the mark that counts is all that can be had."""
    most = entry.max_mark or maximum
    return bool(most) and entry.mark is not None and entry.mark >= most


def ending_of(card: Scorecard) -> Ending:
    """How its code ended: the top level, else the first call of a check that was stopped; ``finished`` if unread."""
    if card.status == "failed":
        return Ending.finished
    if card.ending not in (Ending.finished, Ending.raised):
        return card.ending
    # a function that raises is an ordinary slip
    told = (check.evidence.get("ending") for check in card.checks)
    stopped = (each for each in told if each in set(Ending) - {Ending.finished, Ending.raised})
    return next((Ending(each) for each in stopped), card.ending)


def hundredths(points: float) -> int:
    """Points of 2 decimals as a whole number, which sums exactly."""
    return round(points * 100)


def _quantile(ordered: Sequence[int], quarters: int) -> Fraction:
    """The quartile as spreadsheets take it: between the two marks around it, in proportion."""
    at, rest = divmod((len(ordered) - 1) * quarters, 4)
    above = ordered[min(at + 1, len(ordered) - 1)]
    return Fraction(ordered[at] * (4 - rest) + above * rest, 400)


def _key(check: CheckResult) -> tuple[Outcome, str, str]:
    return check.outcome, check.id, VARIES.sub("#", cut(check.message, LONG))
