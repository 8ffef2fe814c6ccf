"""A class through the commands: graded, interrupted and resumed, regraded, decided by hand, exported."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

pytestmark = [pytest.mark.sandbox, pytest.mark.slow]
COURSE = Path(__file__).parent / "course"
REFERENCE = (COURSE / "reference/strength/strength.py").read_text("utf-8")
UNITS = REFERENCE.replace("layers.Dense(32", "layers.Dense(31")
SUFFIX = "_assignsubmission_file"
# a submission by student: its file and its text, "" for an empty hand-in
CLASS = {
    "Ada Right": ("strength.py", REFERENCE),
    "Bob Units": ("strength.py", UNITS),
    "Cléo Twice": ("lab.py", UNITS),
    "Dan Broken": ("strength.py", "def f(:\n"),
    "Eve Hostile": ("strength.py", REFERENCE + "\nimport os\nos._exit(0)\n"),
    "Flo Formula": ("strength.py", REFERENCE.replace("patience=5", "patience=4")),
    "Guy Nothing": ("", ""),
    "Hal Same": ("strength.py", UNITS),
}
MARKS = {"Ada Right": 12.0, "Dan Broken": 0.0, "Guy Nothing": 0.0}


def make(folder: Path, members: dict[str, tuple[str, str]]) -> Path:
    """A class in Moodle's layout."""
    for number, (student, (name, text)) in enumerate(members.items()):
        own = folder / f"{student}_{900 + number}{SUFFIX}"
        own.mkdir(parents=True, exist_ok=True)
        if name:
            (own / name).write_text(text, "utf-8")
    return folder


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "checker", *map(str, arguments)]


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*arguments), capture_output=True, text=True, check=False)


def grade(folder: Path, out: Path, *more: object, course: Path = COURSE) -> subprocess.CompletedProcess[str]:
    return run(
        "grade", "strength", folder, "-o", out, "--course", course, "--data", "embedded", "--lang", "en", *more
    )


def reading(arguments: list[str]) -> subprocess.Popen[str]:
    """A command under way, whose lines can be read as they come."""
    return subprocess.Popen(
        arguments, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"}
    )


def gradebook(out: Path) -> dict[str, dict[str, str]]:
    """The gradebook's lines by student."""
    text = (out / "gradebook.csv").read_text("utf-8")
    return {line["student"]: line for line in csv.DictReader(io.StringIO(text, newline=""))}


def told(done: subprocess.CompletedProcess[str]) -> set[str]:
    """The ids of the submissions that a run graded."""
    return {line.partition("] ")[2].partition(":")[0] for line in done.stdout.splitlines() if line.startswith("[")}


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, subprocess.CompletedProcess[str]]:
    """The class, its results, and what the command said: made once, to be copied by those who change them."""
    folder = make(tmp_path_factory.mktemp("class"), CLASS)
    out = tmp_path_factory.mktemp("results") / "out"
    return folder, out, grade(folder, out, "-j", 2)


@pytest.fixture
def graded(first: tuple[Path, Path, object], tmp_path: Path) -> tuple[Path, Path]:
    """A copy of the class and of its results."""
    folder, out, _done = first
    return Path(shutil.copytree(folder, tmp_path / "class")), Path(shutil.copytree(out, tmp_path / "out"))


def test_each_submission_gets_its_mark_and_its_reports(
    first: tuple[Path, Path, subprocess.CompletedProcess[str]],
) -> None:
    _folder, out, done = first
    assert done.returncode == 0, done.stdout + done.stderr
    lines = gradebook(out)
    assert set(lines) == set(CLASS)
    assert {name: float(lines[name]["mark"]) for name in MARKS} == MARKS
    assert {lines[name]["mark"] for name in ("Bob Units", "Cléo Twice", "Hal Same")} == {
        lines["Bob Units"]["mark"]
    }
    assert 0 < float(lines["Bob Units"]["mark"]) < 12
    assert [lines[name]["account"] for name in ("Ada Right", "Hal Same")] == ["900", "907"]
    assert lines["Dan Broken"]["status"] == "failed"
    # what ends its process does so for itself alone
    assert lines["Eve Hostile"]["ending"] == "killed"
    assert "Nothing was handed in" in lines["Guy Nothing"]["remarks"]
    assert "Hal Same_907" in lines["Bob Units"]["remarks"]
    for student in CLASS:
        own = out / lines[student]["id"]
        assert {path.name for path in own.iterdir()} == {"report.html", "instructor.html", "result.json"}
    assert "31" in (out / lines["Bob Units"]["id"] / "report.html").read_text("utf-8")
    assert len(told(done)) == len(CLASS)


def test_what_is_graded_is_not_graded_again_and_what_changed_is(graded: tuple[Path, Path]) -> None:
    folder, out = graded
    before = (out / "gradebook.csv").read_bytes()
    assert told(grade(folder, out)) == set()
    assert (out / "gradebook.csv").read_bytes() == before
    (folder / f"Dan Broken_903{SUFFIX}" / "strength.py").write_text(REFERENCE, "utf-8")
    shutil.rmtree(folder / f"Hal Same_907{SUFFIX}")
    assert told(grade(folder, out)) == {"Dan Broken_903"}
    assert gradebook(out)["Dan Broken"]["mark"] == "12.00"
    assert "Hal Same" not in gradebook(out)
    # whoever comes back finds the result that there was
    make(folder, CLASS)
    assert told(grade(folder, out)) == {"Dan Broken_903"}
    assert (out / "gradebook.csv").read_bytes() == before
    assert len(told(grade(folder, out, "--fresh"))) == len(CLASS)
    assert (out / "gradebook.csv").read_bytes() == before


def test_a_report_that_was_deleted_is_written_again_without_a_run(graded: tuple[Path, Path]) -> None:
    folder, out = graded
    report = out / "Bob Units_901" / "report.html"
    before = report.read_bytes()
    report.unlink()
    assert told(grade(folder, out)) == set()
    assert report.read_bytes() == before


@pytest.mark.parametrize("lines", [1, 3, 6])
def test_a_run_that_is_killed_is_gone_on_with_and_comes_to_the_same(
    first: tuple[Path, Path, object], tmp_path: Path, lines: int
) -> None:
    folder, whole, _done = first
    out = tmp_path / "out"
    arguments = command(
        "grade", "strength", folder, "-o", out, "--course", COURSE, "--data", "embedded", "--lang", "en", "-j", 2
    )
    finished = set()
    with reading(arguments) as process:
        assert process.stdout is not None
        while len(finished) < lines:
            line = process.stdout.readline()
            if line.startswith("["):
                finished.add(line.partition("] ")[2].partition(":")[0])
        children = psutil.Process(process.pid).children(recursive=True)
        process.kill()
    done = grade(folder, out, "-j", 2)
    assert done.returncode == 0, done.stdout + done.stderr
    assert not finished & told(done)
    assert (out / "gradebook.csv").read_bytes() == (whole / "gradebook.csv").read_bytes()
    _gone, alive = psutil.wait_procs(children, timeout=30)
    assert not [each for each in alive if each.status() != psutil.STATUS_ZOMBIE]


def test_a_grading_process_that_is_killed_loses_nothing(first: tuple[Path, Path, object], tmp_path: Path) -> None:
    folder, whole, _done = first
    out = tmp_path / "out"
    arguments = command(
        "grade", "strength", folder, "-o", out, "--course", COURSE, "--data", "embedded", "--lang", "en", "-j", 2
    )
    with reading(arguments) as process:
        assert process.stdout is not None
        while not process.stdout.readline().startswith("[1/"):
            pass
        for child in psutil.Process(process.pid).children():
            if "checker.worker" in child.cmdline():
                child.kill()
                break
        else:
            pytest.fail("no grading process")
        assert process.stdout.read()
    assert process.returncode == 0
    assert (out / "gradebook.csv").read_bytes() == (whole / "gradebook.csv").read_bytes()


@pytest.fixture
def course(graded: tuple[Path, Path], tmp_path: Path) -> Path:
    """A copy of the course, which the results are of from now on."""
    path = Path(shutil.copytree(COURSE, tmp_path / "course"))
    with sqlite3.connect(graded[1] / "labcheck.sqlite") as database:
        database.execute("UPDATE about SET value = ? WHERE name = 'course'", (str(path),))
    database.close()
    return path


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def test_a_changed_rubric_is_applied_without_running_what_was_handed_in(
    graded: tuple[Path, Path], course: Path
) -> None:
    folder, out = graded
    before = gradebook(out)
    shutil.rmtree(folder)
    change(course / "rubrics/strength/rubric.yaml", "The layers asked for", "Three dense layers")
    change(course / "rubrics/strength/rubric.yaml", "points: 2\n", "points: 4\n")
    change(course / "rubrics/strength/test_strength.py", '"patience": 5', '"patience": 4')
    done = run("regrade", out, "--lang", "en")
    assert done.returncode == 0, done.stdout + done.stderr
    after = gradebook(out)
    assert float(after["Flo Formula"]["mark"]) == 14.0
    assert after["Dan Broken"]["max"] == "14.00"
    assert float(after["Ada Right"]["mark"]) == float(before["Ada Right"]["mark"]) + 2 - 0.75
    assert "Three dense layers" in (out / "Bob Units_901" / "report.html").read_text("utf-8")
    # a second time there is nothing to be done
    assert told(run("regrade", out, "--lang", "en")) == set()
    # in another language all is told anew, and no conftest.py beside the rubrics has a word in it
    (course / "conftest.py").write_text("raise RuntimeError('of other tests')\n", "utf-8")
    assert "Ada Right_900" in told(run("regrade", out, "--lang", "fr"))
    assert "31 neurones au lieu de 32" in (out / "Bob Units_901" / "report.html").read_text("utf-8")


def test_what_the_rubric_asks_anew_needs_a_run_and_is_told(graded: tuple[Path, Path], course: Path) -> None:
    folder, out = graded
    before = (out / "gradebook.csv").read_bytes()
    change(course / "rubrics/strength/test_strength.py", "default_rng(5)", "default_rng(6)")
    done = run("regrade", out, "--lang", "en")
    assert done.returncode == 2
    assert "`labcheck grade` has to run these again: Ada Right_900" in done.stdout
    # the results are those that there were
    assert (out / "gradebook.csv").read_bytes() == before
    assert grade(folder, out, course=course).returncode == 0
    assert run("regrade", out, "--lang", "en").returncode == 0


def test_a_check_that_fails_by_itself_is_the_rubrics_fault_and_told_as_such(
    graded: tuple[Path, Path], course: Path
) -> None:
    _folder, out = graded
    change(course / "rubrics/strength/test_strength.py", "assert len(fits) == 1", "assert len(fits, 1) == 1")
    done = run("regrade", out, "--lang", "en")
    assert done.returncode == 2
    assert "Checks with an error of their own, whose points are missing: test_fit\n" in done.stdout


def test_a_check_that_the_reference_does_not_pass_is_told(graded: tuple[Path, Path], course: Path) -> None:
    folder, out = graded
    assert "reference" not in grade(folder, out).stdout
    change(course / "rubrics/strength/test_strength.py", '"patience": 5', '"patience": 4')
    done = grade(folder, out, course=course)
    assert done.returncode == 2
    assert (
        "The reference itself does not pass this check; correct it, then run `labcheck regrade`: test_stopping"
        in done.stdout
    )
    assert "The reference itself does not pass this check" in (out / "index.html").read_text("utf-8")
    # it is asked once, and is on no list
    again = grade(folder, out, course=course)
    assert (again.returncode, told(again)) == (2, set())
    assert "The reference itself" in again.stdout
    assert set(gradebook(out)) == set(CLASS)


def test_a_reference_that_cannot_be_read_stops_the_class(graded: tuple[Path, Path], course: Path) -> None:
    folder, out = graded
    before = (out / "gradebook.csv").read_bytes()
    (course / "reference/strength/strength.py").write_text("def f(:\n", "utf-8")
    done = grade(folder, out, course=course)
    assert (done.returncode, told(done)) == (2, set())
    assert "reference/strength/strength.py:1: syntax error" in done.stderr
    assert "Traceback" not in done.stderr
    assert (out / "gradebook.csv").read_bytes() == before


def test_code_that_was_handed_out_makes_nobody_alike_also_where_it_is_given_later(
    graded: tuple[Path, Path], course: Path
) -> None:
    _folder, out = graded
    assert (out / "similar/1.html").exists()
    given = course / "student_template/strength/handout.ipynb"
    given.parent.mkdir(parents=True, exist_ok=True)
    cell = {"cell_type": "code", "source": UNITS, "metadata": {}, "outputs": [], "execution_count": None}
    given.write_text(json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}), "utf-8")
    assert run("regrade", out, "--lang", "en").returncode == 0
    assert not list((out / "similar").glob("*.html"))
    given.write_text("{", "utf-8")
    done = run("regrade", out, "--lang", "en")
    assert done.returncode == 2
    assert "handout.ipynb" in done.stderr


def test_what_was_kept_outlives_a_run_that_labcheck_could_not_do(graded: tuple[Path, Path], course: Path) -> None:
    folder, out = graded
    before = (out / "gradebook.csv").read_bytes()
    checks = course / "rubrics/strength/test_strength.py"
    change(checks, "    assert len(fits) == 1", "    import os; os._exit(3)\n    assert len(fits) == 1")
    done = grade(folder, out, course=course)
    assert done.returncode == 2
    assert "the grading process ended before it could answer" in done.stdout
    change(checks, "    import os; os._exit(3)\n", "")
    # no student code is run: what was handed in is gone
    shutil.rmtree(folder)
    assert run("regrade", out, "--lang", "en").returncode == 0
    assert (out / "gradebook.csv").read_bytes() == before


OVERRIDES: dict[str, str] = {
    "overrides.csv": "id;note;commentaire\nBob Units_901;11,5;Vu à l'oral\n906;3;\nDan Broken;;Come and see me\n",
    "overrides.yaml": "Bob Units_901: {mark: 11.5, comment: Vu à l'oral}\n906: {mark: 3}\nDan Broken: {comment: Come and see me}\n",
}


@pytest.mark.parametrize("name", OVERRIDES)
def test_what_is_decided_by_hand_wins_and_stays(graded: tuple[Path, Path], name: str) -> None:
    folder, out = graded
    # as Excel saves it in France
    encoding = "cp1252" if name.endswith(".csv") else "utf-8"
    (out / name).write_text(OVERRIDES[name], encoding)
    for again in (lambda: grade(folder, out), lambda: run("regrade", out)):
        done = again()
        assert done.returncode == 0, done.stdout + done.stderr
        lines = gradebook(out)
        assert (lines["Bob Units"]["mark"], lines["Bob Units"]["by_hand"]) == ("11.50", "yes")
        assert lines["Bob Units"]["score"] != "11.50"
        assert lines["Guy Nothing"]["mark"] == "3.00"
        assert (lines["Dan Broken"]["mark"], lines["Dan Broken"]["comment"]) == ("0.00", "Come and see me")
        assert (out / name).read_text(encoding) == OVERRIDES[name]
    report = (out / "Bob Units_901" / "report.html").read_text("utf-8")
    assert "11.50" in report
    assert "Mark decided by the instructor" in report
    assert "Come and see me" in (out / "Dan Broken_903" / "report.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("name", "text", "place"),
    [
        ("overrides.csv", "id,mark\nAda Right_900,much\n", "overrides.csv:2"),
        ("overrides.csv", "who,mark\nAda Right_900,3\n", "overrides.csv:1"),
        ("overrides.csv", "id,mark\nA,3\nA,4\n", "overrides.csv:3"),
        ("overrides.yaml", "Ada Right_900: {mark: 3}\nBob: 7\n", "overrides.yaml:2"),
        ("overrides.yaml", "Ada: [\n", "overrides.yaml:2"),
    ],
)
def test_decisions_that_cannot_be_understood_are_told_with_their_line(
    graded: tuple[Path, Path], name: str, text: str, place: str
) -> None:
    folder, out = graded
    (out / name).write_text(text, "utf-8")
    done = grade(folder, out)
    assert done.returncode == 2
    assert place in done.stderr
    assert "Traceback" not in done.stderr


def test_a_roster_gives_names_groups_and_what_being_late_costs(graded: tuple[Path, Path], tmp_path: Path) -> None:
    folder, out = graded
    roster = tmp_path / "roster.csv"
    roster.write_text(
        "account,name,group,due,late penalty,submitted\n"
        "900,Ada Lovelace,B,2026-11-01 12:00,10 %/day,2026-11-02 13:00\n"
        "901,Bob Units,A,2026-11-01 12:00,10 %/day,2026-11-01 11:00\n"
        "999,Zoe Absent,A,,,\n",
        "utf-8",
    )
    done = grade(folder, out, "--roster", roster)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Zoe Absent" in done.stdout
    lines = gradebook(out)
    assert (lines["Ada Lovelace"]["group"], lines["Ada Lovelace"]["penalty"]) == ("B", "2.40")
    assert (lines["Ada Lovelace"]["mark"], lines["Ada Lovelace"]["score"]) == ("9.60", "12.00")
    assert lines["Bob Units"]["penalty"] == "0.00"
    assert "for being late" in (out / "Ada Right_900" / "report.html").read_text("utf-8")


def test_two_commands_do_not_work_on_one_class_at_a_time(graded: tuple[Path, Path]) -> None:
    folder, out = graded
    with sqlite3.connect(out / "labcheck.sqlite", isolation_level=None) as database:
        database.execute("PRAGMA locking_mode = EXCLUSIVE")
        database.execute("BEGIN EXCLUSIVE")
        done = grade(folder, out)
    database.close()
    assert done.returncode == 2
    assert "another labcheck command is at work" in done.stderr


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda folder, out: shutil.rmtree(folder), "no such file or folder"),
        (lambda folder, out: (out / "labcheck.sqlite").write_bytes(b"nonsense" * 200), "no file of results"),
        (lambda folder, out: [shutil.rmtree(each) for each in folder.iterdir()], "no submission was found"),
    ],
    ids=["no class", "no store", "empty"],
)
def test_what_cannot_be_is_told_in_a_sentence(
    graded: tuple[Path, Path], spoil: Callable[[Path, Path], object], said: str
) -> None:
    folder, out = graded
    spoil(folder, out)
    done = grade(folder, out)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_results_of_another_lab_are_left_alone(graded: tuple[Path, Path]) -> None:
    folder, out = graded
    before = (out / "gradebook.csv").read_bytes()
    done = run("grade", "cnn_mnist", folder, "-o", out, "--data", "embedded", "--lang", "en")
    assert (done.returncode, (out / "gradebook.csv").read_bytes()) == (2, before)
    assert "of lab strength" in done.stderr


def test_a_class_is_exported_to_moodle_without_a_change_but_in_its_cells(graded: tuple[Path, Path]) -> None:
    _folder, out = graded
    head = "Identifier,Full name,Email address,Status,Grade,Maximum Grade,Grade can be changed,Last modified (submission),Last modified (grade),Feedback comments\r\n"
    rows = [
        f"Participant {900 + number},{student},,Submitted,,12.00,Yes,-,-,\r\n"
        for number, student in enumerate(CLASS)
    ]
    worksheet = out.parent / "Grades-Lab.csv"
    worksheet.write_bytes((head + "".join(rows)).encode())
    before = worksheet.read_bytes()
    done = run("export", out, "--format", "csv,moodle,gradescope", "--worksheet", worksheet, "--lang", "en")
    assert done.returncode == 0, done.stdout + done.stderr
    assert worksheet.read_bytes() == before
    text = (out / "export" / "moodle" / "Grades-Lab.csv").read_bytes().decode()
    marks = {line["Full name"]: line["Grade"] for line in csv.DictReader(io.StringIO(text, newline=""))}
    assert marks == {student: line["mark"] for student, line in gradebook(out).items()}
    assert (out / "export" / "gradebook.csv").read_bytes() == (out / "gradebook.csv").read_bytes()
    assert (out / "export" / "moodle" / "feedback.zip").exists()
    assert len(list((out / "export" / "gradescope").glob("*/results.json"))) == len(CLASS)


def test_a_dask_cluster_comes_to_the_same_with_a_worker_killed_midway(
    first: tuple[Path, Path, object], tmp_path: Path
) -> None:
    pytest.importorskip("distributed", reason="Dask is not installed")
    folder, whole, _done = first
    out = tmp_path / "out"
    dask = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--port", "0", "--no-dashboard",
            "--scheduler-file", str(tmp_path / "scheduler.json"), "--host", "127.0.0.1"]  # fmt: skip
    log = (tmp_path / "dask.log").open("wb")
    started = [subprocess.Popen(dask, stdout=log, stderr=log)]
    try:
        until = time.monotonic() + 60
        while not (tmp_path / "scheduler.json").exists() and time.monotonic() < until:
            time.sleep(0.1)
        for number in range(3):
            worker = [sys.executable, "-m", "distributed.cli.dask_worker", "--scheduler-file", str(tmp_path / "scheduler.json"),
                      "--nthreads", "1", "--no-dashboard", "--no-nanny", "--local-directory", str(tmp_path / f"dask{number}")]  # fmt: skip
            started.append(subprocess.Popen(worker, stdout=log, stderr=log))
        address = json.loads((tmp_path / "scheduler.json").read_text("utf-8"))["address"]
        arguments = command(
            "grade", "strength", folder, "-o", out, "--course", COURSE, "--data", "embedded", "--lang", "en", "--cluster", address
        )  # fmt: skip
        with reading(arguments) as process:
            assert process.stdout is not None
            while not (line := process.stdout.readline()).startswith("[2/"):
                assert line, (tmp_path / "dask.log").read_text("utf-8", "replace")
            started[-1].kill()
            rest = process.stdout.read()
        assert process.returncode == 0, rest
        assert (out / "gradebook.csv").read_bytes() == (whole / "gradebook.csv").read_bytes()
    finally:
        for each in reversed(started):
            each.kill()
            each.wait()
        log.close()
