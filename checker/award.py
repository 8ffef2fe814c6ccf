"""What a check may add to its verdict: a share of its points, measured values, or that it cannot tell."""

from __future__ import annotations

from checker.evidence import Plain


class Inconclusive(Exception):
    """The check cannot tell: full points, and a word to the instructor."""


class Award:
    """``award(share)`` gives a share (0 to 1) of its points to a check that fails; ``measured`` keeps plain values."""

    def __init__(self) -> None:
        self.share = 0.0
        self.evidence: dict[str, Plain] = {}

    def __call__(self, share: float) -> None:
        self.share = share

    def measured(self, **values: Plain) -> None:
        """Keep plain values for the report."""
        self.evidence.update(values)
