"""The HTML report: one page that needs nothing else, neither network nor script."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import jinja2

from checker.language import _, ngettext, number, spoken
from checker.report import drawing, words
from checker.scorecard import Note, Scorecard

MAX_TEXT = 4000


def render(card: Scorecard) -> str:
    """The report of one submission, in the run's language."""
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            card=card,
            language=spoken(),
            _=_,
            ngettext=ngettext,
            spellings=[note for note in card.notes if note.kind == "old_spelling"],
            failures=[note for note in card.notes if note.kind == "failed"],
            notes=_told_apart(card.notes),
        )
    )


def _told_apart(notes: tuple[Note, ...]) -> list[Note]:
    return [note for note in notes if note.kind not in ("old_spelling", "failed")]


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        place=words.place_text,
        points=words.points,
        verdict=words.verdict_word,
        outcome=words.outcome_word,
        number=number,
        short=_short,
        measured=_measured,
        state=drawing.state_word,
    )
    environment.globals["draw"] = drawing.svg
    return environment


def _short(text: str) -> str:
    """``text``, cut where no reader would read on; control characters made visible."""
    shown = "".join(c if c.isprintable() or c in "\n\t" else "\ufffd" for c in text[:MAX_TEXT])
    left = len(text) - MAX_TEXT
    return shown if left <= 0 else shown + " " + _("[{count} more characters]").format(count=number(left))


def _measured(evidence: dict[str, Any]) -> dict[str, str]:
    """The plain figures of a check, by the name that they are shown under."""
    names = {
        "found": _("parameters found"),
        "expected": _("parameters expected"),
        "accuracy": _("accuracy"),
        "threshold": _("threshold"),
        "trainings": _("trainings"),
    }
    return {
        names.get(key, key): number(value, 4 if isinstance(value, float) else 0)
        for key, value in evidence.items()
        if isinstance(value, (int, float))
    }
