"""What an audit found, for the terminal and as a page that needs neither network nor script."""

from __future__ import annotations

from collections.abc import Iterator

from checker.findings import EQUIVALENT, FAULTS, MUTANT, Audit, Audited, Finding, Kind
from checker.language import _, number, spoken
from checker.report import page

COLUMNS = {
    MUTANT: (Finding.caught, Finding.missed, Finding.inconclusive, Finding.free, Finding.stillborn, Finding.broken),
    EQUIVALENT: (Finding.accepted, Finding.refused, Finding.broken),
}  # fmt: skip


def finding_word(finding: Finding) -> str:
    """A finding in words, as the head of a column."""
    return {
        Finding.caught: _("caught"),
        Finding.missed: _("missed"),
        Finding.inconclusive: _("undecided"),
        Finding.stillborn: _("stops by itself"),
        Finding.free: _("left to the student"),
        Finding.accepted: _("accepted"),
        Finding.refused: _("refused"),
        Finding.broken: _("rubric error"),
    }[finding]


def kind_word(kind: Kind) -> str:
    """A kind of variant in words."""
    return _("Mistakes") if kind == MUTANT else _("Right forms")


def columns(found: Audit, kind: Kind) -> list[Finding]:
    """The findings that a table of this kind shows: those that there are, and those that there must not be."""
    return [each for each in COLUMNS[kind] if each in FAULTS[:3] or found.count(kind, each)]


def lines(found: Audit) -> Iterator[str]:
    """The table of an audit as plain lines, then what must not be."""
    for kind in (MUTANT, EQUIVALENT):
        shown = columns(found, kind)
        heads = [finding_word(each) for each in shown]
        rows = [
            (name, sentence, [counts.get(each, 0) for each in shown])
            for name, sentence, counts in found.rows(kind)
        ]
        wide = max([len(sentence) for _name, sentence, _counts in rows], default=0)
        yield f"{kind_word(kind):<{wide}}  " + "  ".join(heads)
        for _name, sentence, counts in rows:
            cells = (f"{count or '·':>{len(head)}}" for count, head in zip(counts, heads, strict=True))
            yield f"{sentence:<{wide}}  " + "  ".join(cells)
        totals = (f"{found.count(kind, each):>{len(head)}}" for each, head in zip(shown, heads, strict=True))
        yield f"{_('Total'):<{wide}}  " + "  ".join(totals)
        yield ""
    for each in found.faults:
        yield fault_line(each)
    yield verdict(found)


def fault_line(each: Audited) -> str:
    """One variant that an audit must not find, in a line."""
    told = "; ".join(f"{told.check}: {told.message.splitlines()[0]}" for told in each.told if told.message)
    where = _("{name} ({where}, line {line})").format(name=each.name, where=each.where, line=each.line)
    return f"{finding_word(each.finding)}: {where}" + (f": {told}" if told else "")


def verdict(found: Audit) -> str:
    """The audit in one sentence."""
    judged = found.count(MUTANT, Finding.caught, Finding.missed, Finding.inconclusive, Finding.broken)
    text = _("{caught} of {judged} mistakes caught, {accepted} of {right} right forms accepted, in {seconds} s.")
    return text.format(
        caught=found.count(MUTANT, Finding.caught),
        judged=judged,
        accepted=found.count(EQUIVALENT, Finding.accepted),
        right=found.count(EQUIVALENT, *COLUMNS[EQUIVALENT]),
        seconds=number(found.seconds),
    )


def html(found: Audit) -> str:
    """The page of an audit: each fault with its change, then the tables."""
    environment = page.environment()
    environment.filters.update(finding=finding_word, kind=kind_word, count=number)
    rules: dict[str, list[Audited]] = {}
    for each in found.variants:
        if each.finding is Finding.free:
            rules.setdefault(each.because, []).append(each)
    return environment.get_template("audit.html.j2").render(
        found=found,
        language=spoken(),
        _=_,
        verdict=verdict(found),
        kinds=(MUTANT, EQUIVALENT),
        columns=columns,
        rules=rules,
    )
