"""The class at a glance, and two submissions side by side: what is told, to whom it links, and what it costs."""

from __future__ import annotations

import base64
import hashlib
import itertools
import re
import weakref
from collections.abc import Callable, Iterator, Sequence
from html.parser import HTMLParser
from pathlib import Path

import pytest
from msgspec.structs import replace

from checker.evidence import Ending
from checker.gradebook import Entry, Override
from checker.language import speak
from checker.report import beside, histogram, overview
from checker.report.cohort import Cohort, gather
from checker.report.overview import SimilarPair
from checker.report.prose import prose, share
from checker.scorecard import (
    CheckResult,
    Environment,
    Note,
    Outcome,
    QuestionResult,
    Scorecard,
    SubmissionId,
    Timing,
    Verdict,
    total,
    verdict,
)

TEMPLATES = Path(overview.__file__).parent / "templates"
QUESTIONS = (("data", "Load the images", 4.0), ("model", "The small network", 6.0))
EVIL = "<script>alert(1)</script>\"' onload=x>\x1b[31m\u202e\ud800"
VOID = ("meta", "br", "col", "input")
# what stands apart from what is around it
APART = ("th", "td", "li", "p", "div", "small")
MACHINE = Environment(
    python="3.11.7",
    keras="3.15.1",
    tensorflow="2.21.0",
    labcheck="0.1.0",
    data="digits",
    isolation={"mode": "auto", "files": "landlock", "network": False, "missing": ["signals"]},
    seed=1,
)


def failed(message: str = "", name: str = "test_model", **more: object) -> CheckResult:
    """A check of the second question that was not passed."""
    fields = {"title": f"{name} holds", "outcome": Outcome.failed, "max_score": 6.0, "message": message, **more}
    return CheckResult(id=name, **fields)  # type: ignore[arg-type]


def card(data: float = 4.0, model: float = 6.0, *checks: CheckResult, **more: object) -> Scorecard:
    """A graded submission that won so many points, with these checks in its second question."""
    questions = tuple(
        QuestionResult(
            id=id_, title=title, score=won, max_score=most, verdict=verdict(won, most, ()), checks=checks if id_ == "model" else ()
        )
        for (id_, title, most), won in zip(QUESTIONS, (data, model), strict=True)
    )  # fmt: skip
    graded = Scorecard(
        lab="cnn_mnist",
        course_digest="b40d307c03cbc62f1e15ddad41dafbc7",
        submission=SubmissionId(id="x", main_file="lab.py", sha256="0" * 64),
        status="graded",
        ending=Ending.finished,
        score=total((data, model)),
        max_score=10.0,
        questions=questions,
        notes=(),
        environment=MACHINE,
        timing=Timing(),
    )
    return replace(graded, **more)


def unread(message: str = "syntax error: invalid syntax\nCorrect this line.") -> Scorecard:
    """A submission that could not be read."""
    none = tuple(replace(each, score=0.0, verdict=Verdict.skipped, checks=()) for each in card().questions)
    return replace(
        card(),
        status="failed",
        ending=Ending.raised,
        score=0.0,
        questions=none,
        notes=(Note(kind="failed", message=message),),
        environment=replace(MACHINE, keras="3.9.9", tensorflow="", data="", isolation={"mode": "auto"}),
    )


class Page(HTMLParser):
    """What a page is made of: tags with their attributes, the text of each section, and the script."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {"": []}
        self.script = ""
        self.open: list[str] = []
        self.section = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._apart(tag)
        if tag == "h2":
            self.section = dict(attrs).get("id") or ""
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
        self._apart(tag)

    def handle_data(self, data: str) -> None:
        match self.open[-1:]:
            case ["script"]:
                self.script += data
            case ["style"]:
                pass
            case _:
                self.texts.setdefault(self.section, []).append(data)

    def _apart(self, tag: str) -> None:
        if tag in APART:
            self.texts.setdefault(self.section, []).append(" ")

    def said(self, section: str) -> str:
        """The text of a section; "" where the page has none such."""
        return " ".join("".join(self.texts.get(section, ())).replace("\xa0", " ").split())

    @property
    def text(self) -> str:
        return " ".join(map(self.said, self.texts))

    @property
    def sections(self) -> list[str]:
        return [attributes["id"] or "" for tag, attributes in self.tags if tag == "h2" and "id" in attributes]

    @property
    def hrefs(self) -> set[str]:
        return {str(attributes["href"]) for tag, attributes in self.tags if tag == "a"}

    @property
    def lines(self) -> list[set[str]]:
        """What each line of the table can be found by."""
        return [
            set(str(attributes["data-is"]).split()) for _tag, attributes in self.tags if "data-is" in attributes
        ]


def written(
    entries: Sequence[Entry] | Callable[[], Iterator[Entry]], pairs: Sequence[SimilarPair] = (), title: str = "CNN"
) -> str:
    def given() -> Iterator[Entry]:
        return iter(entries() if callable(entries) else entries)

    return "".join(overview.html(title, "cnn_mnist", QUESTIONS, given, pairs))


def page(*entries: Entry, pairs: Sequence[SimilarPair] = ()) -> Page:
    return Page(written(entries, pairs))


def counted(*entries: Entry) -> Cohort:
    return gather(entries, QUESTIONS, overview.ran_with)


def everything() -> tuple[Entry, ...]:
    """A class with all that can happen."""
    return (
        Entry(id="ann", student="Ann", account="a1", group="TD1", card=card()),
        Entry(id="bob", student="Bob", account="b1", card=card(4.0, 1.27, failed("59,933 parameters")), penalty=2.0),
        Entry(id="cy", card=card(0.0, 0.0, failed("60,001 parameters")), override=Override(mark=5.5, comment="Seen")),
        Entry(id="dot", student="Dot", card=unread(), remarks=("Nothing was handed in.",)),
        Entry(id="eve", student="Eve", problem="the sandbox process ended"),
        Entry(id="flo", student="Flo"),
        Entry(id="gil", student="Gil", card=card(4.0, 6.0, ending=Ending.timed_out)),
        Entry(id="hal", student="Hal", card=card(4.0, 6.0, failed("Too close", outcome=Outcome.inconclusive))),
        Entry(id="ida", student="Ida", card=card(4.0, 0.0, failed("TypeError: None", outcome=Outcome.broken))),
        Entry(id="joe", student="Joe", card=card(4.0, 3.0, environment=replace(MACHINE, keras="3.5.0"))),
        Entry(id="kim", student="Kim", card=card(4.0, 0.0, failed("Zebra", "test_zebra", visibility="hidden"))),
    )  # fmt: skip


PAIR = SimilarPair(one="ann", other="gil", share=0.998, href="similar/1.html")


# --- the page as a whole


@pytest.mark.parametrize("lang", ["fr", "en"])
@pytest.mark.parametrize(
    "entries",
    [everything(), (), (Entry(id="x"),), (Entry(id="x", card=unread()),)],
    ids=["all", "none", "waiting", "unread"],
)
def test_the_page_stands_alone_and_is_well_formed(entries: Sequence[Entry], lang: str) -> None:
    speak(lang)
    made = page(*entries, pairs=[PAIR] if len(entries) > 1 else [])
    assert made.open == []
    assert {tag for tag, _attributes in made.tags}.isdisjoint({"link", "img", "iframe", "form"})
    assert not any(
        "src" in attributes or name.startswith("on") for _tag, attributes in made.tags for name in attributes
    )
    ids = [attributes["id"] for _tag, attributes in made.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {href[1:] for href in made.hrefs if href.startswith("#")} <= set(ids)
    levels = [int(tag[1]) for tag, _attributes in made.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    assert dict(made.tags)["html"]["lang"] == lang
    assert all(attributes.get("scope") in ("col", "row") for tag, attributes in made.tags if tag == "th")


def test_every_section_is_there_and_in_its_order() -> None:
    made = page(*everything(), pairs=[PAIR])
    assert made.sections == [
        "todo", "marks", "submissions", "ungraded", "rubric", "hardest", "slips", "undecided", "endings", "alike",
        "conditions",
    ]  # fmt: skip


def test_what_to_do_comes_first_and_leads_there() -> None:
    made = page(*everything(), pairs=[PAIR])
    said = made.said("todo")
    for sentence in (
        "1 submission could not be graded, which is not its fault: run labcheck grade again.",
        "1 submission is not graded yet: run labcheck grade again.",
        "1 check stops by an error of the rubric: correct it, then run labcheck regrade.",
        "1 submission could not be read and has no points",
        "1 submission was stopped before its end",
        "1 submission has a check that could not be decided",
        "1 pair of submissions is alike: something to look at.",
        "Not all submissions were graded under the same conditions",
    ):
        assert sentence in said
    assert {
        f"#{name}" for name in ("ungraded", "rubric", "endings", "undecided", "alike", "conditions")
    } <= made.hrefs


def test_a_class_without_any_trouble_says_so() -> None:
    made = page(Entry(id="ann", card=card()), Entry(id="bob", card=card(4.0, 3.0)))
    assert "Nothing needs your attention" in made.text
    assert "todo" not in made.sections


def test_an_empty_class_says_so_and_needs_no_script() -> None:
    made = page()
    assert "0 of 0 submissions are graded." in made.text
    assert "There is no submission yet." in made.text
    assert made.sections == ["submissions"]
    assert made.script == ""


def test_a_class_of_which_nothing_could_be_graded_shows_no_questions() -> None:
    made = page(Entry(id="ann", problem="no sandbox"), Entry(id="bob", card=unread()))
    assert "0 of 2 submissions are graded; 0 have full marks; the median mark is 0 of 10." in made.text
    assert made.sections == ["todo", "marks", "submissions", "ungraded", "conditions"]
    assert "no sandbox" in made.said("ungraded")
    assert "syntax error: invalid syntax Correct this line." in made.said("ungraded")


def test_a_class_that_waits_has_no_marks() -> None:
    made = page(Entry(id="ann"), Entry(id="bob"))
    assert made.sections == ["todo", "submissions", "ungraded"]
    assert "2 submissions are not graded yet" in made.said("todo")


def test_only_the_script_of_the_page_may_run() -> None:
    made = page(*everything())
    policy = next(str(attributes["content"]) for _tag, attributes in made.tags if "http-equiv" in attributes)
    digest = base64.b64encode(hashlib.sha256(made.script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert re.findall(r"'unsafe-\S+", policy) == ["'unsafe-inline';"]
    assert "style-src 'unsafe-inline'" in policy


def test_the_script_finds_what_it_asks_for() -> None:
    made = page(*everything())
    asked = set(re.findall(r'getElementById\("(\w+)"\)', made.script))
    assert len(asked) == 6
    assert asked <= {attributes.get("id") for _tag, attributes in made.tags}
    assert "innerHTML" not in made.script
    assert not re.search(r"https?://|fetch|</|<!--", made.script)


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_text_of_a_submission_is_only_text(lang: str) -> None:
    speak(lang)
    check = failed(EVIL, title=EVIL)
    entries = (
        Entry(id="ann", student=EVIL, account=EVIL, group=EVIL, remarks=(EVIL,), card=card(4.0, 0.0, check)),
        Entry(id="bob", student=EVIL, card=unread(EVIL), override=Override(comment=EVIL)),
        Entry(id='a/b"<c>', problem=EVIL, card=None),
        Entry(
            id='d/e"<f>', student="Dee", card=card(environment=replace(MACHINE, data=EVIL, isolation={EVIL: EVIL}))
        ),
    )
    pair = SimilarPair(one="ann", other='d/e"<f>', share=1.0, href='"><svg onload=x>')
    text = written(entries, [pair], EVIL)
    assert text.encode()
    assert "<script>alert" not in text
    assert "<svg onload" not in text
    assert not re.search("[\x1b\u202e]", text)
    assert page(*entries).open == []
    assert "d%2Fe%22%3Cf%3E/instructor.html" in Page(text).hrefs


def test_a_report_that_is_not_there_is_not_linked_to() -> None:
    assert {href for href in page(*everything()).hrefs if not href.startswith("#")} == {
        f"{name}/instructor.html" for name in ("ann", "bob", "cy", "dot", "gil", "hal", "ida", "joe", "kim")
    }


def test_no_more_than_one_submission_is_in_memory_at_a_time() -> None:
    class Tracked(Entry, weakref=True, frozen=True):
        pass

    given: list[weakref.ref[Tracked]] = []
    most = calls = 0

    def entries() -> Iterator[Entry]:
        nonlocal most, calls
        calls += 1
        for number in range(300):
            entry = Tracked(id=f"s{number}", card=card(4.0, number % 7, failed(f"found {number}")))
            given.append(weakref.ref(entry))
            most = max(most, sum(each() is not None for each in given))
            yield entry
            del entry

    pieces = list(overview.html("CNN", "cnn_mnist", QUESTIONS, entries))
    assert calls == 2
    assert most <= 3
    assert len(pieces) > 20
    assert max(map(len, pieces)) < 40_000


def test_the_same_class_makes_the_same_page() -> None:
    later = tuple(
        replace(each, card=each.card and replace(each.card, timing=Timing(total_s=9.9, sandbox_s=1.0)))
        for each in everything()
    )
    assert written(everything(), [PAIR]) == written(later, [PAIR])


def test_the_page_speaks_french() -> None:
    speak("fr")
    text = page(*everything(), pairs=[PAIR]).text
    for said in (
        "Copies semblables",
        "Conditions de l'exécution",
        "1,27",
        "illisible",
        "99 %",
        "copies corrigées",
    ):
        assert said in text.replace("\u202f", " ")
    found = re.findall(r"\b(?:submissions?|marks?|graded|rubric|which|were|with)\b", text)
    assert found == []


# --- figures


def test_the_mark_that_counts_is_counted() -> None:
    cohort = counted(
        Entry(id="a", card=card()),
        Entry(id="b", card=card(), penalty=2.5),
        Entry(id="c", card=card(0.0, 0.0), override=Override(mark=10.0)),
        Entry(id="d", card=unread()),
        Entry(id="e", override=Override(mark=3.25)),
        Entry(id="f", problem="no sandbox"),
    )
    assert sorted(cohort.marks) == [0, 325, 750, 1000, 1000]
    assert (cohort.count, cohort.full, cohort.by_hand, cohort.late) == (6, 2, 2, 1)
    assert cohort.spread == (6.15, 3.25, 7.5, 10.0)
    assert (cohort.standings["problem"], cohort.pending["waiting"], cohort.standings["waiting"]) == (1, 0, 1)


def test_quartiles_lie_between_marks_as_in_a_spreadsheet() -> None:
    cohort = counted(*(Entry(id=str(mark), card=card(0.0, mark)) for mark in (1, 2, 3, 4)))
    assert cohort.spread == (2.5, 1.75, 2.5, 3.25)
    assert counted(Entry(id="a", card=card(0.0, 5.0))).spread == (5.0, 5.0, 5.0, 5.0)


def test_a_mean_of_nearly_all_is_not_all() -> None:
    entries = (Entry(id=str(n), card=card(4.0, 6.0 if n else 5.99)) for n in range(100))
    spread = counted(*entries).spread
    assert spread is not None
    assert spread.mean == 9.99


@pytest.mark.parametrize(
    ("part", "shown"), [(1.0, "100%"), (0.998, "99%"), (0.5, "50%"), (0.001, "1%"), (0.0, "0%")]
)
def test_a_share_never_flatters(part: float, shown: str) -> None:
    assert share(part) == shown


@pytest.mark.parametrize(
    ("maximum", "width", "count"),
    [
        (20, 1, 21),
        (10, 0.5, 21),
        (100, 5, 21),
        (7, 0.5, 15),
        (17.5, 1, 19),
        (1, 0.05, 21),
        (3, 0.2, 16),
        (1000, 50, 21),
    ],
)
def test_bars_are_of_a_round_width_for_any_maximum(maximum: float, width: float, count: int) -> None:
    bars = histogram.bars([0, round(maximum * 100), round(maximum * 100) - 1, round(maximum * 100) + 50], maximum)
    assert len(bars) == count
    assert bars[0].high == width
    assert bars[-1] == (maximum, None, 2)
    assert (bars[0].many, bars[-2].many, sum(bar.many for bar in bars)) == (1, 1, 4)


def test_a_lab_without_points_has_a_histogram_all_the_same() -> None:
    assert histogram.bars([0, 0], 0.0) == [(0.0, None, 2)]


def test_the_histogram_has_a_text_for_who_cannot_see() -> None:
    made = page(*everything())
    drawing = next(attributes for tag, attributes in made.tags if tag == "svg" and attributes.get("role") == "img")
    assert drawing["aria-labelledby"] == "marks-title marks-desc"
    said = made.said("marks")
    assert "10 and more: full marks: 3" in said
    assert "3 to under 3.50: 1" in said
    assert "The same as a table" in said


def test_the_hardest_question_comes_first() -> None:
    entries = (
        *(Entry(id=str(won), card=card(4.0, won)) for won in (0.0, 3.0, 6.0)),
        Entry(id="x", card=unread()),
    )
    cohort = counted(*entries)
    assert [question.id for question in cohort.hardest] == ["model", "data"]
    model = cohort.hardest[0]
    assert (model.all, model.some, model.none, model.share) == (1, 1, 1, 0.5)
    assert "The small network 50% 1 1 1" in page(*entries).said("hardest")


# --- slips


def test_messages_that_differ_in_numbers_or_names_are_one_slip_in_its_commonest_wording() -> None:
    messages = (
        "the model recognises 71.4% of the images",
        "the model recognises 68% of the images",
        "the model recognises 68% of the images",
        "`train` stops with NameError: name 'np' is not defined",
        "`fit` stops with NameError: name 'Conv2D' is not defined",
        "L'axe 1 n'est pas l'axe 2",
        "L'un 1 n'est pas l'un 2",
    )
    cohort = counted(*(Entry(id=str(n), card=card(4.0, 0.0, failed(text))) for n, text in enumerate(messages)))
    told = [(slip.those.count, slip.message, slip.others) for slip in cohort.slips(Outcome.failed)]
    assert told == [
        (3, "the model recognises 68% of the images", 1),
        (2, "`train` stops with NameError: name 'np' is not defined", 1),
        (1, "L'axe 1 n'est pas l'axe 2", 0),
        (1, "L'un 1 n'est pas l'un 2", 0),
    ]


def test_a_known_slip_keeps_apart_and_another_check_too() -> None:
    texts = ("59,933 parameters: a second MaxPooling2D", "203,434 parameters: the small model")
    entries = [Entry(id=text[:3], card=card(4.0, 0.0, failed(text), failed(text, "test_other"))) for text in texts]
    assert len(counted(*entries).slips(Outcome.failed)) == 4


def test_a_slip_counts_once_a_submission_and_links_to_the_first_few() -> None:
    entries = [
        Entry(id=f"s{n}", student=f"Name {n}", card=card(4.0, 0.0, failed("no"), failed("no"))) for n in range(9)
    ]
    said = page(*entries).said("slips")
    assert "9 test_model holds no Name 0, Name 1, Name 2, Name 3, Name 4 and 4 more" in said


def test_rare_slips_are_folded_away_and_counted() -> None:
    entries = [Entry(id=f"s{n}", card=card(4.0, 0.0, failed("no", f"test_{n:03}"))) for n in range(150)]
    made = page(*entries)
    assert "138 rarer messages" in made.said("slips")
    assert "and 50 more" in made.said("slips")


def test_a_hidden_check_is_told_as_one() -> None:
    said = page(*everything()).said("slips")
    assert "test_zebra holds hidden check Zebra" in said
    assert said.count("hidden check") == 1


def test_an_error_of_the_rubric_is_no_slip() -> None:
    made = page(*everything())
    assert "TypeError: None Ida" in made.said("rubric")
    assert "TypeError" not in made.said("slips")
    assert "Too close Hal" in made.said("undecided")


# --- lines


def test_each_line_can_be_found_by_what_is_special_about_it() -> None:
    assert page(*everything()).lines == [
        set(),
        {"less", "late"},
        {"less", "hand"},
        {"less", "ungraded"},
        {"less", "ungraded"},
        {"less", "ungraded"},
        {"ending"},
        {"doubt"},
        {"less", "doubt"},
        {"less"},
        {"less"},
    ]


def test_a_mark_says_where_it_comes_from() -> None:
    said = page(*everything()).said("submissions")
    assert "Ann ann a1 TD1 10 4 6" in said
    assert "3.27 −2, late 4 1.27" in said
    assert "5.50 ✎ by hand checks: 0 0 0" in said
    assert "✎ Seen" in said
    assert "Dot dot 0 – – could not be read Nothing was handed in." in said
    assert "Eve eve – – – error of labcheck" in said
    assert "Flo flo – – – not graded yet" in said
    assert "10 4 6 out of time" in said


def test_a_number_can_be_sorted_by_in_any_language() -> None:
    def keys() -> list[str]:
        return re.findall(r'<td class="q p[^"]*"(?: data-k="([^"]*)")?>', written(everything()))[2:4]

    assert keys() == ["", ""]
    speak("fr")
    assert keys() == ["", "1.27"]
    assert overview.cell(1234.5, 2000.0).key == "1234.5"


@pytest.mark.parametrize(
    ("score", "missing"), [(6.0, 0), (5.99, 1), (4.0, 1), (3.99, 2), (2.0, 2), (1.99, 3), (0.01, 3), (0.0, 4)]
)
def test_a_cell_is_the_darker_the_more_is_missing(score: float, missing: int) -> None:
    assert overview.cell(score, 6.0).missing == missing


def test_columns_that_nobody_fills_are_left_out() -> None:
    said = page(Entry(id="ann", card=card())).said("submissions")
    assert "Student Mark / 10 Load the images / 4 The small network / 6 Ending ann 10 4 6" in said


def test_a_question_that_was_not_run_has_no_points() -> None:
    graded = card()
    skipped = replace(graded.questions[0], verdict=Verdict.skipped, score=0.0)
    entry = Entry(id="ann", card=replace(graded, questions=(skipped, graded.questions[1]), score=6.0))
    assert "ann 6 – 6" in page(entry).said("submissions")
    assert [question.id for question in counted(entry).hardest] == ["model"]


# --- endings, pairs, conditions


@pytest.mark.parametrize(
    ("ending", "told", "word"),
    [
        (Ending.timed_out, None, "out of time"),
        (Ending.raised, None, "stopped by an error"),
        (Ending.finished, "killed", "ended the process"),
        (Ending.raised, "out_of_memory", "out of memory"),
        (Ending.garbled, "killed", "disturbed the grader"),
        (Ending.finished, "raised", ""),
        (Ending.finished, "nonsense", ""),
    ],
)
def test_what_did_not_end_by_itself_is_told(ending: Ending, told: str | None, word: str) -> None:
    check = failed("stops", evidence={"ending": told} if told else {})
    said = page(Entry(id="ann", student="Ann", card=card(4.0, 0.0, check, ending=ending))).said("endings")
    assert said.endswith(f"Which {word} 1 Ann" if word else "")


def test_those_decided_by_hand_are_nothing_more_to_do() -> None:
    entry = Entry(id="ann", card=unread(), override=Override(mark=7.0))
    made = page(entry)
    assert "todo" not in made.sections
    assert "✎ by hand: 7" in made.said("ungraded")


def test_pairs_are_no_verdict_and_lead_to_their_page() -> None:
    weaker = SimilarPair(one="aaa", other="bob", share=0.5, href="similar/2.html")
    made = page(*everything(), pairs=[weaker, PAIR])
    said = made.said("alike")
    assert "never a verdict" in said
    assert said.index("99% Ann Gil side by side") < said.index("50% aaa Bob side by side")
    assert {"similar/1.html", "similar/2.html"} <= made.hrefs


def test_what_it_ran_with_is_told_and_where_it_differs() -> None:
    said = page(*everything()).said("conditions")
    assert "Keras 3.15.1 (7) ≠ 3.5.0 (1) – Joe TensorFlow 2.21.0 data digits" in said
    assert "isolation mode: auto; files: landlock; missing: signals" in said
    assert "labcheck 0.1.0 rubric b40d307c03cb" in said


def test_a_submission_that_was_not_read_makes_no_difference() -> None:
    made = page(Entry(id="ann", card=unread(), override=Override(mark=1.0)), Entry(id="bob", card=card()))
    assert "≠" not in made.text
    assert "todo" not in made.sections


# --- colours


def luminance(colour: str) -> float:
    digits = colour.lstrip("#")
    digits = "".join(each * 2 for each in digits) if len(digits) == 3 else digits
    red, green, blue = (int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4))
    linear = [each / 12.92 if each <= 0.03928 else ((each + 0.055) / 1.055) ** 2.4 for each in (red, green, blue)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_can_be_read_on_every_colour(theme: str) -> None:
    colours: dict[str, str] = {}
    texts = [(TEMPLATES / name).read_text("utf-8") for name in ("report.css", "overview.css", "beside.html.j2")]
    found = [match for text in texts for match in re.finditer(r"(dark\) \{ )?:root \{([^}]*)\}", text)]
    for match in sorted(found, key=lambda each: bool(each[1])):
        if theme == "dark" or not match[1]:
            colours.update(re.findall(r"--(\w+): (#\w+)", match[2]))
    grounds = [name for name in colours if re.fullmatch(r"[hc]\d", name)]
    assert len(grounds) == 10
    for ground in grounds:
        assert contrast(colours["ink"], colours[ground]) >= 4.5
        assert ground[0] == "h" or contrast(colours["link"], colours[ground]) >= 4.5
    for shape in ("bar", "some", "good", "bad", "soft"):
        assert contrast(colours[shape], colours["paper"]) >= 3


# --- two side by side


def test_what_is_alike_is_coloured_and_linked_both_ways() -> None:
    left, right = ["import keras", "def f():", "    return 1", "end"], ["def g():", "    return 1", ""]
    text = beside.html("ann", "bob", 0.998, left, right, [(range(1, 3), range(2))], back="../index.html")
    made = Page(text)
    assert made.open == []
    assert {"#a1", "#b1", "../index.html"} <= made.hrefs
    assert [attributes["id"] for tag, attributes in made.tags if tag == "a" and "id" in attributes] == ["a1", "b1"]
    coloured = [attributes.get("class") for tag, attributes in made.tags if tag == "li"]
    assert coloured == [None, "same c0", "same c0", None, "same c0", "same c0", None]
    assert "99% in common · 1 stretch · back to the class" in made.text
    assert "never a verdict" in made.text
    assert 'aria-label="Stretch 1: line 1 of bob"' in text
    assert 'aria-label="Stretch 1: line 2 of ann"' in text
    assert "script" not in {tag for tag, _attributes in made.tags}


def test_a_line_of_two_stretches_has_both_numbers_and_one_colour() -> None:
    lines = ["a", "b", "c"]
    text = beside.html("ann", "bob", 0.7, lines, lines, [(range(2), range(2)), (range(2), range(1, 3))])
    made = Page(text)
    anchors = [attributes["id"] for tag, attributes in made.tags if tag == "a" and "id" in attributes]
    assert anchors == ["a1", "a2", "b1", "b2"]
    coloured = [attributes.get("class") for tag, attributes in made.tags if tag == "li"]
    assert coloured == ["same c0", "same c0", None, "same c0", "same c0", "same c1"]


def test_code_is_only_text_and_empty_stretches_are_none() -> None:
    text = beside.html(
        EVIL, EVIL, 0.6, [EVIL + "\r\n", "\tx"], [], [(range(0), range(0))], hrefs=("../a/x.html", "")
    )
    made = Page(text)
    assert text.encode()
    assert "<script>" not in text
    assert not re.search("[\x1b\u202e\r]", text)
    assert "\tx" in text
    assert "No stretch is long enough to be shown." in made.text
    assert "../a/x.html" in made.hrefs


def test_sentences_keep_their_french_spaces_and_show_code() -> None:
    speak("fr")
    assert prose("`x : y` : 203 434 <b> ?") == "<code>x\xa0: y</code>\xa0: 203\xa0434 &lt;b&gt;\xa0?"
