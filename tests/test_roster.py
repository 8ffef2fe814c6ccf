"""A roster is read whatever wrote it, finds whose a hand-in is without guessing, and knows what being late costs."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from checker import lateness
from checker.errors import UsageError
from checker.handin import Handin
from checker.roster import Roster, Student, read
from checker.tree import Folder


def handin(folder: str = "x", student: str = "", account: str = "") -> Handin:
    return Handin(id=folder, student=student, account=account, source=folder, tree=Folder(Path()), pieces=())


def roster(tmp_path: Path, text: str | bytes) -> Roster:
    path = tmp_path / "class.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read(path)


FRENCH = (
    "Prénom;NOM;Identifiant;Groupe;Échéance;Temps supplémentaire;Pénalité de retard;Remis le;Remarque\r\n"
    'Zoé;Noël;22001;A;05/03/2026 23:59;1 j;"10 %/jour, max 50 %";;à suivre\r\n'
    "Jean;Dupont;22002;B;2026-03-05;;2 points/jour;06/03/2026 10h30;\r\n"
    ";;;;;;;;\r\n"
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("separator", [";", "\t"])
def test_a_french_spreadsheet_is_read(tmp_path: Path, encoding: str, separator: str) -> None:
    zoe, jean = roster(tmp_path, FRENCH.replace(";", separator).encode(encoding)).students
    assert (zoe.name, zoe.id, zoe.group, zoe.extra) == ("Zoé Noël", "22001", "A", timedelta(days=1))
    assert zoe.due == datetime(2026, 3, 5, 23, 59)
    assert (zoe.submitted, jean.submitted) == (None, datetime(2026, 3, 6, 10, 30))
    assert jean.due == datetime(2026, 3, 5, 23, 59, 59, 999999)
    assert (zoe.penalty(datetime(2026, 3, 7, 23, 59), 20), jean.penalty(None, 20)) == (2.0, 2.0)


def test_an_english_csv_is_read(tmp_path: Path) -> None:
    text = 'ID,name,extra_time,Late Penalty\n7,"Doe, John",30 min,"10 %/day, max 50 %"\n'
    (student,) = roster(tmp_path, text).students
    assert (student.id, student.name, student.extra) == ("7", "Doe, John", timedelta(minutes=30))
    assert student.due is None
    assert student.penalty(datetime(2026, 3, 5), 20) == 0.0


def test_columns_may_lack_cells(tmp_path: Path) -> None:
    assert [each.group for each in roster(tmp_path, "name,group\nZoé\nJean,B,more\n").students] == ["", "B"]


def test_a_student_is_found_by_account_then_id_then_name(tmp_path: Path) -> None:
    text = "id,account,name\n1,zoe-gh,Noël Zoé\n22002,,Jean-Pierre O'Neill\nParticipant900110,,\n4,,Anna Li\n5,,Li Anna\n"
    found = roster(tmp_path, text)
    zoe, jean, blind, anna, _li = found.students
    assert found.student(handin("22002", "Zoé Noël", "ZOE-GH")) is zoe
    assert found.student(handin("x", "Zoé Noël", "22002")) is jean
    assert found.student(handin("22002", "Zoé Noël")) is jean
    assert found.student(handin("x", "noel ZOE")) is zoe
    assert found.student(handin("x", "ONEILL, Jean Pierre")) is None
    assert found.student(handin("x", "O Neill Jean_Pierre")) is jean
    assert found.student(handin("Participant_900110", "", "900110")) is blind
    # two have that name
    assert found.student(handin("x", "Anna Li")) is None
    assert found.student(handin("4", "Anna Li")) is anna
    assert found.student(handin("x", "Zoé")) is None
    assert found.student(handin()) is None
    assert found.missing([handin("x", "Zoé Noël"), handin("22002"), handin("nobody")]) == found.students[2:]


@pytest.mark.parametrize(
    ("one", "other"), [("Œuvré Łukasz", "lukasz oeuvre"), ("Weiß", "WEISS"), ("日本", "日本")]
)
def test_names_are_compared_by_their_letters(one: str, other: str) -> None:
    student = Student(name=one)
    assert Roster((student,)).student(handin(student=other)) is student


DUE = datetime(2026, 3, 5, 12)


@pytest.mark.parametrize(
    ("rule", "late", "lost"),
    [
        ("10 %/day", timedelta(0), 0.0),
        ("10 %/day", timedelta(hours=1), 0.0),
        ("10 %/day", timedelta(hours=1, seconds=1), 2.0),
        ("10 %/day", timedelta(days=1, hours=1), 2.0),
        ("10 %/day", timedelta(days=1, hours=2), 4.0),
        ("10 %/jour, max 50 %", timedelta(days=30), 10.0),
        ("10%/jour (max 3 points)", timedelta(days=30), 3.0),
        ("10 % par jour entamé", timedelta(days=30), 20.0),
        ("1 point/hour", timedelta(hours=3), 2.0),
        ("1,5 pts / h", timedelta(hours=3), 3.0),
        ("2 points per day late; at most 1 point", timedelta(days=2), 1.0),
        ("5\u202f%/semaine", timedelta(days=8), 2.0),
        ("3,333 %/day", timedelta(hours=2), 0.67),
        ("0.625 %/day", timedelta(hours=2), 0.13),
        ("0", timedelta(days=9), 0.0),
        ("aucune", timedelta(days=9), 0.0),
    ],
)
def test_every_started_day_or_hour_costs(rule: str, late: timedelta, lost: float) -> None:
    student = Student(due=DUE, extra=timedelta(hours=1), rule=lateness.penalty(rule))
    assert student.penalty(DUE + late, 20) == lost


def test_what_the_instructor_says_wins() -> None:
    student = Student(due=DUE, rule=lateness.penalty("1 point/day"), submitted=DUE)
    assert student.penalty(DUE + timedelta(days=3), 20) == 0.0
    assert student.late(DUE + timedelta(days=3)) == timedelta(0)


@pytest.mark.parametrize("student", [Student(due=DUE), Student(rule=lateness.penalty("1 point/day"))])
def test_without_a_deadline_or_a_rule_nothing_is_lost(student: Student) -> None:
    assert student.penalty(DUE + timedelta(days=3), 20) == 0.0


def test_nobody_knows_when_means_not_late() -> None:
    assert Student(due=DUE, rule=lateness.penalty("1 point/day")).penalty(None, 20) == 0.0


def test_a_penalty_never_exceeds_the_points() -> None:
    student = Student(due=DUE, rule=lateness.penalty("100 %/h"))
    assert student.penalty(DUE + timedelta(hours=9), 6.666) == 6.666


@pytest.mark.parametrize(
    ("text", "hours"),
    [("30 min", 0.5), ("2 h", 2), ("2h30", 2.5), ("1 h 30 min", 1.5), ("1 d", 24), ("1 j", 24), ("1,5 h", 1.5),
     ("1 jour et 2 heures", 26), ("1 semaine", 168), ("0", 0), ("non", 0)],
)  # fmt: skip
def test_durations(text: str, hours: float) -> None:
    assert lateness.duration(text) == timedelta(hours=hours)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-05", datetime(2026, 3, 5, 23, 59, 59, 999999)),
        ("2026-03-05T23:59", datetime(2026, 3, 5, 23, 59)),
        ("2026-03-05 23:59:30", datetime(2026, 3, 5, 23, 59, 30)),
        ("5/3/2026", datetime(2026, 3, 5, 23, 59, 59, 999999)),
        ("05/03/2026 08:00", datetime(2026, 3, 5, 8)),
        ("05/03/2026 à 8h", datetime(2026, 3, 5, 8)),
        ("05/03/2026 23h59", datetime(2026, 3, 5, 23, 59)),
    ],
)
def test_moments(text: str, moment: datetime) -> None:
    assert lateness.moment(text) == moment


def test_a_moment_with_a_time_zone_becomes_local() -> None:
    expected = datetime.fromisoformat("2026-03-05T12:00+00:00").astimezone().replace(tzinfo=None)
    assert lateness.moment("2026-03-05T12:00Z") == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id,due\n1,2026-03-05\n2,tomorrow\n", r":3: column due: 'tomorrow' is not understood\nAccepted are: 2026-03-05,"),
        ("id;Échéance\n1;03/13/2026\n", r":2: column Échéance: '03/13/2026' is not understood"),
        ("id,extra time\n\n1,1/3\n", r":3: column extra time: '1/3' is not understood\nAccepted are: 30 min, 2 h"),
        ("id,extra time\n1,999999999999 d\n", r":2: column extra time: .* is not understood"),
        ("id,late penalty\n1,10 %\n", r":2: column late penalty: '10 %' is not understood\nAccepted are: 10 %/day"),
        ("id,late penalty\n1,-1 point/day\n", r":2: column late penalty"),
        ("id,late penalty\n1,1 point/year\n", r":2: column late penalty"),
        ("id,late penalty\n1,10 %/\n", r":2: column late penalty"),
        ("id,submitted\n1,2026-99-05\n", r":2: column submitted"),
        ("id,name\n1,Zoé\n1,Jean\n", r":3: 1 is already on line 2"),
        ("id,name,group\n,,A\n", r":2: this line has neither an id nor a name"),
        ("\n\ncolour,size\n1,2\n", r":3: there is no column id nor name\nThe first line names the columns"),
        ("", r":1: there is no column id nor name"),
        ("name,nom\na,b\n", r":1: two columns say the same: name and nom"),
        ('id,name\n1,"Zoé\n', r":2: this CSV cannot be read"),
        (b"PK\x03\x04...", r": this is a spreadsheet, not a CSV\nSave it as CSV"),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_told_with_its_line(tmp_path: Path, text: str | bytes, said: str) -> None:
    with pytest.raises(UsageError, match=r"class\.csv" + said):
        roster(tmp_path, text)


def test_a_roster_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.csv: this file cannot be read: No such file"):
        read(tmp_path / "none.csv")
