"""The class at a glance: ``index.html`` of a graded class, for an instructor; it needs no network.

Submissions come one at a time and twice over: once to be counted, once to be written as lines of the table.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import jinja2
from markupsafe import Markup

from checker.evidence import Ending, Plain
from checker.gradebook import Entry
from checker.language import _, ngettext, number, spoken
from checker.report import histogram, page, words
from checker.report.cohort import (
    Cohort,
    Standing,
    Those,
    Who,
    ending_of,
    full,
    gather,
    hundredths,
    standing_of,
    who_of,
)
from checker.report.prose import cut, prose, share, visible
from checker.scorecard import Outcome, Scorecard, Verdict

INSTRUCTOR = "instructor.html"
SCRIPT = Path(__file__).parent / "templates" / "overview.js"
# how many names stand beside a slip, and how many slips are told, the rarer ones folded away
BESIDE, COMMON, SLIPS = 5, 12, 100
# how much of a long remark stands in the table; the report has all of it
REMARK = 300
# the most serious first
ENDINGS = (Ending.killed, Ending.garbled, Ending.out_of_memory, Ending.timed_out, Ending.raised)
# how many pieces of the template make a piece of the page
BUFFER = 256
WIDTHS = {
    "student": 12.0,
    "account": 6.0,
    "group": 5.0,
    "mark": 7.0,
    "question": 4.8,
    "ending": 6.5,
    "remarks": 11.0,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SimilarPair:
    """Two submissions that are alike by ``share`` (0 to 1); ``href`` is the page that shows them side by side."""

    one: str
    other: str
    share: float
    href: str


class Todo(NamedTuple):
    """Something that an instructor should look at, and the part of the page that tells more."""

    section: str
    sign: str
    text: str


class Cell(NamedTuple):
    """The points of a question: as text, as a number to sort by, and how much is missing, from 0 (none) to 4 (all)."""

    text: str
    key: str
    missing: int


class Line(NamedTuple):
    """A submission as a line of the table; ``tags`` are what it can be found by."""

    who: Who
    entry: Entry
    tags: tuple[str, ...]
    cells: tuple[Cell, ...]
    ending: str


def html(
    title: str,
    lab: str,
    questions: Sequence[tuple[str, str, float]],
    entries: Callable[[], Iterable[Entry]],
    pairs: Sequence[SimilarPair] = (),
    reference_lost: Sequence[str] = (),
) -> Iterator[str]:
    """The page in pieces, in the run's language.

    ``title`` is the lab's title and ``lab`` its name; ``questions`` are the id, title and points of each. ``entries`` is
    called twice and gives the class in the same order each time; no entry is kept. The page is to lie beside the folders
    of the submissions, which it links to. ``reference_lost`` are the checks that the lab's own reference does not pass.
    """
    cohort = gather(entries(), questions, ran_with, (id_ for pair in pairs for id_ in (pair.one, pair.other)))
    script = SCRIPT.read_text("utf-8")
    stream = (
        _environment()
        .get_template("overview.html.j2")
        .stream(
            title=title,
            lab=lab,
            language=spoken(),
            script=Markup(script),
            digest=b64encode(hashlib.sha256(script.encode()).digest()).decode(),
            cohort=cohort,
            lines=(line(entry, cohort) for entry in entries()),
            columns=[name for name in ("account", "group", "remarks") if name in cohort.columns],
            bars=histogram.bars(cohort.marks, cohort.maximum),
            todos=list(todos(cohort, len(pairs), reference_lost)),
            slips={outcome.value: cohort.slips(outcome) for outcome in Outcome},
            pairs=sorted(pairs, key=lambda pair: (-pair.share, pair.one, pair.other)),
            wide=width(cohort),
            _=_,
            ngettext=ngettext,
        )
    )
    stream.enable_buffering(BUFFER)
    return stream


@cache
def _environment() -> jinja2.Environment:
    environment = page.environment()
    environment.finalize = visible
    environment.filters.update(
        points=words.points, prose=prose, count=number, share=share, ending=ending_word, standing=standing_word, href=href,
        cut=cut, summary=summary, key=hundredths,
    )  # fmt: skip
    environment.globals.update(
        draw=histogram.svg, stack=histogram.stack, settings=settings, sections=sections, endings=ENDINGS,
        WIDTHS=WIDTHS, BESIDE=BESIDE, COMMON=COMMON, SLIPS=SLIPS, REMARK=REMARK,
    )  # fmt: skip
    return environment


# --- the table


def line(entry: Entry, cohort: Cohort) -> Line:
    """A submission as a line of the table."""
    standing = standing_of(entry)
    ending = ending_of(entry.card) if entry.card else Ending.finished
    if standing != "graded":
        told = standing_word(standing)
    else:
        told = "" if ending is Ending.finished else ending_word(ending)
    outcomes = {check.outcome for check in entry.card.checks} if entry.card else set()
    tags = {
        "less": not full(entry, cohort.maximum),
        "ungraded": standing != "graded",
        "ending": standing == "graded" and ending is not Ending.finished,
        "hand": entry.by_hand,
        "late": entry.penalty > 0,
        "doubt": bool(outcomes & {Outcome.broken, Outcome.inconclusive}),
    }
    results = {result.id: result for result in entry.card.questions} if standing == "graded" and entry.card else {}
    judged = (results.get(question.id) for question in cohort.asked)
    cells = (
        cell(result.score, result.max_score)
        if result and result.verdict is not Verdict.skipped
        else Cell("–", "", 0)
        for result in judged
    )
    return Line(who_of(entry), entry, tuple(name for name, holds in tags.items() if holds), tuple(cells), told)


def cell(score: float, maximum: float) -> Cell:
    """The points of a question; the quarter in which their share lies makes the colour, all and none are apart."""
    missing = 0
    if score < maximum:
        missing = 4 if score <= 0 else 3 - int(3 * score / maximum)
    text = words.points(score)
    # the script reads a plain number out of the cell itself
    return Cell(text, "" if text == f"{score:g}" else f"{score:g}", missing)


def width(cohort: Cohort) -> float:
    """What the table needs, in rem: its columns are of fixed width, so that a browser need not measure every line."""
    fixed = sum(WIDTHS[name] for name in ("student", "mark", "ending", *cohort.columns))
    return fixed + WIDTHS["question"] * len(cohort.asked)


# --- words


def href(id_: str) -> str:
    """Where the report of a submission is."""
    return f"{quote(id_, safe='', errors='replace')}/{INSTRUCTOR}"


def ending_word(ending: Ending) -> str:
    """How code ended, in words."""
    return {
        Ending.finished: _("ran to its end"),
        Ending.raised: _("stopped by an error"),
        Ending.timed_out: _("out of time"),
        Ending.out_of_memory: _("out of memory"),
        Ending.killed: _("ended the process"),
        Ending.garbled: _("disturbed the grader"),
    }[ending]


def standing_word(standing: Standing) -> str:
    """What became of a submission, in words."""
    return {
        "graded": _("graded"),
        "unread": _("could not be read"),
        "problem": _("error of labcheck"),
        "waiting": _("not graded yet"),
    }[standing]


def summary(cohort: Cohort) -> str:
    """The class in one sentence, or two."""
    graded = ngettext(
        "{graded} of {count} submission is graded", "{graded} of {count} submissions are graded", cohort.count
    )
    parts = [graded.format(graded=number(cohort.standings["graded"]), count=number(cohort.count))]
    if cohort.spread:
        parts.append(
            ngettext("{count} has full marks", "{count} have full marks", cohort.full).format(
                count=number(cohort.full)
            )
        )
        parts.append(
            _("the median mark is {median} of {maximum}").format(
                median=words.points(cohort.spread.median), maximum=words.points(cohort.maximum)
            )
        )
    return _("; ").join(parts) + "."


def todos(cohort: Cohort, alike: int, reference_lost: Sequence[str] = ()) -> Iterator[Todo]:
    """What an instructor should look at, the most pressing first."""
    if reference_lost:
        yield Todo("submissions", "!", words.reference_loses(reference_lost))
    if many := cohort.pending["problem"]:
        yield Todo("ungraded", "!", ngettext(
            "{count} submission could not be graded, which is not its fault: run `labcheck grade` again.",
            "{count} submissions could not be graded, which is not their fault: run `labcheck grade` again.",
            many,
        ).format(count=number(many)))  # fmt: skip
    if many := cohort.pending["waiting"]:
        yield Todo("ungraded", "…", ngettext(
            "{count} submission is not graded yet: run `labcheck grade` again.",
            "{count} submissions are not graded yet: run `labcheck grade` again.",
            many,
        ).format(count=number(many)))  # fmt: skip
    if many := len(cohort.slips(Outcome.broken)):
        yield Todo("rubric", "!", ngettext(
            "{count} check stops by an error of the rubric: correct it, then run `labcheck regrade`.",
            "{count} checks stop by errors of the rubric: correct them, then run `labcheck regrade`.",
            many,
        ).format(count=number(many)))  # fmt: skip
    if many := cohort.pending["unread"]:
        yield Todo("ungraded", "✗", ngettext(
            "{count} submission could not be read and has no points: look at its files, or ask for others.",
            "{count} submissions could not be read and have no points: look at their files, or ask for others.",
            many,
        ).format(count=number(many)))  # fmt: skip
    if many := sum(those.count for ending, those in cohort.endings.items() if ending is not Ending.raised):
        yield Todo("endings", "✗", ngettext(
            "{count} submission was stopped before its end: see how far it was judged.",
            "{count} submissions were stopped before their end: see how far they were judged.",
            many,
        ).format(count=number(many)))  # fmt: skip
    if many := cohort.undecided:
        yield Todo("undecided", "~", ngettext(
            "{count} submission has a check that could not be decided, and got its points.",
            "{count} submissions have checks that could not be decided, and got their points.",
            many,
        ).format(count=number(many)))  # fmt: skip
    if alike:
        yield Todo("alike", "≈", ngettext(
            "{count} pair of submissions is alike: something to look at.",
            "{count} pairs of submissions are alike: something to look at.",
            alike,
        ).format(count=number(alike)))  # fmt: skip
    if any(len(values) > 1 for values in cohort.conditions.values()):
        text = _(
            "Not all submissions were graded under the same conditions: `labcheck grade --fresh` grades all anew."
        )
        yield Todo("conditions", "≠", text)


def sections(cohort: Cohort, slips: Mapping[str, Sequence[object]], alike: int) -> Iterator[tuple[str, str]]:
    """The parts of the page that there are: their names in it, and their titles."""
    ungraded = sum(len(cases) for cases in cohort.cases.values())
    parts: tuple[tuple[str, str, object], ...] = (
        ("marks", _("Marks"), cohort.marks),
        ("submissions", _("Submissions"), True),
        ("ungraded", _("Not graded"), ungraded),
        ("rubric", _("Errors of the rubric"), slips["broken"]),
        ("hardest", _("Hardest questions"), cohort.hardest),
        ("slips", _("Commonest slips"), slips["failed"]),
        ("undecided", _("Could not be decided"), slips["inconclusive"]),
        ("endings", _("Stopped before the end"), cohort.endings),
        ("alike", _("Similar submissions"), alike),
        ("conditions", _("What it ran with"), cohort.conditions),
    )
    yield from ((name, title) for name, title, there in parts if there)


# --- what it ran with


def ran_with(card: Scorecard) -> dict[str, str]:
    """What a card was made with, as far as it is known: a submission that was not read started nothing."""
    environment = card.environment
    rows = {"labcheck": environment.labcheck, "rubric": card.course_digest[:12], "python": environment.python}
    if card.status == "graded":
        rows |= {
            "keras": environment.keras,
            "tensorflow": environment.tensorflow,
            "data": environment.data,
            "seed": str(environment.seed),
            "isolation": _isolation(environment.isolation),
        }
    return {name: value for name, value in rows.items() if value}


def _isolation(parts: Mapping[str, Plain]) -> str:
    names = {
        "mode": _("mode"), "process": _("process"), "files": _("files"), "network": _("network"), "signals": _("signals"),
        "limits": _("limits"), "missing": _("missing"),
    }  # fmt: skip
    pair = _("{name}: {value}")
    texts = {name: ", ".join(map(str, v)) if isinstance(v, list | tuple) else v for name, v in parts.items() if v}
    return _("; ").join(pair.format(name=names.get(name, name), value=value) for name, value in texts.items())


def settings(cohort: Cohort) -> Iterator[tuple[str, list[tuple[str, Those]]]]:
    """Each condition by its name, with its values, that of most submissions first."""
    names = {
        "python": "Python", "keras": "Keras", "tensorflow": "TensorFlow", "data": _("data"), "rubric": _("rubric"),
        "seed": _("seed"), "isolation": _("isolation"),
    }  # fmt: skip
    for name, values in cohort.conditions.items():
        yield names.get(name, name), sorted(values.items(), key=lambda each: (-each[1].count, each[0]))
