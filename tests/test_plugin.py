"""A rubric of an instructor's own, through pytest and through a session: points, requires, hidden, weight, fractions."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from checker import session
from checker.course import Course
from checker.errors import CourseError
from checker.scorecard import QuestionResult, Scorecard
from checker.server import Server

pytestmark = pytest.mark.sandbox

RUBRIC = """
lab: toy
title: {fr: "Jouet", en: "Toy"}
names:
  double: {kind: function, parameters: [x]}
  shout: {kind: function, parameters: [text]}
questions:
  - id: numbers
    points: 4
    title: {fr: "Nombres", en: "Numbers"}
    checks:
      test_two: {text: {fr: "Le double de 2", en: "Twice 2"}, hint: {fr: "2 x", en: "2 x"}}
      test_many: {text: {fr: "Le double de beaucoup", en: "Twice many"}}
      test_secret: {text: {fr: "Rien du tout", en: "Nothing at all"}}
  - id: words
    points: 1
    title: {fr: "Mots", en: "Words"}
    checks:
      test_shout: {text: {fr: "Crier", en: "Shout"}}
      test_again: {text: {fr: "Crier encore", en: "Shout again"}}
explanations:
  - {match: "TypeError: can only concatenate", text: {fr: "Un nombre n'est pas un mot.", en: "A number is no word."}}
says:
  wrong: {fr: "{found} au lieu de {expected}", en: "{found} instead of {expected}"}
"""
CHECKS = """
from checker.rubric import Inconclusive, question


@question("numbers")
def test_two(student, say):
    found = student.double(2)
    assert found == 4, say("wrong", at=student.place("double"), found=found, expected=4)


@question("numbers", weight=3, requires=["test_two"])
def test_many(student, reference, award):
    right = [x for x in range(10) if student.double(x) == reference.double(x)]
    award(len(right) / 10)
    award.measured(right=len(right))
    assert len(right) == 10


@question("numbers", hidden=True)
def test_secret(student):
    assert student.double(0) == 0


@question("words")
def test_shout(student):
    if student.shout("?") == "?":
        raise Inconclusive("cannot tell")
    assert student.shout("a") == "A"


@question("words")
def test_again(student):
    assert student.shout("ab") == "AB"
"""
REFERENCE = "def double(x):\n    return 2 * x\n\n\ndef shout(text):\n    return text.upper()\n"


@pytest.fixture
def course(tmp_path: Path) -> Course:
    for folder in ("rubrics/toy", "reference/toy", "student_template/toy"):
        (tmp_path / "course" / folder).mkdir(parents=True)
    write(tmp_path, "rubrics/toy/rubric.yaml", RUBRIC)
    write(tmp_path, "rubrics/toy/test_toy.py", CHECKS)
    write(tmp_path, "reference/toy/toy.py", REFERENCE)
    return Course(tmp_path / "course")


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / "course" / name
    path.write_text(text, "utf-8")
    return path


def graded(course: Course, server: Server, code: str, **more: object) -> dict[str, QuestionResult]:
    return {question.id: question for question in card_of(course, server, code, **more).questions}


def card_of(course: Course, server: Server, code: str, **more: object) -> Scorecard:
    path = course.folder / "work.py"
    path.write_text(code, "utf-8")
    request = session.Request(lab=course.lab("toy"), path=path, data="embedded", **more)  # type: ignore[arg-type]
    return session.check(request, lambda _question, _check: None, server)


def outcomes(question: QuestionResult) -> list[tuple[str, str, float]]:
    return [(check.id, check.outcome.value, check.score) for check in question.checks]


def test_right_work_gets_every_point_and_hidden_checks_only_run_for_an_instructor(
    course: Course, server: Server
) -> None:
    card = card_of(course, server, REFERENCE)
    assert (card.score, card.max_score, card.hidden.not_run) == (5.0, 5.0, 1)
    assert [check.id for check in card.questions[0].checks] == ["test_two", "test_many"]
    seen = graded(course, server, REFERENCE, hidden=True)["numbers"]
    assert outcomes(seen) == [
        ("test_two", "passed", 0.8),
        ("test_many", "passed", 2.4),
        ("test_secret", "passed", 0.8),
    ]


def test_what_depends_on_a_failed_check_is_blocked_and_points_at_it(course: Course, server: Server) -> None:
    numbers = graded(course, server, "def double(x):\n    return x + 1\n" + REFERENCE.partition("\n\n\n")[2])[
        "numbers"
    ]
    assert outcomes(numbers) == [("test_two", "failed", 0.0), ("test_many", "blocked", 0.0)]
    two, many = numbers.checks
    assert (two.message, two.hint) == ("3 instead of 4", "2 x")
    assert two.location is not None
    assert (two.location.line, two.source) == (1, "def double(x):")
    assert many.message == "Waits for: Twice 2"


def test_a_share_of_the_points_is_won_and_never_rounds_to_all(course: Course, server: Server) -> None:
    code = REFERENCE.replace("return 2 * x", "return 2 * x if x < 7 else 0")
    numbers = graded(course, server, code)["numbers"]
    assert outcomes(numbers) == [("test_two", "passed", 1.0), ("test_many", "failed", 2.1)]
    assert (numbers.score, numbers.verdict.value) == (3.1, "partial")
    assert numbers.checks[1].evidence == {"right": 7}


def test_an_error_is_explained_once_and_in_the_words_of_the_rubric(course: Course, server: Server) -> None:
    words = graded(course, server, REFERENCE.replace("text.upper()", "text + 1"))["words"]
    assert [check.outcome.value for check in words.checks] == ["failed", "blocked"]
    assert words.checks[0].message.endswith("A number is no word.")
    assert words.checks[0].location is not None
    assert words.checks[0].location.line == 6


def test_the_same_fault_told_again_keeps_the_points_that_it_won_and_is_no_waiting(
    course: Course, server: Server
) -> None:
    old = "    right = [x for x in range(10) if student.double(x) == reference.double(x)]\n    award(len(right) / 10)\n"
    new = '    award(0.5)\n    assert (found := student.double(2)) == 4, say("wrong", at=student.place("double"), '
    checks = CHECKS.replace("student, reference, award", "student, award, say")
    checks = checks.replace(', requires=["test_two"]', "")
    checks = checks.replace(old, new + "found=found, expected=4)\n    right = range(10)\n")
    write(course.folder.parent, "rubrics/toy/test_toy.py", checks)
    numbers = graded(course, server, REFERENCE.replace("2 * x", "x + 1"))["numbers"]
    assert outcomes(numbers) == [("test_two", "failed", 0.0), ("test_many", "failed", 1.5)]
    assert numbers.checks[1].message == "For the same reason as: Twice 2"


def test_what_cannot_be_decided_gives_the_points(course: Course, server: Server) -> None:
    words = graded(course, server, REFERENCE.replace("return text.upper()", "return text"))["words"]
    assert outcomes(words) == [("test_shout", "inconclusive", 0.5), ("test_again", "failed", 0.0)]


def test_a_check_that_breaks_is_the_rubrics_fault(course: Course, server: Server) -> None:
    write(course.folder.parent, "rubrics/toy/test_toy.py", CHECKS.replace('student.shout("ab")', "undefined"))
    card = card_of(course, server, REFERENCE)
    assert card.broken
    words = card.questions[1]
    assert (words.verdict.value, words.checks[1].outcome.value) == ("error", "broken")
    assert "NameError" in words.checks[1].message


def test_a_rubric_that_cannot_be_collected_is_told(course: Course, server: Server) -> None:
    write(course.folder.parent, "rubrics/toy/test_toy.py", "import nowhere\n")
    with pytest.raises(CourseError, match="nowhere"):
        card_of(course, server, REFERENCE)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("points: 4", "points: four", "rubric.yaml:9"),
        ("points: 4", "point: 4", "rubric.yaml"),
        ("id: words", "id: numbers", "same id"),
        ("title: {", "title: {{", "not valid YAML"),
        ('match: "TypeError: can only concatenate"', 'match: "("', "regular expression"),
    ],
)
def test_a_mistake_in_the_rubric_is_told_with_its_line(course: Course, old: str, new: str, said: str) -> None:
    write(course.folder.parent, "rubrics/toy/rubric.yaml", RUBRIC.replace(old, new, 1))
    with pytest.raises(CourseError) as told:
        _ = course.lab("toy").rubric
    assert said in str(told.value)


def test_a_question_that_is_not_there_is_told_with_the_nearest(course: Course, server: Server) -> None:
    with pytest.raises(CourseError, match="did you mean 'words'"):
        card_of(course, server, REFERENCE, questions=("word",))


def test_one_question_only(course: Course, server: Server) -> None:
    card = card_of(course, server, REFERENCE, questions=("words",))
    assert (card.score, card.max_score) == (1.0, 1.0)
    assert [question.verdict.value for question in card.questions] == ["skipped", "pass"]


def test_pytest_itself_runs_a_rubric_with_all_that_it_has(course: Course, tmp_path: Path) -> None:
    work, junit = tmp_path / "work.py", tmp_path / "junit.xml"
    work.write_text(REFERENCE.replace("text.upper()", "text"), "utf-8")
    command = [
        sys.executable, "-m", "pytest", course.folder / "rubrics" / "toy", "--submission", work, "--lab-lang", "fr",
        "--lab-data", "embedded", "-k", "two or again", "--junitxml", junit, "-p", "no:cacheprovider",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False, timeout=300)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "1 failed, 1 passed" in done.stdout
    cases = {case.get("name"): case.find("failure") for case in ET.parse(junit).iter("testcase")}
    assert cases["test_two"] is None
    assert cases["test_again"] is not None


def test_without_a_submission_the_plugin_is_inert(tmp_path: Path) -> None:
    (tmp_path / "test_own.py").write_text("def test_mine():\n    assert 1 + 1 == 2\n")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert "1 passed" in done.stdout
