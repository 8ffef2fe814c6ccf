"""Does a rubric catch mistakes, and accept every right form? The reference is changed, and what comes out is graded.

A *mutant* is the reference with one mistake, and must lose points; an *equivalent* is the reference in another form,
and must lose none. What operators make of a reference is in ``checker.mutants``; what a lab leaves to its students is
in its ``rubric.yaml``, under ``audit``.
"""

from __future__ import annotations

import ast
import difflib
import re
import tempfile
import time
from collections.abc import Callable, Sequence
from itertools import zip_longest
from pathlib import Path

import msgspec

from checker import dataset, session
from checker.course import Lab
from checker.errors import CourseError
from checker.evidence import Ending
from checker.findings import EQUIVALENT, MUTANT, Audit, Audited, Finding, Kind, Told
from checker.grading import Grading
from checker.language import _, pick, spoken
from checker.mutants import OPERATORS, Variant, variants
from checker.pool import Pool
from checker.repair import without_main
from checker.scorecard import Outcome
from checker.server import Server
from checker.submission import read
from checker.task import Done, Setup, Task

# how many variants of each kind are graded unless all are asked for: more than enough of each operator, in minutes
MUTANTS, EQUIVALENTS = 200, 64


def audit(
    lab: Lab,
    data: str | None,
    jobs: int,
    told: Callable[[Audited, int, int], None],
    *,
    everything: bool = False,
) -> Audit:
    """Grade variants of the reference; ``told`` hears each as it is done, with how many are and how many will be.

    Raises CourseError where the reference itself does not get full marks.
    """
    began = time.monotonic()
    text = without_main((lab.reference_dir / f"{lab.name}.py").read_text("utf-8"))
    made = {kind: variants(text, kind) for kind in (MUTANT, EQUIVALENT)}
    limits = {MUTANT: MUTANTS, EQUIVALENT: EQUIVALENTS}
    free = [each for variant in made[MUTANT] if (each := _free(lab, text, variant)) is not None]
    names = {each.name for each in free}
    left = {kind: [each for each in made[kind] if each.name not in names] for kind in made}
    chosen = [each for kind in left for each in (left[kind] if everything else spread(left[kind], limits[kind]))]
    with Server() as server, tempfile.TemporaryDirectory(prefix="labcheck-audit-") as name:
        folder = Path(name)
        uses = _questions_by_name(lab, data, server)
        tasks = [
            Task(
                number=number,
                id=each.name,
                path=str(_written(folder, lab.name, each)),
                until_caught=each.operator.kind == MUTANT,
                first=uses.get(_function_at(text, each.line), ()),
            )
            for number, each in enumerate(chosen)
        ]
        found = []
        environment = None
        setup = Setup(
            course=str(lab.course.resolve()),
            lab=lab.name,
            language=spoken(),
            data=data and dataset.resolved(data),
            server=str(server.folder),
        )
        with Pool(setup, min(jobs, len(tasks)), server) as pool:
            for done in pool.run(tasks):
                environment = done.card.environment if done.card else environment
                found.append((done.number, _audited(text, chosen[done.number], done)))
                told(found[-1][1], len(found), len(chosen))
    return Audit(
        lab=lab.name,
        course_digest=lab.digest,
        environment=environment,
        seconds=round(time.monotonic() - began, 1),
        operators={name: _(each.sentence) for name, each in OPERATORS.items()},
        made={kind: len(each) for kind, each in made.items()},
        variants=(*(each for _number, each in sorted(found, key=lambda pair: pair[0])), *free),
    )


def spread(found: Sequence[Variant], limit: int) -> list[Variant]:
    """At most ``limit`` of the variants, as evenly from all operators as there are; always the same ones."""
    by_operator: dict[str, list[Variant]] = {}
    for each in found:
        by_operator.setdefault(each.operator.name, []).append(each)
    rounds = zip_longest(*by_operator.values())
    taken = [each for turn in rounds for each in turn if each is not None][:limit]
    return sorted(taken, key=found.index)


def _questions_by_name(lab: Lab, data: str | None, server: Server) -> dict[str, tuple[str, ...]]:
    """The questions that look at each of the lab's names, by grading the untouched reference.

    A mistake in a function is soonest found by those, and by the one that looks at the fewest first of all. Raises
    CourseError where the reference does not get full marks.
    """
    submission = read(lab.reference_dir, tuple(lab.rubric.names))
    grading = Grading(lab, submission, dataset.load(lab.rubric.data, data), server, hidden=True)
    try:
        session.run_checks(lab, [grading])
    finally:
        grading.close()
    checks = [check for question in grading.questions() for check in question.checks]
    said = [f"{each.title}: {each.message}" for each in checks if each.outcome is not Outcome.passed]
    if said or not checks:
        raise CourseError(
            _("the reference itself does not get full marks:\n{said}").format(said="\n".join(said)),
            place=str(lab.reference_dir),
            remedy=_("Correct the reference or the rubric first: `labcheck check` on it shows more."),
        )
    names = {name for used in grading.uses.values() for name in used}
    telling = sorted(grading.uses, key=lambda question: len(grading.uses[question]))
    return {name: tuple(q for q in telling if name in grading.uses[q]) for name in names}


def _written(folder: Path, name: str, variant: Variant) -> Path:
    own = folder / variant.name
    own.mkdir()
    path = own / (f"{name}.ipynb" if variant.text.startswith("{") else f"{name}.py")
    path.write_text(variant.text, "utf-8")
    return path


def _audited(text: str, variant: Variant, done: Done) -> Audited:
    finding, told, score = _finding(variant.operator.kind, done)
    return _found(text, variant, finding, told, score)


def _found(
    text: str,
    variant: Variant,
    finding: Finding,
    told: tuple[Told, ...] = (),
    score: float = 0.0,
    because: str = "",
) -> Audited:
    return Audited(
        name=variant.name,
        operator=variant.operator.name,
        kind=variant.operator.kind,
        finding=finding,
        where=_function_at(text, variant.line),
        line=variant.line,
        diff="" if variant.text.startswith("{") else _diff(text, variant.text),
        score=score,
        told=told,
        because=because,
    )


def _finding(kind: Kind, done: Done) -> tuple[Finding, tuple[Told, ...], float]:
    card = done.card
    if card is None:
        return Finding.broken, (Told("", done.problem),), 0.0
    told = tuple(Told(each.id, each.message) for each in card.checks if each.outcome is not Outcome.passed)
    if card.status == "failed" or card.broken:
        return Finding.broken, told or (Told("", card.notes[0].message),), card.score
    outcomes = {each.outcome for each in card.checks}
    if kind == EQUIVALENT:
        right = outcomes == {Outcome.passed} and card.full
        return Finding.accepted if right else Finding.refused, told, card.score
    if any(each.mistaken for each in card.checks) and card.ending is Ending.finished:
        return Finding.caught, told, card.score
    if Outcome.failed in outcomes:
        return Finding.stillborn, told, card.score
    return Finding.inconclusive if Outcome.inconclusive in outcomes else Finding.missed, told, card.score


def _free(lab: Lab, text: str, variant: Variant) -> Audited | None:
    """A mutant that the lab leaves to the student, with the reason; None for one that must be caught."""
    found = _found(text, variant, Finding.free)
    changed = "\n".join(line[1:] for line in found.diff.splitlines()[2:] if line[:1] in ("+", "-"))
    for rule in lab.rubric.audit.free:
        within = not rule.where or found.where in rule.where
        meant = not rule.operators or variant.operator.name in rule.operators
        if meant and within and re.search(rule.line, changed):
            return msgspec.structs.replace(found, because=pick(rule.because.as_dict()))
    return None


def _function_at(text: str, line: int) -> str:
    """The top-level function or class, or else the first name in the statement, on a line of a program; "" for none."""
    for node in ast.parse(text).body:
        if node.lineno <= line <= (node.end_lineno or node.lineno):
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                return node.name
            names = [each for each in ast.walk(node) if isinstance(each, ast.Name)]
            return min(names, key=lambda each: (each.lineno, each.col_offset)).id if names else ""
    return ""


def _diff(one: str, other: str) -> str:
    lines = difflib.unified_diff(one.splitlines(), other.splitlines(), "reference", "variant", lineterm="", n=2)
    return "\n".join(lines)
