"""JUnit XML: a test suite a question, a test case a check."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from checker.report.words import place_text
from checker.scorecard import CheckResult, Outcome, Scorecard

# what XML 1.0 cannot hold
FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(card: Scorecard) -> str:
    """The scorecard as JUnit XML."""
    root = ET.Element("testsuites", name=f"labcheck {card.lab}")
    for question in card.questions:
        outcomes = [check.outcome for check in question.checks]
        suite = ET.SubElement(
            root,
            "testsuite",
            name=question.id,
            tests=str(max(1, len(outcomes))),
            failures=str(outcomes.count(Outcome.failed) + (not outcomes and card.status == "failed")),
            errors=str(outcomes.count(Outcome.broken)),
            skipped=str(outcomes.count(Outcome.blocked)),
            time=f"{card.timing.questions.get(question.id, 0.0):.3f}",
        )
        for check in question.checks:
            _case(suite, f"{card.lab}.{question.id}", check)
        if not question.checks and card.status == "failed":
            case = ET.SubElement(
                suite, "testcase", classname=f"{card.lab}.{question.id}", name=question.id, time="0"
            )
            ET.SubElement(
                case, "failure", message=_clean(card.notes[0].message if card.notes else card.ending.value)
            )
    ET.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _case(suite: ET.Element, owner: str, check: CheckResult) -> None:
    case = ET.SubElement(suite, "testcase", classname=owner, name=check.id, time="0")
    tag = {Outcome.failed: "failure", Outcome.broken: "error", Outcome.blocked: "skipped"}.get(check.outcome)
    if tag:
        text = ET.SubElement(case, tag, message=_clean(check.message))
        text.text = _clean(f"{place_text(check.location)}\n{check.hint}".strip())


def _clean(text: str) -> str:
    return FORBIDDEN.sub("\ufffd", text)
