"""The HTML report: one page that needs nothing else, neither network nor script."""

from __future__ import annotations

from functools import cache

import jinja2

from checker.gradebook import Entry
from checker.language import _, number, spoken
from checker.report import drawing, page, words
from checker.report.audience import Audience, seen_by
from checker.report.prose import prose, short
from checker.scorecard import Scorecard


def render(card: Scorecard, audience: Audience = "student", entry: Entry | None = None) -> str:
    """The report of one submission, in the run's language; ``entry`` is its line of a gradebook, for a class."""
    apart = {"old_spelling", "failed", *words.STOPS}
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            card=seen_by(card, audience),
            entry=entry,
            language=spoken(),
            _=_,
            tally=words.tally(seen_by(card, audience)),
            failures=[note for note in card.notes if note.kind == "failed"],
            stops=words.stops(card),
            spellings=[note for note in card.notes if note.kind == "old_spelling"],
            notes=[note for note in card.notes if note.kind not in apart],
            environment=_run_with(card),
        )
    )


@cache
def _environment() -> jinja2.Environment:
    environment = page.environment()
    environment.filters.update(
        place=words.place_text,
        points=words.points,
        verdict=words.verdict_word,
        outcome=words.outcome_word,
        measured=words.measured,
        state=drawing.state_word,
        short=short,
        prose=prose,
    )
    environment.globals["draw"] = drawing.svg
    return environment


def _run_with(card: Scorecard) -> list[tuple[str, str]]:
    """What the reader needs to run it again, by name; what is not known is left out."""
    environment, timing = card.environment, card.timing
    isolation = {name: value for name, value in environment.isolation.items() if value}
    if isinstance(missing := isolation.get("missing"), (list, tuple)):
        isolation["missing"] = ", ".join(map(str, missing))
    names = {
        "mode": _("mode"), "process": _("process"), "files": _("files"), "network": _("network"), "signals": _("signals"),
        "limits": _("limits"), "missing": _("missing"),
    }  # fmt: skip
    pair = _("{name}: {value}")
    rows = {
        "labcheck": environment.labcheck,
        "Python": environment.python,
        "Keras": environment.keras,
        "TensorFlow": environment.tensorflow,
        _("data"): environment.data,
        _("seed"): str(environment.seed),
        _("isolation"): "; ".join(pair.format(name=names.get(n, n), value=v) for n, v in isolation.items()),
        _("rubric"): card.course_digest[:12],
        _("hand-in (SHA-256)"): card.submission.sha256[:12],
        _("time"): _("{seconds} s").format(seconds=number(timing.total_s, 1)) if timing.total_s else "",
    }
    return [(name, value) for name, value in rows.items() if value]
