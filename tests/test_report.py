"""Reports: what each format says, to whom, in both languages; and the schema of ``result.json``."""

from __future__ import annotations

import itertools
import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import jsonschema
import msgspec
import pytest
from msgspec.structs import replace
from rich.console import Console

from checker.evidence import Ending, Place
from checker.language import speak
from checker.report import FORMATS, machine, schema, terminal, write
from checker.report import json as json_report
from checker.report.audience import Audience, seen_by
from checker.scorecard import CheckResult, Hidden, Note, Outcome, QuestionResult, Scorecard, Timing, Verdict

ROOT = Path(__file__).parent.parent
GRADED = msgspec.json.decode((ROOT / "tests/result_graded.json").read_bytes(), type=Scorecard)
FAILED = replace(
    GRADED,
    status="failed",
    ending=Ending.raised,
    score=0.0,
    questions=tuple(replace(q, score=0.0, verdict=Verdict.failed, checks=()) for q in GRADED.questions),
    notes=(
        Note(
            kind="failed",
            message="syntax error: invalid syntax\nCorrect this line.",
            location=Place("lab.py", 3),
            source="def small_model(:",
        ),
    ),
    timing=Timing(),
)
SECRETS = ("test_secret", "Zebra title", "Zebra message", "Zebra hint", "zebra_figure", "zebra_layer", "zebra.py")
SECRET = CheckResult(
    id="test_secret",
    title="Zebra title",
    outcome=Outcome.failed,
    visibility="hidden",
    max_score=1.0,
    message="Zebra message",
    hint="Zebra hint",
    location=Place("zebra.py", 3),
    source="zebra_layer()",
    evidence={"zebra_figure": 0.5},
)
WAITING = CheckResult(
    id="test_after",
    title="What follows",
    outcome=Outcome.blocked,
    message="waits for “Zebra title”",
    max_score=1.0,
)


def with_checks(*checks: CheckResult, card: Scorecard = GRADED) -> Scorecard:
    """The graded card with one more question."""
    question = QuestionResult(
        id="more", title="More", score=0.5, max_score=2.0, verdict=Verdict.partial, checks=checks
    )
    return replace(card, questions=(*card.questions, question))


def on_terminal(card: Scorecard, audience: Audience = "student", width: int = 200) -> str:
    console = Console(width=width, force_terminal=False)
    with console.capture() as captured:
        with terminal.progress(console, {q.id: q.title for q in card.questions}, audience) as told:
            for question in card.questions:
                for check in question.checks:
                    told(question.id, check)
        terminal.show(console, terminal.summary(card, audience))
    return captured.get()


RENDERERS = {**FORMATS, "terminal": on_terminal}


class Page(HTMLParser):
    """What a page is made of: tags with their attributes, and its text."""

    VOID = ("meta", "br")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())


def page(card: Scorecard, audience: Audience = "student") -> Page:
    return Page(FORMATS["html"](card, audience))


# --- who may read what


@pytest.mark.parametrize("name", RENDERERS)
@pytest.mark.parametrize("lang", ["fr", "en"])
def test_no_word_of_a_hidden_check_reaches_a_student(name: str, lang: str) -> None:
    speak(lang)
    card = with_checks(SECRET, WAITING)
    text = RENDERERS[name](card)
    assert [word for word in SECRETS if word in text] == []
    assert "What follows" in text


@pytest.mark.parametrize("name", RENDERERS)
def test_an_instructor_reads_all(name: str) -> None:
    text = RENDERERS[name](with_checks(SECRET, WAITING), "instructor")
    assert "Zebra title" in text
    assert "Zebra message" in text


def test_hidden_checks_are_counted_and_their_points_stay() -> None:
    seen = seen_by(with_checks(SECRET), "student")
    assert seen.hidden == Hidden(not_run=0, not_shown=1)
    assert seen.questions[-1].score == 0.5
    assert seen_by(seen, "student") == seen


@pytest.mark.parametrize(
    ("lang", "hidden", "said"),
    [
        ("en", Hidden(), "Checks passed: 15 of 17."),
        ("en", Hidden(not_run=2), "Public checks passed: 15 of 17; 2 hidden checks not run."),
        ("fr", Hidden(not_run=1), "Vérifications publiques réussies : 15 sur 17 ; 1 vérification cachée non exécutée."),
        ("en", Hidden(not_shown=1), "Public checks passed: 15 of 17; 1 hidden check not shown, counted in the points."),
    ],
)  # fmt: skip
def test_a_report_says_how_many_checks_passed_and_how_many_are_hidden(
    lang: str, hidden: Hidden, said: str
) -> None:
    speak(lang)
    passed = sum(check.outcome is Outcome.passed for check in GRADED.checks)
    said = said.replace("15", str(passed)).replace("17", str(len(GRADED.checks)))
    card = replace(GRADED, hidden=hidden)
    assert said in page(card).text.replace("\xa0", " ")
    assert said in on_terminal(card).replace("\xa0", " ")


# --- the page


@pytest.mark.parametrize(
    "card", [GRADED, FAILED, with_checks(SECRET, WAITING)], ids=["graded", "failed", "hidden"]
)
@pytest.mark.parametrize("lang", ["fr", "en"])
def test_the_page_stands_alone_and_is_well_formed(card: Scorecard, lang: str) -> None:
    speak(lang)
    made = page(card)
    assert made.open == []
    names = {tag for tag, _attributes in made.tags}
    assert names.isdisjoint({"script", "link", "img", "iframe"})
    for _tag, attributes in made.tags:
        assert str(attributes.get("href", "#")).startswith("#")
        assert "src" not in attributes
    ids = [attributes["id"] for _tag, attributes in made.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    targets = {str(attributes["href"])[1:] for tag, attributes in made.tags if tag == "a"}
    assert targets <= set(ids)
    levels = [int(tag[1]) for tag, _attributes in made.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    assert dict(made.tags)["html"]["lang"] == lang


def test_text_of_a_submission_is_only_text() -> None:
    evil = '<script>alert(1)</script>\x1b[31m‮\x00"><svg onload=x>'
    check = replace(SECRET, visibility="public", title=evil, message=evil, hint=evil, source=evil, id="test_evil")
    card = replace(with_checks(check), submission=replace(GRADED.submission, id=evil, main_file=evil))
    text = FORMATS["html"](card)
    assert "<script" not in text
    assert "<svg onload" not in text
    assert "\x1b" not in text
    assert "‮" not in text


def test_french_spaces_survive() -> None:
    speak("fr")
    check = replace(SECRET, visibility="public", message="203\u202f434 paramètres\xa0: trop")
    assert "203\u202f434 paramètres\xa0: trop" in FORMATS["html"](with_checks(check))


def test_a_french_line_never_begins_with_a_colon() -> None:
    speak("fr")
    check = replace(SECRET, visibility="public", message="`x : y` : 203 434 paramètres ; pourquoi ?")
    text = FORMATS["html"](with_checks(check))
    assert "</code>\xa0: 203\xa0434 paramètres\xa0; pourquoi\xa0?" in text


def test_a_long_message_is_cut_and_says_so() -> None:
    check = replace(SECRET, visibility="public", message="x" * 9000)
    assert "[5,000 more characters]" in page(with_checks(check)).text
    assert "x" * 1001 not in on_terminal(with_checks(check))


def test_the_line_itself_stands_beside_its_number() -> None:
    check = replace(SECRET, visibility="public", location=Place("lab.ipynb", 4, 3), source="model.fit(X_train)")
    for text in (page(with_checks(check)).text, on_terminal(with_checks(check))):
        assert "lab.ipynb, cell 3, line 4" in text
        assert "model.fit(X_train)" in text


def test_the_models_are_drawn_with_their_formulas_and_a_text_for_who_cannot_see() -> None:
    text = FORMATS["html"](GRADED)
    drawing = ET.fromstring(text[text.index("<svg") : text.index("</svg>") + 6])
    ids = str(drawing.get("aria-labelledby")).split()
    described = {element.get("id"): element.text for element in drawing.iter() if element.get("id")}
    assert described.keys() == set(ids)
    assert "MaxPooling2D 2 × 2: too many." in str(described[ids[1]])
    assert "(375 + 1) × 128 = 48,128" in text
    assert "59,933 parameters" in text
    assert "203,933 parameters" in text


def test_what_could_not_be_read_is_told_with_its_line_and_no_verdict() -> None:
    text = page(FAILED).text
    assert "This could not be graded" in text
    assert "lab.py, line 3" in text
    assert "def small_model(:" in text
    assert "to be worked on" not in text


@pytest.mark.parametrize("kind", ["raised", "timed_out", "killed"])
def test_where_the_code_stops_comes_before_the_questions(kind: str) -> None:
    note = Note(kind=kind, message="This stops with NameError", location=Place("lab.py", 9))
    text = page(replace(GRADED, notes=(note,))).text
    assert text.index("Where your code stops") < text.index("NameError") < text.index("Questions")


# --- the terminal


def test_a_narrow_terminal_wraps_beside_the_mark() -> None:
    console = Console(width=44, force_terminal=True, color_system=None)
    with console.capture() as captured:
        for check in GRADED.checks:
            terminal.show(console, terminal.check_lines(check))
        terminal.show(console, terminal.summary(GRADED))
    lines = captured.get().splitlines()
    assert max(map(len, lines)) <= 44
    first = next(number for number, line in enumerate(lines) if line.startswith(" ✗ "))
    assert lines[first + 1].startswith("   ")


def test_elsewhere_a_line_stays_whole() -> None:
    message = "a sentence of many words " * 12
    check = replace(SECRET, visibility="public", message=message)
    assert message in on_terminal(with_checks(check), width=44)


# --- JUnit


@pytest.mark.parametrize(
    "card", [GRADED, FAILED, with_checks(SECRET, WAITING)], ids=["graded", "failed", "hidden"]
)
def test_junit_counts_what_it_holds(card: Scorecard) -> None:
    root = ET.fromstring(FORMATS["junit"](card))
    assert root.tag == "testsuites"
    names = []
    for suite in root:
        assert suite.tag == "testsuite"
        cases = suite.findall("testcase")
        assert int(suite.attrib["tests"]) == len(cases) > 0
        for count, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert int(suite.attrib[count]) == len(suite.findall(f"testcase/{tag}"))
            assert int(root.attrib[count]) == sum(int(each.attrib[count]) for each in root)
        assert {child.tag for child in suite} <= {"properties", "testcase"}
        for case in cases:
            names.append((case.attrib["classname"], case.attrib["name"]))
            assert float(case.attrib["time"]) >= 0
            assert len(case) <= 1
    assert int(root.attrib["tests"]) == len(names) == len(set(names))
    assert (card.status == "failed") == (names == [("cnn_mnist.submission", "read")])


def test_junit_holds_no_character_that_xml_forbids() -> None:
    check = replace(SECRET, visibility="public", message="\x00\x1b\ud800 & <b>")
    failure = ET.fromstring(FORMATS["junit"](with_checks(check))).find(".//failure[@message]")
    assert failure is not None
    case = ET.fromstring(FORMATS["junit"](with_checks(check))).find(".//testcase[@name='test_secret']/failure")
    assert case is not None
    assert case.attrib["message"] == "\ufffd\ufffd\ufffd & <b>"


# --- JSON and its schema


@pytest.mark.parametrize(
    "card",
    [GRADED, FAILED, with_checks(SECRET, WAITING), with_checks(replace(SECRET, evidence={"loss": float("nan")}))],
    ids=["graded", "failed", "hidden", "not a number"],
)
@pytest.mark.parametrize("audience", ["student", "instructor"])
def test_a_result_follows_the_schema(card: Scorecard, audience: Audience) -> None:
    result = json.loads(json_report.render(card, audience))
    jsonschema.validate(result, schema.schema(), jsonschema.Draft202012Validator)


def test_the_schema_refuses_what_is_no_result() -> None:
    right = json.loads(json_report.render(GRADED))
    for wrong in (
        {**right, "schema": "labcheck/result/2"},
        {**right, "status": "done"},
        {name: value for name, value in right.items() if name != "ending"},
    ):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, schema.schema(), jsonschema.Draft202012Validator)


def test_the_schema_file_is_that_of_the_structs() -> None:
    jsonschema.Draft202012Validator.check_schema(schema.schema())
    command = [sys.executable, "-m", "checker.report.schema"]
    made = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout
    assert (ROOT / "docs/result.schema.json").read_text("utf-8") == made


def test_every_field_of_the_schema_is_documented() -> None:
    text = (ROOT / "docs/result.md").read_text("utf-8")
    for name, definition in schema.schema()["$defs"].items():
        for field in definition.get("properties", ()):
            assert f"`{field}`" in text, f"{name}.{field}"
        for word in definition.get("enum", ()):
            assert f"`{word}`" in text, f"{name}: {word}"


def test_a_result_reads_back_and_its_scores_have_two_decimals() -> None:
    text = json_report.render(GRADED)
    assert msgspec.json.decode(text, type=Scorecard) == GRADED
    scores = re.findall(r'"(?:max_)?score": (\S+?),?\n', text)
    assert len(scores) > 30
    assert all(re.fullmatch(r"\d+\.\d{1,2}", score) for score in scores)


def test_a_file_name_that_is_not_utf8_can_still_be_written(tmp_path: Path) -> None:
    card = replace(GRADED, submission=replace(GRADED.submission, main_file="caf\udce9.py"))
    for name, render in FORMATS.items():
        write(render(card), tmp_path / "deep" / name)
    assert json.loads((tmp_path / "deep" / "json").read_text("utf-8"))["submission"]["main_file"] == "caf\udce9.py"
    assert sorted(path.name for path in (tmp_path / "deep").iterdir()) == sorted(FORMATS)


# --- a machine


def test_a_package_that_is_missing_comes_with_a_way_to_get_it() -> None:
    lines = list(machine.packages({"numpy": "2.4", "keras": "", "h5py": ""}))
    assert lines[-1].endswith("python -m pip install keras h5py")
    assert len(list(machine.packages({"numpy": "2.4"}))) == 1


HELD = {"files": "landlock 7", "network": "namespace + seccomp", "signals": "landlock 7", "limits": "rlimit"}


@pytest.mark.parametrize(
    ("parts", "missing", "said"),
    [
        (HELD, (), ""),
        (HELD, ("user_namespace",), "apparmor_restrict_unprivileged_userns"),
        ({**HELD, "files": ""}, ("landlock",), "Linux 5.13"),
        ({**HELD, "signals": ""}, ("landlock scopes",), "Linux 6.12"),
        ({**HELD, "network": ""}, ("seccomp",), "x86-64 or ARM64"),
        ({**HELD, "network": ""}, ("flux capacitor",), "flux capacitor is missing"),
        ({}, ("landlock", "seccomp", "user_namespace"), "WSL 2"),
    ],
)
def test_what_isolation_lacks_comes_with_a_way_to_get_it(
    parts: dict[str, str], missing: tuple[str, ...], said: str
) -> None:
    lines = list(machine.isolation(parts, missing))
    advice = [line for line in lines if line.startswith("→")]
    assert [said in line for line in advice] == [True] * bool(said)
    assert ("only your instructor's run" in lines[-1]) == any(not parts.get(name) for name in HELD)


# --- languages


ENGLISH = re.compile(r"\b(?:the|your|with|instead|missing|right|wrong|expected|found|checks?|line|cell)\b")


@pytest.mark.parametrize("card", [GRADED, FAILED], ids=["graded", "failed"])
def test_a_french_page_has_no_english_of_ours(card: Scorecard) -> None:
    speak("fr")
    bare = replace(
        card,
        notes=tuple(replace(note, message="") for note in card.notes),
        questions=tuple(
            replace(
                question,
                title="",
                checks=tuple(replace(check, title="", message="", hint="") for check in question.checks),
            )
            for question in card.questions
        ),
        environment=replace(card.environment, data=""),
    )
    text = page(bare).text
    assert ENGLISH.findall(text) == []
