"""One submission being graded: what the plugin's fixtures hand out, and the results as they come."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

from msgspec.structs import replace

from checker import calibration, dataset, repair
from checker.course import Lab
from checker.dataset import Data
from checker.errors import CourseError
from checker.evidence import Place
from checker.language import _, pick
from checker.protocol import Load, SourceFile
from checker.runner import Evidence, Recording, SandboxRunner
from checker.scorecard import CheckResult, Outcome, QuestionResult, Verdict, rounded, verdict
from checker.server import Server
from checker.student import Module
from checker.submission import Submission, read

SEED = 1


@dataclass(slots=True)
class Grading:
    """A lab, a submission, and the processes that answer for it and for the reference.

    ``only`` names the questions to ask, all of them where it is empty. ``told`` is called with each result as it
    comes; ``left_out`` counts the hidden checks that do not run. ``until_caught`` ends at the first mistake that is
    told: no more is asked once ``caught``. The questions ``first`` are asked before the others. ``uses`` has, for each
    question that was asked, the lab's names that it looked at. ``known`` is evidence of an earlier run, as ``evidence``
    gave it; ``replay`` answers from that alone.
    """

    lab: Lab
    submission: Submission
    data: Data
    server: Server
    hidden: bool = False
    told: Callable[[str, CheckResult], None] = lambda _question, _check: None
    only: tuple[str, ...] = ()
    until_caught: bool = False
    first: tuple[str, ...] = ()
    known: Mapping[str, bytes] = field(default_factory=dict)
    replay: bool = False
    caught: bool = field(init=False, default=False)
    results: dict[str, list[tuple[float, float, CheckResult]]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    uses: dict[str, set[str]] = field(default_factory=dict)
    left_out: int = 0
    student: Module = field(init=False)
    reference: Module = field(init=False)
    _mended: dict[str, Module] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        file = str(self.data.write(self.server.folder))
        self.student = self._module(self._recording("", self.submission, file))
        self.reference = self._module(self._reference(file))
        self.reference.measures = calibration.known(self.lab, self.data.digest)

    def mended(self, name: str) -> Module:
        """The submission with the reference's function of the lab's ``name`` for its own.

        For a notebook whose every cell depends on a function that fails, and is judged apart.
        """
        if name not in self._mended:
            own = self.student.match(name)
            called = own.name if own else name
            reference = read(self.lab.reference_dir, tuple(self.lab.rubric.names))
            source = repair.source_of(reference.blocks, name, called)
            blocks = repair.with_function(self.submission.blocks, called, source)
            submission = dataclasses.replace(self.submission, blocks=blocks)
            file = str(self.data.write(self.server.folder))
            self._mended[name] = self._module(self._recording(name, submission, file))
        return self._mended[name]

    def _recording(self, name: str, submission: Submission, file: str) -> Recording:
        """The submission, or as it is mended under a name, from what is known of it as far as that goes."""
        inner = None if self.replay else lambda: self._runner(submission, file)
        return Recording.of(self.known[name], inner) if name in self.known else Recording(inner=inner)

    def evidence(self) -> dict[str, bytes]:
        """What was asked of the submission and answered, under ""; and of each mended one, under its name."""
        modules = {"": self.student, **self._mended}
        return {name: each.runner.dump() for name, each in modules.items() if isinstance(each.runner, Recording)}

    @property
    def lacking(self) -> bool:
        """Whether a replay was asked something that the evidence does not have."""
        runners = [module.runner for module in (self.student, *self._mended.values())]
        return any(isinstance(runner, Recording) and runner.lacking for runner in runners)

    def _module(self, recording: Recording) -> Module:
        rubric = self.lab.rubric
        seconds = rubric.limits.question, rubric.budget.seconds
        return Module(recording, rubric.names, rubric.fills, *seconds, SEED, self._explain, rubric.input_shape)

    def _explain(self, error: str) -> str:
        """What the rubric says of such an error, "" where it says nothing."""
        for each in self.lab.rubric.explanations:
            if re.search(each.match, error, re.DOTALL):
                return pick(each.text.as_dict())
        return ""

    def _runner(self, submission: Submission, file: str) -> SandboxRunner:
        rubric = self.lab.rubric
        program = Load(
            submission.blocks,
            (*submission.files, *self._provided(submission)),
            self.lab.budget,
            SEED,
            rubric.limits.load,
            rubric.limits.statement,
            old_spellings=rubric.keras2_spellings == "accept",
        )
        return SandboxRunner(self.server, program, file, rubric.limits.memory_mb * 2**20)

    def _provided(self, submission: Submission) -> Iterator[SourceFile]:
        """The files that the lab ships, but for those that the submission brings."""
        brought = {file.path for file in submission.files}
        for name in self.lab.rubric.provides:
            if name not in brought:
                yield SourceFile(name, (self.lab.reference_dir / name).read_bytes())

    def _reference(self, file: str) -> Recording:
        """The reference's evidence, from the cache as far as it goes."""

        def inner() -> SandboxRunner:
            return self._runner(read(self.lab.reference_dir, tuple(self.lab.rubric.names)), file)

        path = reference_cache(self.lab, self.data.digest)
        try:
            return Recording(_stored(path, path.stat().st_mtime_ns), inner)
        except (OSError, CourseError):
            return Recording(inner=inner)

    def close(self) -> None:
        """End all children, and keep what the reference answered for the next run."""
        for module in (self.student, self.reference, *self._mended.values()):
            module.runner.close()
        kept = self.reference.runner
        if not isinstance(kept, Recording):
            return
        kept.forget_failures()
        if kept.changed and kept.reusable:
            path = reference_cache(self.lab, self.data.digest)
            with contextlib.suppress(OSError):  # a cache that cannot be written costs time, nothing else
                path.parent.mkdir(parents=True, exist_ok=True)
                half = path.with_suffix(f".{os.getpid()}")
                half.write_bytes(kept.dump())
                half.replace(path)

    # --- results

    def conclude(self, question: str, weight: float, share: float, result: CheckResult) -> None:
        """Keep the result of a check: ``share`` of its ``weight`` was won."""
        result = replace(result, source=self.submission.line(result.location))
        self.results.setdefault(question, []).append((weight, share, result))
        self.caught = self.caught or result.mistaken
        self.told(question, result)

    def result(self, check: str) -> CheckResult | None:
        """The result of the check of that name, None where it has not run."""
        return next((each for each in self._all() if each.id == check), None)

    def waits_for(self, check: str) -> str:
        """What a check that is blocked by ``check`` says; no word of a hidden one."""
        known = self.result(check)
        if known is None or known.visibility == "hidden":
            return _("Waits for an earlier check.")
        return _("Waits for: {check}").format(check=known.title)

    def same_as(self, check: str) -> str:
        """What a check says that fails by what ``check``, a public one, has told."""
        known = self.result(check)
        return _("For the same reason as: {check}").format(check=known.title if known else check)

    def told_already(self, message: str, place: Place | None) -> str:
        """The public check that has told this fault: one cause, one message. "" where none has."""
        for each in self._all():
            told = (each.outcome, each.visibility, each.message, each.location)
            if told == (Outcome.failed, "public", message, place):
                return each.id
        return ""

    def _all(self) -> Iterator[CheckResult]:
        for entries in self.results.values():
            for _weight, _share, result in entries:
                yield result

    def questions(self) -> tuple[QuestionResult, ...]:
        """Every question of the lab with its points; those without a result are skipped."""
        return tuple(self._question(spec.id) for spec in self.lab.rubric.questions)

    def _question(self, name: str) -> QuestionResult:
        spec = self.lab.rubric.question(name)
        entries = self.results.get(name, [])
        points = Fraction(str(spec.points))
        if not entries:
            return QuestionResult(
                id=name,
                title=pick(spec.title.as_dict()),
                score=0.0,
                max_score=float(points),
                verdict=Verdict.skipped,
            )
        weights = sum(Fraction(str(weight)) for weight, _share, _result in entries)
        checks = []
        score = Fraction(0)
        for weight, share, result in entries:
            part = points * Fraction(str(weight)) / weights
            won = part * Fraction(share).limit_denominator(10_000)
            score += won
            checks.append(_with_points(result, rounded(won, part), round(float(part), 2)))
        total = rounded(score, points)
        return QuestionResult(
            id=name,
            title=pick(spec.title.as_dict()),
            score=total,
            max_score=float(points),
            verdict=verdict(total, float(points), checks),
            checks=tuple(checks),
        )


def reference_cache(lab: Lab, data: str) -> Path:
    """The file of what the reference of ``lab`` answered on the data of digest ``data``, there or not."""
    return dataset.cache_dir() / "reference" / f"{lab.name}-{lab.reference_digest}-{data}.msgpack"


@lru_cache(maxsize=1)
def _stored(path: Path, _modified: int) -> Evidence:
    """The evidence in a file, read once for all submissions of a process; raises OSError or CourseError."""
    return Recording.of(path.read_bytes()).evidence


def _with_points(result: CheckResult, score: float, max_score: float) -> CheckResult:
    return replace(result, score=min(score, max_score), max_score=max_score)
