"""What an audit found: pure data, as ``labcheck audit --json`` writes it."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

import msgspec

from checker.scorecard import Environment

Kind = Literal["mutant", "equivalent"]
MUTANT: Kind = "mutant"
EQUIVALENT: Kind = "equivalent"


class Finding(StrEnum):
    """What grading a variant showed.

    Of mutants: ``caught``, ``missed``, ``inconclusive``, ``stillborn`` (its code stops by itself, which any rubric sees;
    it counts for nothing), ``free`` (the lab leaves it to the student). Of equivalents: ``accepted`` or ``refused``. Of
    both: ``broken``, where labcheck itself or the rubric failed.
    """

    caught = "caught"
    missed = "missed"
    inconclusive = "inconclusive"
    stillborn = "stillborn"
    free = "free"
    accepted = "accepted"
    refused = "refused"
    broken = "broken"


# what an audit must not find
FAULTS = (Finding.missed, Finding.inconclusive, Finding.refused, Finding.broken)


class Told(msgspec.Struct, frozen=True):
    """What a check said of a variant."""

    check: str
    message: str


class Audited(msgspec.Struct, frozen=True, kw_only=True):
    """One variant, graded: ``where`` is the function that it changes, ``diff`` the change, ``score`` what it got."""

    name: str
    operator: str
    kind: Kind
    finding: Finding
    where: str
    line: int
    diff: str
    score: float
    told: tuple[Told, ...] = ()
    because: str = ""


class Audit(msgspec.Struct, frozen=True, kw_only=True):
    """The audit of a lab.

    ``operators`` has the sentence of each operator, in their order; ``made`` counts all variants that there are of each
    kind, graded or not.
    """

    lab: str
    course_digest: str
    environment: Environment | None
    seconds: float
    operators: dict[str, str]
    made: dict[Kind, int]
    variants: tuple[Audited, ...]

    def count(self, kind: Kind, *findings: Finding) -> int:
        """How many variants of a kind ended in one of ``findings``."""
        return sum(each.kind == kind and each.finding in findings for each in self.variants)

    @property
    def faults(self) -> tuple[Audited, ...]:
        """What must not be, the gravest first: mistakes that are not caught, right forms that are refused."""
        return tuple(each for finding in FAULTS for each in self.variants if each.finding is finding)

    def rows(self, kind: Kind) -> list[tuple[str, str, dict[Finding, int]]]:
        """Each operator of a kind that made something: its name, its sentence, how many variants ended in what."""
        found: dict[str, dict[Finding, int]] = {}
        for each in self.variants:
            if each.kind == kind:
                counts = found.setdefault(each.operator, {})
                counts[each.finding] = counts.get(each.finding, 0) + 1
        return [(name, self.operators[name], found[name]) for name in self.operators if name in found]
