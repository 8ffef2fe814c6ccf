"""A class under way, on the terminal: how far it is and what came out so far; then what to know."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from checker.gradebook import Step, Summary
from checker.language import _, ngettext, number
from checker.report import words


@contextmanager
def of_a_class(console: Console) -> Iterator[Callable[[Step], None]]:
    """A bar with the time left and the counts so far; where nobody looks at a terminal, a line for each submission."""
    waiting = _("Reading the class, then starting TensorFlow…")
    if not console.is_terminal:
        console.print(waiting, highlight=False, soft_wrap=True)
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )  # fmt: skip
    full = less = unread = 0
    first, began = 0, time.monotonic()
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task(waiting, total=None, rate="")

        def told(step: Step) -> None:
            nonlocal full, less, unread, first
            # what an earlier run has done was not done in this time
            first = first or step.done
            rate = 60 * (step.done - first + 1) / (time.monotonic() - began)
            card = step.entry.card
            full += bool(card and card.full)
            unread += card is None or card.status == "failed"
            less += bool(card and card.status == "graded" and not card.full)
            text = _("{full} full marks, {less} less, {unread} not read").format(
                full=full, less=less, unread=unread
            )
            each_minute = _("{count} a minute").format(count=number(rate))
            bar.update(task, completed=step.done, total=step.of, description=text, rate=each_minute)
            if not console.is_terminal:
                console.print(_line(step), highlight=False, soft_wrap=True, markup=False)

        yield told


def _line(step: Step) -> str:
    entry = step.entry
    wide = len(str(step.of))
    if entry.card is None:
        what = entry.problem
    elif entry.card.status == "failed":
        what = _("not read: {why}").format(why=entry.card.notes[0].message.splitlines()[0])
    else:
        what = f"{words.points(entry.card.score)} / {words.points(entry.card.max_score)}"
    return f"[{step.done:>{wide}}/{step.of}] {entry.id}: {what}"


def summary(found: Summary) -> Iterator[str]:
    """What to know of a class when it is done: a sentence each."""
    yield ngettext(
        "{of} submission, {graded} graded now.", "{of} submissions, {graded} graded now.", found.of
    ).format(of=found.of, graded=found.graded)
    if lost := found.reference_lost:
        yield words.reference_loses(lost)
    for names, text in (
        (found.left_out, _("No submission, left out: {names}")),
        (found.absent, _("In the roster, and nothing handed in: {names}")),
        (found.broken, _("Checks with an error of their own, whose points are missing: {names}")),
        (found.unknown, _("Decided by hand, and no such submission: {names}")),
        (
            found.lacking,
            _("The rubric now asks what was not kept; `labcheck grade` has to run these again: {names}"),
        ),
    ):
        if names:
            yield text.format(names=", ".join(names))
    for each in found.problems:
        yield _("Could not be graded: {what}").format(what=each)
