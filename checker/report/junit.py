"""JUnit XML: a test suite a question, a test case a check; its points are properties."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from checker.report import words
from checker.report.audience import Audience, seen_by
from checker.scorecard import CheckResult, Outcome, QuestionResult, Scorecard

# what XML 1.0 cannot hold
FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
TAGS = {Outcome.failed: "failure", Outcome.broken: "error", Outcome.blocked: "skipped"}


def render(card: Scorecard, audience: Audience = "student") -> str:
    """The scorecard as JUnit XML; what could not be read at all is one failure."""
    seen = seen_by(card, audience)
    suites = [_suite(card, question) for question in seen.questions if question.checks]
    if card.status == "failed":
        suites = [_unread(card)]
    root = ET.Element("testsuites", name=f"labcheck {card.lab}")
    for count in ("tests", "failures", "errors", "skipped"):
        root.set(count, str(sum(int(suite.get(count, "0")) for suite in suites)))
    root.set("time", f"{card.timing.total_s:.3f}")
    root.extend(suites)
    ET.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _suite(card: Scorecard, question: QuestionResult) -> ET.Element:
    outcomes = [check.outcome for check in question.checks]
    suite = ET.Element(
        "testsuite",
        name=question.id,
        tests=str(len(outcomes)),
        failures=str(outcomes.count(Outcome.failed)),
        errors=str(outcomes.count(Outcome.broken)),
        skipped=str(outcomes.count(Outcome.blocked)),
        time=f"{card.timing.questions.get(question.id, 0.0):.3f}",
    )
    properties = ET.SubElement(suite, "properties")
    for name, value in (("title", question.title), ("score", question.score), ("max_score", question.max_score)):
        ET.SubElement(properties, "property", name=name, value=_clean(str(value)))
    for check in question.checks:
        _case(suite, f"{card.lab}.{question.id}", check)
    return suite


def _case(suite: ET.Element, owner: str, check: CheckResult) -> None:
    case = ET.SubElement(suite, "testcase", classname=owner, name=check.id, time="0")
    parts = (check.title, check.message, words.place_text(check.location), check.source, check.hint)
    text = _clean("\n".join(part for part in parts if part))
    if check.outcome in TAGS:
        ET.SubElement(case, TAGS[check.outcome], message=_clean(check.message or check.title)).text = text
    elif check.message:
        ET.SubElement(case, "system-out").text = text


def _unread(card: Scorecard) -> ET.Element:
    message = _clean("\n".join(note.message for note in card.notes) or card.ending.value)
    suite = ET.Element("testsuite", name="submission", tests="1", failures="1", errors="0", skipped="0", time="0")
    case = ET.SubElement(suite, "testcase", classname=f"{card.lab}.submission", name="read", time="0")
    places = [words.place_text(note.location) for note in card.notes if note.location]
    ET.SubElement(case, "failure", message=message).text = _clean("\n".join([message, *places]))
    return suite


def _clean(text: str) -> str:
    return FORBIDDEN.sub("\ufffd", text)
