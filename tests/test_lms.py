"""Exports to learning platforms: what they write, what they leave as it was, and that a platform reads it back."""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from checker.errors import UsageError
from checker.evidence import Ending, Place
from checker.gradebook import Entry, Override
from checker.language import speak
from checker.lms import canvas, generic, gradescope, moodle, points, table
from checker.lms.edited import Edited
from checker.scorecard import CheckResult, Note, Outcome, QuestionResult, Scorecard, Verdict

ROOT = Path(__file__).parent.parent
GOLDEN = ROOT / "tests/golden"
GRADED = msgspec.json.decode((ROOT / "tests/result_graded.json").read_bytes(), type=Scorecard)
# ours, in a Moodle comment
OURS = re.compile(r"\[labcheck \w{8}\].*?\[/labcheck\]", re.DOTALL)


def card(score: float, of: float = 40.0, **more: object) -> Scorecard:
    return replace(GRADED, score=score, max_score=of, **more)


def entry(account: str, score: float | None = None, of: float = 40.0, **more: object) -> Entry:
    made = {"id": f"work-{account}", "account": account, "student": f"Student {account}"} | more
    return Entry(card=None if score is None else card(score, of), **made)  # type: ignore[arg-type]


MOODLE = (
    entry("900110", 25.0, student="Dupont, Jean"),
    entry("900111", 30.01, student="Ann O'Neil"),
    entry("900112", 40.0, student="Zoë Éléonore"),
    entry("900114", 20.0, student="Đỗ Minh"),
    entry("900999", 40.0, student="Some Body"),
)
CANVAS = (
    entry("jdupont", 25.0, student="Jean Dupont"),
    entry("S12", 30.0, student="Ann O'Neil"),
    entry("13", 40.0, student="Zoë Éléonore"),
    entry("", 20.0, student="đỗ minh"),
    entry("", 20.0, student="Paul Martin"),
    entry("nobody", 20.0, student="Some Body"),
    entry("ed", 20.0, student="Ed Elsewhere"),
)


def words(entry: Entry) -> str:
    return f'Mark: {entry.mark}\nWhy <b>: "x" & C:\\ → {entry.student}'


def golden(name: str) -> bytes:
    return (GOLDEN / name).read_bytes()


def cells(data: bytes) -> list[list[str]]:
    """The texts of a file, by Python's own reader."""
    read = table.read(data, "file.csv")
    text = data[len(read.bom) :].decode(read.encoding)
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=read.separator))


# --- a table: bytes in, bytes out


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_a_file_read_and_written_is_the_same_bytes(encoding: str, separator: str, end: str) -> None:
    lines = ['"é",b,c', 'plain,"quoted","with ""quotes"" and\nline"', ",,", "  spaced ,a\"b,''", "", "last,,"]
    for tail in (end, "", end + end):
        data = (end.join(lines).replace(",", separator) + tail).encode(encoding)
        read = table.read(data, "file.csv")
        assert read.separator == separator
        assert read.rewritten({}) == data


def test_a_cell_is_quoted_where_it_was_and_where_it_must() -> None:
    read = table.read(b'a,"b",c\r\n1,"2",3', "file.csv")
    assert read.rewritten({(1, 0): "x", (1, 1): "y", (1, 2): 'z,"\n'}) == b'a,"b",c\r\nx,"y","z,""\n"'
    assert table.read(b"a;b\n1;2\n", "file.csv").rewritten({(1, 0): "1,5"}) == b"a;b\n1,5;2\n"
    assert (read.text(0, 1), read.text(1, 9), read.text(1, None)) == ("b", "", "")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf \n", "empty"),
        (b"PK\x03\x04\x00\x00", "no CSV file"),
        (b"\xff\xfea", "no CSV file"),
        (b"caf\x81", "no CSV file"),
        (b'a,b\n\nc,"d\ne,f\n', r"file\.csv:3: a quote is opened and never closed"),
    ],
)
def test_what_is_no_table_is_told_with_its_place_and_a_remedy(data: bytes, said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        table.read(data, "file.csv")
    assert caught.value.place.startswith("file.csv")
    assert caught.value.remedy


def test_a_cell_that_a_short_line_lacks_cannot_be_written() -> None:
    with pytest.raises(UsageError, match=r"file\.csv:2: this line has fewer cells"):
        table.read(b"a,b\n1\n", "file.csv").rewritten({(1, 1): "x"})


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", " =1", "\n@x"])
def test_a_formula_is_defused(text: str) -> None:
    assert table.defused(text) == "'" + text


@pytest.mark.parametrize("text", ["", "Anne-Marie", "a=b", "jean@example.org", "'=1"])
def test_what_is_no_formula_stays(text: str) -> None:
    assert table.defused(text) == text


# --- points


@pytest.mark.parametrize(
    ("mark", "of", "maximum", "expected"),
    [
        (25.0, 40.0, "20", "12.50"),
        (0.01, 0.03, "1", "0.33"),
        (2.01, 40.0, "10", "0.50"),
        (1.0, 8.0, "0.2", "0.03"),  # 0.025: half up, where half to even says 0.02
        (39.99, 40.0, "20", "19.99"),  # 19.995 is not full
        (0.01, 40.0, "10", "0.01"),  # 0.0025 is not nothing
        (40.0, 40.0, "20", "20.00"),
        (0.0, 40.0, "20", "0.00"),
        (44.0, 40.0, "20", "22.00"),
    ],
)
def test_points_are_scaled_exactly(mark: float, of: float, maximum: str, expected: str) -> None:
    assert str(points.scaled(mark, of, Decimal(maximum))) == expected


@pytest.mark.parametrize(("mark", "of"), [(float("nan"), 1.0), (float("inf"), 1.0), (-1.0, 1.0), (1.0, 0.0)])
def test_what_is_no_mark_is_not_scaled(mark: float, of: float) -> None:
    assert points.scaled(mark, of, Decimal(20)) is None


def test_numbers_are_read_in_both_languages() -> None:
    assert [points.read(text) for text in ("12.5", " 12,5 ", "-", "", "EX", "1\u202f000,5")] == [
        Decimal("12.5"), Decimal("12.5"), None, None, None, Decimal("1000.5"),
    ]  # fmt: skip


# --- Moodle's worksheet

HEADERS = {
    "en": ("Identifier", "Grade", "Last modified (grade)", "Feedback comments", "Participant ", "."),
    "fr": (
        "Identifiant", "Note", "Dernière modification (note)", "Feedback par commentaires", "Participant", ",",
    ),
}  # fmt: skip
WORKSHEETS = {"moodle_en": "en", "moodle_fr": "fr", "moodle_fr_excel": "fr", "moodle_fr_windows": "fr"}


def imported(
    data: bytes, language: str, had: Mapping[str, float], best: float = 20.0
) -> tuple[dict[str, float], dict[str, str]]:
    """What Moodle takes from a worksheet, by the rules of importgradeslib.php and locallib.php: marks, comments."""
    read = table.read(data, "file.csv")
    text = data[len(read.bom) :].decode(read.encoding).replace("\r\n", "\n")
    # fgetcsv takes a backslash for an escape
    header, *rows = csv.reader(io.StringIO(text, newline=""), delimiter=read.separator, escapechar="\\")
    identifier, grade, modified, comments, hidden, decimal = HEADERS[language]
    assert {identifier, grade, modified} <= set(header)
    marks, words = {}, {}
    for row in rows:
        assert len(row) == len(header)
        user = row[header.index(identifier)][len(hidden) :]
        words[user] = row[header.index(comments)]
        typed = row[header.index(grade)].replace(" ", "").replace(decimal, ".")
        if typed and had.get(user) != float(typed) and 0 <= float(typed) <= best:
            marks[user] = float(typed)
    return marks, words


def exported(name: str, entries: Sequence[Entry] = MOODLE) -> Edited:
    speak(WORKSHEETS[name])
    return moodle.worksheet(golden(f"{name}.csv"), iter(entries), f"{name}.csv", words)


@pytest.mark.parametrize("name", WORKSHEETS)
def test_a_worksheet_is_that_of_its_golden_file(name: str) -> None:
    made = exported(name).data
    assert made == golden(f"{name}.out.csv")


@pytest.mark.parametrize("name", WORKSHEETS)
def test_exporting_again_changes_nothing(name: str) -> None:
    once = exported(name).data
    assert moodle.worksheet(once, MOODLE, f"{name}.csv", words).data == once


def differences(before: bytes, after: bytes) -> set[tuple[int, str]]:
    """The row and header of each cell that changed, once it is shown that every other byte is the same."""
    was, now = table.read(before, "before"), table.read(after, "after")
    kept, changed = [], set()
    for number, (old, new) in enumerate(zip(was.rows, now.rows, strict=True)):
        places = [place for place, pair in enumerate(zip(old.cells, new.cells, strict=True)) if pair[0] != pair[1]]
        changed |= {(number, was.header[place]) for place in places}
        cells = [old.cells[place] if place in places else cell for place, cell in enumerate(new.cells)]
        kept.append(now.separator.join(cells) + new.end)
    assert now.bom + "".join(kept).encode(now.encoding) == before
    return changed


@pytest.mark.parametrize("name", WORKSHEETS)
def test_only_marks_and_comments_change(name: str) -> None:
    changed = differences(golden(f"{name}.csv"), exported(name).data)
    _identifier, grade, _modified, comments, _hidden, _decimal = HEADERS[WORKSHEETS[name]]
    assert changed == {(1, grade), (1, comments), (2, grade), (2, comments), (5, comments)}


@pytest.mark.parametrize("name", WORKSHEETS)
def test_moodle_reads_the_marks_back(name: str) -> None:
    had = {"900111": 7.5, "900112": 12.0, "900114": 10.0}
    marks, comments = imported(exported(name).data, WORKSHEETS[name], had)
    # 900112 is locked and unchanged, 900113 handed nothing in, 900114 has its mark already
    assert marks == {"900110": 12.5, "900111": 15.01}
    assert "Mark: 25.0<br>Why &lt;b&gt;: &quot;x&quot; &amp; C:&#92; " in comments["900110"]
    assert OURS.fullmatch(comments["900110"])
    assert not OURS.search(comments["900112"] + comments["900113"])


def test_an_instructor_is_told_what_was_done_and_what_was_not() -> None:
    assert exported("moodle_en").told == (
        "3 marks are entered.",
        "Points are scaled: 40 become 20.",
        "Another mark was there, and is replaced: Ann O'Neil.",
        "Locked in Moodle, so not entered: Zoë Éléonore.",
        "No submission found for: '=HYPERLINK(1).",
        "Not in the worksheet: Some Body.",
    )
    assert exported("moodle_fr_windows").told[-1].count("WINDOWS-1252") == 1


def test_what_an_encoding_lacks_becomes_a_reference() -> None:
    assert b"&#8594;" in golden("moodle_fr_windows.out.csv")
    assert "→".encode() in golden("moodle_fr.out.csv")


SHEET = b"Identifier,Full name,Grade,Maximum Grade,Last modified (grade),Feedback comments\nParticipant 7,Jo,%s,%s,-,%s\n"


def sheet(grade: bytes = b"", best: bytes = b"20.00", comment: bytes = b"") -> bytes:
    return SHEET % (grade, best, comment)


def last(data: bytes) -> list[str]:
    return cells(data)[-1]


def test_the_words_of_an_instructor_are_kept_before_ours() -> None:
    first = moodle.worksheet(
        sheet(comment=b"Well done"), [entry("7", 8.0)], feedback=lambda _entry: "Two slips"
    ).data
    assert re.fullmatch(r"Well done<br>\[labcheck \w{8}\]Two slips\[/labcheck\]", last(first)[5])
    second = moodle.worksheet(first, [entry("7", 9.0)], feedback=lambda _entry: "One slip").data
    assert re.fullmatch(r"Well done<br>\[labcheck \w{8}\]One slip\[/labcheck\]", last(second)[5])
    none = moodle.worksheet(second, [entry("7", 9.0)], feedback=lambda _entry: "").data
    assert last(none)[5] == "Well done"
    assert last(moodle.worksheet(second, [entry("7", 8.0)]).data)[5] == last(second)[5]


@pytest.mark.parametrize(
    "trip",
    [
        lambda text: text.replace("<br>", "<br />"),
        lambda text: f"<p>{text}</p>",
        # MDL-78342: no tags, three spaces for a line end
        lambda text: re.sub("<[^>]*>", "   ", text),
        lambda text: text.replace("&quot;", '"'),
    ],
    ids=["editor", "paragraph", "stripped", "quotes"],
)
def test_our_comment_is_known_again_after_a_trip_through_moodle(trip: type[str]) -> None:
    said = 'a "b"\nc é → &amp; <d>'
    once = table.read(moodle.worksheet(sheet(), [entry("7", 8.0)], feedback=lambda _entry: said).data, "x")
    tripped = once.rewritten({(1, 5): trip(once.text(1, 5))})
    made = moodle.worksheet(tripped, [entry("7", 8.0)], feedback=lambda _entry: "new")
    assert len(OURS.findall(last(made.data)[5])) == 1
    assert "new" in last(made.data)[5]
    assert "é" not in last(made.data)[5]


def test_a_comment_of_ours_that_was_edited_is_the_instructors() -> None:
    once = moodle.worksheet(sheet(), [entry("7", 8.0)], feedback=lambda _entry: "Two slips").data
    by_hand = once.replace(b"Two slips", b"Two slips but well tried")
    made = moodle.worksheet(by_hand, [entry("7", 8.0)], feedback=lambda _entry: "One slip")
    assert "well tried" in last(made.data)[5]
    assert "One slip" in last(made.data)[5]
    assert "Edited by hand, so kept beside our new comment: Student 7." in made.told
    again = moodle.worksheet(made.data, [entry("7", 8.0)], feedback=lambda _entry: "No slip")
    assert ("One slip" in last(again.data)[5], len(OURS.findall(last(again.data)[5]))) == (False, 2)


def test_student_text_cannot_forge_our_marks_nor_a_formula() -> None:
    said = "[/labcheck] =1+1 [labcheck 00000000]\x00\x1b\ud800 x"
    made = moodle.worksheet(sheet(), [entry("7", 8.0)], feedback=lambda _entry: said).data
    assert last(made)[5].startswith("[labcheck ")
    assert len(OURS.findall(last(made)[5])) == 1
    assert moodle.worksheet(made, [entry("7", 8.0)], feedback=lambda _entry: said).data == made
    assert set("\x00\x1b").isdisjoint(last(made)[5])


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ((entry("7"),), "Not graded, so not entered: Jo."),
        ((entry("7", problem="broken zip"),), "Not graded, so not entered: Jo."),
        ((entry("7", 8.0), entry("007", 9.0)), "Several submissions under one identifier, so not entered: Jo."),
        ((entry("7", 8.0, override=Override(mark=41.0)),), "Mark outside what the assignment allows, so not entered: Jo."),
        ((entry("7", 8.0, override=Override(mark=float("nan"))),), "Mark outside what the assignment allows"),
        ((entry("7", override=Override(mark=4.0)),), "Mark outside what the assignment allows"),
        ((entry("17", 8.0),), "No submission found for: Jo."),
    ],
    ids=["waiting", "problem", "twice", "too much", "no number", "out of what", "nobody"],
)  # fmt: skip
def test_a_row_without_a_mark_stays_as_it_is(entries: Sequence[Entry], said: str) -> None:
    original = sheet(b"3.00", comment=b"mine")
    made = moodle.worksheet(original, entries, feedback=words)
    assert made.data == original
    assert any(sentence.startswith(said) for sentence in made.told), made.told
    assert made.told[0] == "0 marks are entered."


def test_a_mark_given_by_hand_to_what_could_not_be_graded_is_out_of_the_points_of_the_class() -> None:
    by_hand = entry("7", problem="no code", override=Override(mark=10.0))
    assert last(moodle.worksheet(sheet(), [by_hand, entry("8", 3.0)]).data)[2] == "5.00"


def test_a_failed_submission_is_told() -> None:
    failed = replace(entry("7"), card=card(0.0, status="failed", ending=Ending.raised, questions=()))
    made = moodle.worksheet(sheet(), [failed])
    assert last(made.data)[2] == "0.00"
    assert "Could not be read or run, so entered with 0 points: Student 7." in made.told


@pytest.mark.parametrize("best", [b"", b"0"])
def test_without_a_maximum_points_are_entered_as_they_are(best: bytes) -> None:
    made = moodle.worksheet(sheet(best=best), [entry("7", 25.5)])
    assert last(made.data)[2] == "25.50"
    assert "points are entered as they are" in made.told[1]


def test_the_same_mark_in_other_digits_is_left() -> None:
    assert moodle.worksheet(sheet(b"12.5"), [entry("7", 25.0)]).data == sheet(b"12.5")


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("apostrophe", ["'", "’"])
def test_a_header_is_known_in_any_typing(form: str, apostrophe: str) -> None:
    header = f"IDENTIFIANT,Numéro d{apostrophe}identification,Note,Note maximale,Dernière modification\xa0(note)"
    text = unicodedata.normalize(form, f"{header}\nParticipant 7,x,,20,-\n")  # type: ignore[arg-type]
    assert last(moodle.worksheet(text.encode(), [entry("7", 25.0)]).data)[2] == "12,50"


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("Student,ID,Section", "no column Identifier, Grade, Last modified"),
        ("Identifiant,Note,Nom complet", "no column Dernière modification"),
        ("Identifier,Grade,Scale,Last modified (grade)", "graded on a scale"),
    ],
)
def test_what_is_no_worksheet_of_points_is_refused(header: str, said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        moodle.worksheet(header.encode(), [], "my.csv")
    assert str(caught.value).startswith("my.csv: ")
    assert caught.value.remedy


def test_a_worksheet_without_comments_says_so() -> None:
    data = b"Identifier,Grade,Last modified (grade)\nParticipant 7,,-\n"
    assert "only marks are entered" in " ".join(moodle.worksheet(data, [entry("7", 1.0)], feedback=words).told)


def test_many_names_are_a_number() -> None:
    rows = "".join(f"Participant {number},,-\n" for number in range(30))
    told = moodle.worksheet(f"Identifier,Grade,Last modified (grade)\n{rows}".encode(), []).told
    assert told[1].endswith("Participant 19 and 10 others.")


# --- Moodle's feedback zip


def folder(name: str, id: str = "x") -> Entry:  # noqa: A002
    return entry("", 1.0, source=name, id=id, student="")


def test_a_report_goes_where_moodle_looks_for_it(tmp_path: Path) -> None:
    entries = [
        folder("Zoë Éléonore_900112_assignsubmission_file_"),
        folder("Jean Dupont_900110_assignsubmission_file"),
        folder("Ann_900111_assignsubmission_file_lab.ipynb"),
        folder("Ann_900111_assignsubmission_onlinetext_", "again"),
        folder("lab.py", "bare"),
        folder("a_b_900113_assignsubmission_file", "underscore"),
        folder("None_900114_assignsubmission_file", "none"),
    ]
    target = tmp_path / "deep" / "feedback.zip"
    told = moodle.feedback_zip(iter(entries), lambda one: None if one.id == "none" else b"<html>", target)
    assert told == (
        "Several submissions under one identifier, so only the first is in the zip: again.",
        "Not in a folder of Moodle's, so not in the zip: bare; underscore.",
        "Without a report, so not in the zip: none.",
    )
    with zipfile.ZipFile(target) as archive:
        members = archive.infolist()
        assert all(archive.read(member) == b"<html>" for member in members)
    assert [participant(member.filename) for member in members] == [
        ("900112", "/report.html"), ("900110", "/report.html"), ("900111", "/report.html"),
    ]  # fmt: skip
    assert all(member.date_time == (1980, 1, 1, 0, 0, 0) for member in members)
    assert members[0].flag_bits & 0x800
    first = target.read_bytes()
    moodle.feedback_zip(iter(entries), lambda one: None if one.id == "none" else b"<html>", target)
    assert target.read_bytes() == first
    assert [path.name for path in target.parent.iterdir()] == ["feedback.zip"]


def participant(path: str) -> tuple[str, str]:
    """Whose report ``path`` is, and its name, by the rules of importziplib.php."""
    parts = path.split("/")
    while parts:
        info = parts.pop(0).split("_", 4)
        if len(info) >= 4 and info[1].isdigit() and info[2] == "assignsubmission":
            return info[1], "/".join([*info[4:], *parts] if info[4:] else ["", *parts])
    raise AssertionError(path)


def test_a_zip_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    def broken(_entry: Entry) -> bytes:
        raise OSError("no such report")

    (tmp_path / "feedback.zip").write_bytes(b"the old one")
    with pytest.raises(OSError, match="no such report"):
        moodle.feedback_zip([folder("A_1_assignsubmission_file")], broken, tmp_path / "feedback.zip")
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"the old one"]


# --- Canvas

BOOKS = {"canvas_en": "Lab 2: CNN", "canvas_fr": "TP 2 : réseau (502)"}


@pytest.mark.parametrize("name", BOOKS)
def test_a_gradebook_is_that_of_its_golden_file_and_stays_so(name: str) -> None:
    made = canvas.gradebook(golden(f"{name}.csv"), iter(CANVAS), BOOKS[name]).data
    assert made == golden(f"{name}.out.csv")
    assert canvas.gradebook(made, iter(CANVAS), BOOKS[name]).data == made


@pytest.mark.parametrize("name", BOOKS)
def test_only_the_column_of_the_assignment_changes(name: str) -> None:
    before, after = golden(f"{name}.csv"), golden(f"{name}.out.csv")
    changed = differences(before, after)
    assert {header.removesuffix(" (502)") for _row, header in changed} == {BOOKS[name].removesuffix(" (502)")}
    read = table.read(after, "x")
    cells = [read.text(row, read.header.index(header)) for row, header in sorted(changed)]
    assert list(map(canvas_number, cells)) == [12.5, 15.0, 10.0]


def canvas_number(cell: str) -> float:
    """A cell as Canvas's decimal_comma_to_period takes it."""
    parts = re.split("[,.]", cell)
    return float(".".join(("".join(parts[:-1]), parts[-1])))


def test_canvas_says_what_was_done_and_what_was_not() -> None:
    assert canvas.gradebook(golden("canvas_en.csv"), CANVAS, BOOKS["canvas_en"]).told == (
        "3 marks are entered.",
        "Several students fit, so not entered: Paul Martin.",
        "Not in the gradebook: Some Body.",
        "Found by name only, so please check: đỗ minh.",
        "Points are scaled: 40 become 20.",
        "Another mark was there, and is replaced: Ann O'Neil; đỗ minh.",
        "Excused in Canvas, so not entered: Éléonore, Zoë.",
        "No submission found for: Absent, Odd; Martin, Paul; Martin, Paul.",
        "Without this assignment in Canvas, so not entered: Elsewhere, Ed.",
    )


BOOK = "{names},ID,SIS Login ID,Section,Lab (5),Lab (6),Lap 7 (8),Current Score\n    Points Possible,,{gap},,{points},10,10,(read only)\n"


def book(*rows: str, names: str = "Student", points: str = "10.00") -> bytes:
    head = BOOK.format(names=names, points=points, gap="," * names.count(","))
    return (head + "".join(f"{row}\n" for row in rows)).encode()


@pytest.mark.parametrize(
    ("title", "said"),
    [
        ("Lab", r"several assignments have the title “Lab”\nGive one of: Lab \(5\); Lab \(6\)"),
        ("Lap", r"no assignment has the title “Lap”\nGive one of: Lap 7 \(8\); Lab"),
        ("Lab (7)", "no assignment has the title"),
        ("Current Score", "no assignment has the title"),
        ("zzz", r"Give one of: Lab \(5\); Lab \(6\); Lap 7 \(8\)"),
    ],
)
def test_a_title_that_is_not_there_or_there_twice_is_refused(title: str, said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        canvas.gradebook(book(), [], title, "book.csv")
    assert str(caught.value).startswith("book.csv: ")


def test_what_is_no_gradebook_is_refused() -> None:
    with pytest.raises(UsageError, match="no gradebook of Canvas"):
        canvas.gradebook(golden("moodle_en.csv"), [], "Lab")


def graded(data: bytes) -> list[str]:
    read = table.read(data, "x")
    return [read.text(row, read.header.index("Lab (5)")) for row in range(2, len(read.rows))]


def test_an_identifier_that_fits_two_students_is_settled_by_the_name_or_not_at_all() -> None:
    rows = ('"Doe, Jane",1,2,S,,,,', '"Roe, Rick",2,1,S,,,,')
    assert graded(canvas.gradebook(book(*rows), [entry("2", 8.0, 10.0, student="Rick Roe")], "Lab (5)").data) == [
        "",
        "8.00",
    ]
    assert graded(canvas.gradebook(book(*rows), [entry("2", 8.0, 10.0)], "Lab (5)").data) == ["", ""]


def test_an_identifier_comes_before_a_name() -> None:
    rows = ('"Doe, Jane",1,jane,S,,,,', '"Roe, Rick",2,rick,S,,,,')
    entries = [entry("jane", 8.0, 10.0, student="Rick Roe"), entry("", 3.0, 10.0, student="DOE, JANE")]
    made = canvas.gradebook(book(*rows), entries, "Lab (5)")
    assert graded(made.data) == ["8.00", ""]
    assert "Several submissions of one student, so not entered: DOE, JANE." in made.told


def test_two_submissions_of_one_student_are_not_entered() -> None:
    entries = [entry("jane", 8.0, 10.0), entry("1", 9.0, 10.0), entry("", 1.0, 10.0, student="Jane Doe")]
    made = canvas.gradebook(book('"Doe, Jane",1,jane,S,,,,'), entries, "Lab (5)")
    assert graded(made.data) == [""]
    assert "Several submissions of one student, so not entered: Student jane; Student 1; Jane Doe." in made.told


def test_names_may_have_two_columns_and_points_may_be_none() -> None:
    data = book("Doe,Jané,1,jane,S,,,,", names="LastName,FirstName", points="")
    made = canvas.gradebook(data, [entry("", 8.5, 10.0, student="jane doe")], "lab (5)")
    assert graded(made.data) == ["8.50"]
    assert any("points are entered as they are" in sentence for sentence in made.told)


def test_canvas_takes_more_than_the_points_possible() -> None:
    by_hand = entry("jane", 8.0, 10.0, override=Override(mark=11.0))
    assert graded(canvas.gradebook(book('"Doe, Jane",1,jane,S,,,,'), [by_hand], "Lab (5)").data) == ["11.00"]


def test_a_student_who_is_not_graded_keeps_the_cell() -> None:
    made = canvas.gradebook(book('"Doe, Jane",1,jane,S,3.00,,,'), [entry("jane")], "Lab (5)")
    assert graded(made.data) == ["3.00"]
    assert made.told[1:] == ("Not graded, so not entered: Doe, Jane.",)


# --- gradebook.csv

QUESTIONS = (("small_model", 4.0), ("=evil", 1.5))


def generic_rows(*entries: Entry) -> list[dict[str, str]]:
    text = "".join(generic.gradebook(iter(entries), QUESTIONS))
    assert text.count("\r\n") >= len(entries) + 1
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_a_line_of_the_gradebook_has_all_that_counts() -> None:
    question = QuestionResult(id="small_model", title="", score=3.5, max_score=4.0, verdict=Verdict.partial)
    one = replace(
        entry("jd", student='Dupont, "Jean"\nété', group="A", penalty=1.0, remarks=("late", "twice")),
        card=card(12.34, questions=(question,)),
    )
    assert generic_rows(one) == [
        {
            "id": "work-jd", "student": 'Dupont, "Jean"\nété', "account": "jd", "group": "A", "status": "graded",
            "mark": "11.34", "max": "40.00", "score": "12.34", "penalty": "1.00", "by_hand": "", "comment": "",
            "ending": "finished", "small_model (4)": "3.50", "'=evil (1.5)": "",
            "remarks": "late; twice",
        }
    ]  # fmt: skip


def test_what_is_not_graded_has_a_status_and_a_reason() -> None:
    waiting, problem, by_hand, failed = generic_rows(
        entry("1"),
        entry("2", problem="broken zip", remarks=("empty",)),
        entry("3", problem="broken zip", override=Override(mark=5.0, comment="seen on paper")),
        replace(entry("4"), card=card(0.0, status="failed", ending=Ending.timed_out)),
    )
    assert (waiting["status"], waiting["mark"], waiting["score"], waiting["max"]) == ("waiting", "", "", "")
    assert (problem["status"], problem["mark"], problem["remarks"]) == ("problem", "", "broken zip; empty")
    assert (by_hand["status"], by_hand["mark"], by_hand["by_hand"]) == ("problem", "5.00", "yes")
    assert by_hand["comment"] == "seen on paper"
    assert (failed["status"], failed["mark"], failed["ending"]) == ("failed", "0.00", "timed_out")


def test_a_comment_alone_is_no_mark_by_hand() -> None:
    assert generic_rows(entry("1", 3.0, override=Override(comment="ok")))[0]["by_hand"] == ""


def test_formulas_are_defused_in_every_text_and_in_no_number() -> None:
    evil = "=cmd|' /C calc'!A0"
    one = Entry(
        id=evil, student=evil, account=evil, group=evil, remarks=(evil,), problem="",
        override=Override(mark=-1.0, comment=evil),
    )  # fmt: skip
    (row,) = generic_rows(one)
    assert [name for name, cell in row.items() if cell == "'" + evil] == [
        "id", "student", "account", "group", "comment", "remarks",
    ]  # fmt: skip
    assert row["mark"] == "-1.00"


def test_the_gradebook_streams_and_names_no_time() -> None:
    asked = []

    def entries() -> Iterator[Entry]:
        for number in range(3):
            asked.append(number)
            yield entry(str(number), 1.0)

    written = generic.gradebook(entries(), ())
    next(written)
    assert asked == []
    first = next(written)
    assert asked == [0]
    slow = replace(card(1.0), timing=replace(GRADED.timing, total_s=999.25))
    assert first == list(generic.gradebook([replace(entry("0"), card=slow)], ()))[1]


# --- Gradescope

SECRET = CheckResult(
    id="test_secret", title="Zebra title", outcome=Outcome.failed, visibility="hidden", max_score=1.0,
    message="Zebra message", hint="Zebra hint", location=Place("zebra.py", 3), source="zebra_layer()",
)  # fmt: skip
OPEN = CheckResult(
    id="test_open", title="The layers", outcome=Outcome.failed, score=0.5, max_score=2.0, message="one too many",
    hint="Take `Dense` out.", location=Place("lab.ipynb", 4, 3), source="  Dense(3)\x1b",
)  # fmt: skip
AFTER = replace(
    OPEN, id="test_after", title="What follows", outcome=Outcome.blocked, message="waits for “Zebra title”"
)
RIGHT = CheckResult(id="test_right", title="The rest", outcome=Outcome.passed, score=1.0, max_score=1.0)
MAYBE = replace(RIGHT, id="test_maybe", outcome=Outcome.inconclusive)
HIDDEN = card(
    2.5,
    6.0,
    questions=tuple(
        QuestionResult(id=name, title=name, score=1.0, max_score=3.0, verdict=Verdict.partial, checks=checks)
        for name, checks in (("first", (RIGHT, SECRET)), ("second", (OPEN, AFTER, MAYBE)))
    ),
    notes=(Note(kind="raised", message="stops with NameError", location=Place("lab.py", 9)),),
)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_no_visible_word_of_gradescope_is_of_a_hidden_check(language: str) -> None:
    speak(language)
    made = json.loads(gradescope.results(replace(entry("1"), card=HIDDEN)))
    hidden = [test for test in made["tests"] if test["visibility"] == "hidden"]
    assert [(test["number"], test["name"], test["max_score"]) for test in hidden] == [("1.2", "Zebra title", 1.0)]
    assert "Zebra message" in hidden[0]["output"]
    visible = {**made, "tests": [test for test in made["tests"] if test["visibility"] == "visible"]}
    assert "zebra" not in json.dumps(visible).casefold()
    assert made["stdout_visibility"] == "hidden"


def test_a_test_of_gradescope_says_what_is_wrong_where_and_how_to_go_on() -> None:
    made = json.loads(gradescope.results(replace(entry("1"), card=HIDDEN)))
    assert [(test["number"], test["status"]) for test in made["tests"]] == [
        ("1.1", "passed"), ("1.2", "failed"), ("2.1", "failed"), ("2.2", "failed"), ("2.3", "passed"),
    ]  # fmt: skip
    assert made["tests"][2] == {
        "number": "2.1",
        "name": "The layers",
        "score": 0.5,
        "max_score": 2.0,
        "status": "failed",
        "output": "partly right\none too many\nlab.ipynb, cell 3, line 4: Dense(3)\ufffd\nTake `Dense` out.",
        "visibility": "visible",
    }
    assert made["tests"][0]["output"] == ""
    assert "points given" in made["tests"][4]["output"]
    assert made["output"].split("\n") == [
        "Public checks passed: 2 of 4; 1 hidden check not shown, counted in the points.",
        "stops with NameError",
        "lab.py, line 9",
    ]


def test_gradescope_gets_the_mark_that_counts_and_why() -> None:
    late = json.loads(
        gradescope.results(replace(entry("1"), card=HIDDEN, penalty=1.0, remarks=("Handed in twice.",)))
    )
    assert late["score"] == 1.5
    assert late["output"].endswith("Handed in twice.\n2.50 points, less 1 for being late.")
    by_hand = replace(entry("1"), card=HIDDEN, penalty=1.0, override=Override(mark=5.0, comment="Well tried."))
    made = json.loads(gradescope.results(by_hand))
    assert made["score"] == 5.0
    assert made["output"].endswith("Mark decided by the instructor; the checks gave 2.50.\nWell tried.")


def test_gradescope_gets_valid_json_of_what_could_not_be_graded() -> None:
    made = json.loads(gradescope.results(entry("1", problem="broken zip")))
    assert (made["score"], made["tests"]) == (0.0, [])
    assert made["output"] == "This could not be graded\nbroken zip"
    failed = card(0.0, status="failed", questions=(), notes=(Note(kind="failed", message="syntax error"),))
    assert json.loads(gradescope.results(replace(entry("1"), card=failed)))["output"] == (
        "This could not be graded\nsyntax error"
    )
    with pytest.raises(ValueError, match="not JSON compliant"):
        gradescope.results(entry("1", override=Override(mark=float("nan"))))
