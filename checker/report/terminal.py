"""The terminal's view: a line a check as it concludes, then the points."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console
from rich.text import Text

from checker.language import _
from checker.report.words import place_text, points, verdict_word
from checker.scorecard import CheckResult, Outcome, Scorecard, Verdict

MARKS = {
    Outcome.passed: ("✓", "green"),
    Outcome.failed: ("✗", "red"),
    Outcome.blocked: ("…", "yellow"),
    Outcome.inconclusive: ("~", "yellow"),
    Outcome.broken: ("!", "magenta"),
}
VERDICTS = {
    Verdict.passed: "green", Verdict.partial: "yellow", Verdict.failed: "red", Verdict.error: "magenta",
    Verdict.skipped: "dim",
}  # fmt: skip
MAX_MESSAGE = 1000


def check_lines(question: str, check: CheckResult) -> Iterator[Text]:
    """One check: its sentence, and what to read where it did not pass."""
    mark, colour = MARKS[check.outcome]
    yield Text.assemble((f" {mark} ", colour), (f"{question:<14} ", "dim"), check.title)
    if check.outcome in (Outcome.passed, Outcome.blocked):
        return
    for line in check.message[:MAX_MESSAGE].splitlines():
        yield Text(f"     {line}", style=colour)
    if check.location:
        yield Text(f"     {place_text(check.location)}", style="cyan")
    if check.hint:
        yield Text(f"     → {check.hint}", style="italic")


def summary(card: Scorecard) -> Iterator[Text]:
    """The points by question, the notes, the total."""
    yield Text("")
    for note in card.notes:
        where = f"{place_text(note.location)}: " if note.location else ""
        style = "bold red" if note.kind == "failed" else "dim"
        yield Text(f" · {where}{note.message}"[:MAX_MESSAGE], style=style)
    yield Text("")
    for question in card.questions:
        score = f"{points(question.score)} / {points(question.max_score)}"
        yield Text.assemble(
            f" {question.id:<16}", f"{score:>12}  ", (verdict_word(question.verdict), VERDICTS[question.verdict])
        )
    text = _("Total: {score} / {maximum}").format(score=points(card.score), maximum=points(card.max_score))
    yield Text(f" {text}", style="bold green" if card.full else "bold")


def show(console: Console, lines: Iterator[Text]) -> None:
    """Print ``lines``, without what the terminal's encoding cannot show."""
    encoding = console.encoding or "utf-8"
    for line in lines:
        plain = line.plain.encode(encoding, "replace").decode(encoding)
        console.print(line if plain == line.plain else Text(plain), highlight=False, soft_wrap=True)
