"""The gradebook: a class, one line a submission, with its mark and what an instructor decided by hand."""

from __future__ import annotations

import msgspec

from checker.scorecard import Scorecard, total


class Override(msgspec.Struct, frozen=True, kw_only=True):
    """What an instructor decided by hand, which always wins; ``mark`` None leaves the mark as it is."""

    mark: float | None = None
    comment: str = ""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One submission of a class.

    ``id`` is its folder under the results, ``student`` the name and ``account`` the identifier that the platform (or the
    roster) has of who handed it in, "" where they are not known. ``source`` is the name of the folder or file that it
    came in. ``card`` is None until it is graded, and where labcheck could not do it: ``problem`` then says why.
    ``penalty`` is what being late costs, in points, and ``remarks`` are words about the hand-in (empty, handed in twice).
    """

    id: str
    student: str = ""
    account: str = ""
    source: str = ""
    group: str = ""
    card: Scorecard | None = None
    problem: str = ""
    penalty: float = 0.0
    override: Override | None = None
    remarks: tuple[str, ...] = ()

    @property
    def mark(self) -> float | None:
        """The points that count, of 2 decimals: those decided by hand, else those won less the penalty; None without."""
        if self.override and self.override.mark is not None:
            return self.override.mark
        if self.card is None:
            return None
        return max(0.0, total((self.card.score, -self.penalty)))

    @property
    def by_hand(self) -> bool:
        """Whether an instructor decided the mark."""
        return self.override is not None and self.override.mark is not None

    @property
    def max_mark(self) -> float | None:
        """The points that can be had; None where it is not graded."""
        return self.card.max_score if self.card else None

    @property
    def comment(self) -> str:
        """The instructor's own words, "" where there are none."""
        return self.override.comment if self.override else ""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """A submission is done: how many are, of how many."""

    done: int
    of: int
    entry: Entry


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """What a run over a class came to.

    ``graded`` counts the submissions that were graded now, of ``of``; ``lacking`` are those that a replay could not judge,
    ``problems`` those that labcheck could not grade, ``left_out`` what is in the class's folder and no submission,
    ``absent`` who is in the roster and handed in nothing, ``unknown`` the decisions by hand on no submission, ``broken`` the
    checks that are not able to judge, and ``reference_lost`` those that the lab's own reference does not pass.
    """

    graded: int
    of: int
    lacking: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()
    reference_lost: tuple[str, ...] = ()
