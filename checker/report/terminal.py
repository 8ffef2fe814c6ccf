"""The terminal's view: checks as they conclude, then the points.

A line is a prefix and a text; on a terminal the text wraps beside its prefix, elsewhere it stays one line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from checker.language import _
from checker.report import words
from checker.report.audience import Audience, discreet, seen_by
from checker.scorecard import CheckResult, Note, Outcome, Scorecard, Verdict

Line = tuple[Text, Text]

MARKS = {
    Outcome.passed: ("✓", "green"),
    Outcome.failed: ("✗", "red"),
    Outcome.blocked: ("-", "yellow"),
    Outcome.inconclusive: ("~", "yellow"),
    Outcome.broken: ("!", "magenta"),
}
VERDICTS = {
    Verdict.passed: "green", Verdict.partial: "yellow", Verdict.failed: "red", Verdict.error: "magenta",
    Verdict.skipped: "dim",
}  # fmt: skip
MAX_MESSAGE = 1000
LEAST_WIDTH = 12


@contextmanager
def progress(
    console: Console, titles: Mapping[str, str], audience: Audience = "student"
) -> Iterator[Callable[[str, CheckResult], None]]:
    """Say that something goes on while it does; what it yields is to be told each check."""
    waiting = _("Reading your work, then starting TensorFlow to run it (longer the first time)…")
    if not console.is_terminal:
        console.print(waiting, highlight=False, soft_wrap=True)
    last = ""
    done = 0
    secret: list[CheckResult] = []

    with console.status(waiting, spinner="line") as status:

        def told(question: str, check: CheckResult) -> None:
            nonlocal last, done
            if check.visibility == "hidden" and audience == "student":
                secret.append(check)
                return
            if question != last:
                show(console, [_line("", titles.get(question, question), "bold")])
            last, done = question, done + 1
            show(console, check_lines(discreet(check, secret)))
            status.update(_("Checking… {count} done").format(count=done))

        yield told


@contextmanager
def counting(console: Console, title: str) -> Iterator[Callable[[int, int, str], None]]:
    """A bar with rate and time left; what it yields is to be told how many are done, of how many, and what to print.

    Where nobody looks at a terminal, only a line at the beginning, and what is to be printed.
    """
    if not console.is_terminal:
        console.print(title + "…", highlight=False, soft_wrap=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task(title, total=None)

        def told(done: int, of: int, line: str) -> None:
            bar.update(task, completed=done, total=of)
            if line:
                bar.console.print(line, highlight=False, soft_wrap=True, markup=False)

        yield told


def check_lines(check: CheckResult) -> Iterator[Line]:
    """One check: its sentence, and what to read where it did not pass."""
    mark, colour = MARKS[check.outcome]
    yield _line(f" {mark} ", check.title, colour, "")
    if check.outcome is Outcome.passed:
        return
    if check.outcome is not Outcome.failed:
        yield _line("     ", words.outcome_word(check), colour)
    for line in _cut(check.message).splitlines():
        yield _line("     ", line, colour)
    yield from _where(check)
    if check.hint:
        yield _line("     → ", check.hint, "", "italic")


def summary(card: Scorecard, audience: Audience = "student") -> Iterator[Line]:
    """The notes, the points by question, the total."""
    seen = seen_by(card, audience)
    yield _line()
    for note in card.notes:
        yield from _note(note)
    if card.notes:
        yield _line()
    if card.status == "graded":
        yield from _table(seen)
        yield _line(" ", words.tally(seen), "dim")
    total = _("Total: {score} / {maximum}")
    text = total.format(score=words.points(card.score), maximum=words.points(card.max_score))
    yield _line(" ", text, "bold green" if card.full else "bold")


def show(console: Console, lines: Iterable[Line]) -> None:
    """Print ``lines``, wrapped where somebody looks at them on a terminal of some width."""
    for prefix, text in lines:
        if not console.is_terminal:
            console.print(Text.assemble(prefix, text), highlight=False, soft_wrap=True)
            continue
        width = max(LEAST_WIDTH, console.width - prefix.cell_len)
        for part in text.wrap(console, width) or [text]:
            part.rstrip()
            console.print(Text.assemble(prefix, part), highlight=False, soft_wrap=True)
            prefix = Text(" " * prefix.cell_len)


def _table(card: Scorecard) -> Iterator[Line]:
    scores = [f"{words.points(q.score)} / {words.points(q.max_score)}" for q in card.questions]
    verdicts = [words.verdict_word(question.verdict) for question in card.questions]
    wide, long = max(map(len, scores), default=0), max(map(len, verdicts), default=0)
    for question, score, verdict in zip(card.questions, scores, verdicts, strict=True):
        prefix = Text.assemble(f" {score:>{wide}}  ", (f"{verdict:<{long}}  ", VERDICTS[question.verdict]))
        yield prefix, Text.assemble(question.title, (f" ({question.id})", "dim"))


def _note(note: Note) -> Iterator[Line]:
    urgent = note.kind == "failed" or note.kind in words.STOPS
    first, *others = _cut(note.message).splitlines() or [""]
    yield _line(" ! " if urgent else " · ", first, "bold red" if urgent else "dim")
    for line in others:
        yield _line("   ", line)
    yield from _where(note)


def _where(item: CheckResult | Note) -> Iterator[Line]:
    if item.location:
        yield _line("     ", words.place_text(item.location), "cyan")
    for line in item.source.splitlines()[:1]:
        yield _line("     | ", line, "cyan", "")


def _line(prefix: str = "", text: str = "", style: str = "", text_style: str | None = None) -> Line:
    """A line of one style, or of another one for its text."""
    return Text(prefix, style=style), Text(text, style=style if text_style is None else text_style)


def _cut(text: str) -> str:
    return text if len(text) <= MAX_MESSAGE else text[:MAX_MESSAGE] + "…"
