"""A class is found in whatever shape a platform gave it, and nothing hostile in it costs more than itself."""

from __future__ import annotations

import io
import json
import os
import pickle
import re
import shutil
import subprocess
import time
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from checker import archive
from checker.errors import SandboxError, SubmissionError, UsageError
from checker.handin import Handin
from checker.intake import Intake, gather, safe_name
from checker.submission import read

CODE = "def small_model():\n    return 1\n"
NAMES = ("small_model",)
LAB = "cnn_mnist"
Content = str | bytes
Files = Mapping[str, Content]


def on_disk(root: Path, files: Files) -> Path:
    """A folder ``root`` with these files; a name that ends in "/" is an empty folder."""
    root.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        path = root / name
        if name.endswith("/"):
            path.mkdir(parents=True, exist_ok=True)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return root


def zipped(files: Files, compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as target:
        for name, content in files.items():
            target.writestr(name, content)
    return buffer.getvalue()


def in_zip(root: Path, files: Files) -> Path:
    path = root.with_suffix(".zip")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(zipped(files))
    return path


MAKERS: tuple[Callable[[Path, Files], Path], ...] = (on_disk, in_zip)
both = pytest.mark.parametrize("make", MAKERS)


def notebook(*cells: str) -> str:
    made = [{"cell_type": "code", "source": cell, "metadata": {}, "outputs": []} for cell in cells]
    return json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 2})


def main_file(handin: Handin) -> str:
    """The main file as ``submission.read`` finds it."""
    with handin.opened() as path:
        return read(path, NAMES).main_file


def defined(handin: Handin) -> frozenset[str]:
    with handin.opened() as path:
        return read(path, NAMES).defined


def problem(handin: Handin) -> str:
    """The sentence of a hand-in that cannot be graded, from opening or from reading it."""
    with pytest.raises(SubmissionError) as told, handin.opened() as path:
        read(path, NAMES)
    return str(told.value)


def only(found: Intake) -> Handin:
    (handin,) = found.handins
    return handin


def by_id(found: Intake) -> dict[str, Handin]:
    return {handin.id: handin for handin in found.handins}


# --- layouts


@both
@pytest.mark.parametrize("ending", ["_assignsubmission_file_", "_assignsubmission_file"])
def test_moodle_with_folders(tmp_path: Path, make: Callable[[Path, Files], Path], ending: str) -> None:
    names = ["Noël Éric_12345", "Marie_Jeanne De_La_Tour_678", "Participant_900110", "Zoé 2_Li_77"]
    found = gather(make(tmp_path / "TP1", {f"{name}{ending}/tp.py": CODE for name in names}), LAB, NAMES)
    assert (found.layout, found.left_out) == ("moodle", ())
    assert [(each.id, each.student, each.account, each.source) for each in found.handins] == [
        ("Marie_Jeanne De_La_Tour_678", "Marie Jeanne De La Tour", "678", f"Marie_Jeanne De_La_Tour_678{ending}"),
        ("Noël Éric_12345", "Noël Éric", "12345", f"Noël Éric_12345{ending}"),
        ("Participant_900110", "", "900110", f"Participant_900110{ending}"),
        ("Zoé 2_Li_77", "Zoé 2 Li", "77", f"Zoé 2_Li_77{ending}"),
    ]
    assert {main_file(each) for each in found.handins} == {"tp.py"}


@both
def test_moodle_without_folders(tmp_path: Path, make: Callable[[Path, Files], Path]) -> None:
    files = {
        "Éric Noël_1_assignsubmission_file_mon_tp.ipynb": notebook(CODE),
        "Éric Noël_1_assignsubmission_file_helpers.py": "x = 1\n",
        "Éric Noël_1_assignsubmission_file_.DS_Store": "",
        "Li Na_2_assignsubmission_file_tp.zip": zipped({"tp/lab.py": CODE}),
    }
    found = gather(make(tmp_path / "TP1", files), LAB, NAMES)
    eric, li = found.handins[1], found.handins[0]
    assert (eric.student, eric.account, li.account) == ("Éric Noël", "1", "2")
    assert eric.source == "Éric Noël_1_assignsubmission_file_helpers.py"
    with eric.opened() as path:
        submission = read(path, NAMES)
    assert submission.main_file == "mon_tp.ipynb"
    assert {file.path for file in submission.files} == {"mon_tp.ipynb", "helpers.py"}
    assert main_file(li) == "lab.py"


@both
def test_moodle_gathers_what_other_plugins_stored(tmp_path: Path, make: Callable[[Path, Files], Path]) -> None:
    files = {
        "A B_7_assignsubmission_onlinetext_/onlinetext.html": "<p>Bonjour</p>",
        "A B_7_assignsubmission_file_/lab.py": CODE,
        "A B_7_assignfeedback_file_/report.html": "<p>10/20</p>",
        "C D_8_assignsubmission_onlinetext_onlinetext.html": "<p>Voir mon dépôt</p>",
        "Par courriel/lab.py": CODE,
        "consignes.txt": "Rendre avant lundi",
    }
    intake = gather(make(tmp_path / "TP1", files), LAB, NAMES)
    found = by_id(intake)
    assert list(found) == ["A B_7", "C D_8", "Par courriel"]
    assert (intake.layout, intake.left_out) == ("moodle", ("consignes.txt",))
    assert found["A B_7"].source == "A B_7_assignsubmission_file_"
    with found["A B_7"].opened() as path:
        assert {file.path for file in read(path).files} == {"lab.py", "onlinetext/onlinetext.html"}
    assert "no Python file nor notebook in onlinetext.html\n" in problem(found["C D_8"])


@both
def test_moodle_folders_with_and_without_underscore_are_one_participant(
    tmp_path: Path, make: Callable[[Path, Files], Path]
) -> None:
    files = {"A_1_assignsubmission_file/a.py": CODE, "A_1_assignsubmission_file_/b.py": "x = 1\n"}
    handin = only(gather(make(tmp_path / "TP1", files), LAB, NAMES))
    with handin.opened() as path:
        assert {file.path for file in read(path).files} == {"a.py", "A_1_assignsubmission_file_/b.py"}


def test_a_download_that_lies_alone_in_a_folder_is_looked_into(tmp_path: Path) -> None:
    in_zip(on_disk(tmp_path / "class", {}) / "TP1", {"A_1_assignsubmission_file_/lab.py": CODE})
    assert only(gather(tmp_path / "class", LAB)).account == "1"


@both
@pytest.mark.parametrize("wrapped", [True, False])
def test_classroom(tmp_path: Path, make: Callable[[Path, Files], Path], wrapped: bool) -> None:
    users = ["ada-l", "alan", "Grace99"]
    prefix = "tp-cnn-submissions/" if wrapped else ""
    files = {f"{prefix}tp-cnn-{user}/{name}": CODE for user in users for name in ("lab.py", ".git/hooks/evil.py")}
    found = gather(make(tmp_path / "tp-cnn-submissions", files), LAB, NAMES)
    assert found.layout == "classroom"
    assert [(each.id, each.account, each.student) for each in found.handins] == [
        ("Grace99", "Grace99", ""),
        ("ada-l", "ada-l", ""),
        ("alan", "alan", ""),
    ]
    with found.handins[0].opened() as path:
        assert {file.path for file in read(path).files} == {"lab.py"}


@pytest.mark.parametrize(
    ("names", "accounts"),
    [
        (["cnn-mnist-jean-a", "cnn-mnist-jean-b"], ["jean-a", "jean-b"]),
        (["tp1-ada", "tp1-alan"], ["ada", "alan"]),
        (["tp1-ada"], [""]),
    ],
)
def test_clones_in_a_folder_of_any_name(tmp_path: Path, names: list[str], accounts: list[str]) -> None:
    files = {f"{name}/{file}": CODE for name in names for file in ("lab.py", ".git/HEAD")}
    found = gather(on_disk(tmp_path / "class", files), LAB)
    assert (found.layout, [each.account for each in found.handins]) == ("classroom", accounts)


@both
@pytest.mark.parametrize("prefix", ["submitted/", "course/submitted/"])
def test_nbgrader(tmp_path: Path, make: Callable[[Path, Files], Path], prefix: str) -> None:
    files = {
        f"{prefix}jean_d/{LAB}/lab.ipynb": notebook(CODE),
        f"{prefix}jean_d/{LAB}/timestamp.txt": "2026-03-05 10:20:30.5 UTC",
        f"{prefix}jean_d/other/lab.ipynb": notebook("x = 1"),
        f"{prefix}zoe/other/lab.ipynb": notebook("x = 1"),
    }
    if prefix != "submitted/":
        files |= {"course/source/cnn_mnist/lab.ipynb": "{}", "course/gradebook.db": "", "course/mails/": ""}
    found = gather(make(tmp_path / "course", files), LAB, NAMES)
    assert found.layout == "nbgrader"
    assert found.left_out == (() if prefix == "submitted/" else ("mails",))
    jean, zoe = found.handins
    assert (jean.id, jean.account, jean.student, jean.source, jean.empty) == (
        "jean_d",
        "jean_d",
        "",
        "jean_d",
        False,
    )
    assert "small_model" in defined(jean)
    assert zoe.empty
    assert "zoe: no Python file nor notebook in zoe: this folder is empty" in problem(zoe)
    assert zoe.submitted() is None


@pytest.mark.parametrize("name", ["submitted", "renamed"])
def test_nbgrader_from_inside(tmp_path: Path, name: str) -> None:
    files = {f"zoe/cnn-mnist/{file}": CODE for file in ("lab.py", "timestamp.txt")}
    found = gather(on_disk(tmp_path / name, files), "cnn-mnist", NAMES)
    assert (found.layout, only(found).account) == ("nbgrader", "zoe")


def test_nbgrader_spells_the_lab_in_its_own_way(tmp_path: Path) -> None:
    found = gather(on_disk(tmp_path, {"submitted/zoe/CNN-MNIST/lab.py": CODE}), LAB)
    assert main_file(only(found)) == "lab.py"


def test_nbgrader_without_the_lab_says_what_there_is(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=f"submitted: no student has a folder {LAB} here\n.*has: TP1, TP2"):
        gather(on_disk(tmp_path, {"submitted/zoe/TP1/lab.py": CODE, "submitted/li/TP2/lab.py": CODE}), LAB)


@both
def test_one_folder_or_file_each_and_mixed(tmp_path: Path, make: Callable[[Path, Files], Path]) -> None:
    files = {
        "Dupont_Jean/lab.py": CODE,
        "martin.ipynb": notebook(CODE),
        "martin.pdf": b"%PDF",
        "noël.py": CODE,
        "zoé.zip": zipped({"work/lab.py": CODE}),
        "rar.rar": b"Rar!",
        "doc.docx": b"PK",
        "nothing/": "",
        "README.md": "# Class",
        "class.csv": "id,name\n",
        ".DS_Store": "",
        "__MACOSX/._lab.py": "",
        "venv/lib/x.py": "",
        "Makefile": "all:",
        "results/labcheck.sqlite": "",
    }
    found = gather(make(tmp_path / "class", files), LAB, NAMES)
    assert (found.layout, found.left_out) == ("folders", ("Makefile", "results"))
    handins = by_id(found)
    assert list(handins) == sorted(["Dupont_Jean", "doc", "martin", "nothing", "noël", "rar", "zoé"])
    assert handins["Dupont_Jean"].student == "Dupont Jean"
    assert handins["martin"].source == "martin.ipynb"
    assert {name: main_file(handins[name]) for name in ("Dupont_Jean", "martin", "noël", "zoé")} == {
        "Dupont_Jean": "lab.py", "martin": "martin.ipynb", "noël": "noël.py", "zoé": "lab.py"
    }  # fmt: skip
    assert handins["nothing"].empty
    assert "this folder is empty" in problem(handins["nothing"])
    assert "nothing else is unpacked" in problem(handins["rar"])
    assert "a document or a picture cannot be run" in problem(handins["doc"])


@both
@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"TP1/Dupont/lab.py": CODE, "TP1/Martin/lab.py": CODE}, ["Dupont", "Martin"]),
        ({"2026/TP1/Dupont/lab.py": CODE, "2026/TP1/Martin/": ""}, ["Dupont", "Martin"]),
        ({"TP1/dupont.py": CODE, "TP1/martin.py": CODE, "README.md": ""}, ["dupont", "martin"]),
        ({"TP1/dupont.zip": zipped({"a.py": CODE}), "TP1/li.zip": zipped({"a.py": CODE})}, ["dupont", "li"]),
        ({"TP1/Dupont/lab.py": CODE, "TP1/martin.py": CODE}, ["Dupont", "martin"]),
        ({"TP1/A_1_assignsubmission_file_/lab.py": CODE}, ["A_1"]),
        # the only student of a class
        ({"Dupont/lab.py": CODE}, ["Dupont"]),
        ({"Dupont/lab.py": CODE, "Dupont/helpers.py": "x = 1\n", "Dupont/data/a.csv": "1"}, ["Dupont"]),
        ({"Dupont/lab.py": CODE, "Dupont/.git/HEAD": "ref", "Dupont/src/b.py": CODE}, ["Dupont"]),
        ({"A_1_assignsubmission_file_/TP1/lab.py": CODE}, ["A_1"]),
        ({"A_1_assignsubmission_file_tp.zip": zipped({"lab.py": CODE})}, ["A_1"]),
    ],
)
def test_a_folder_that_only_wraps_the_class_is_looked_through(
    tmp_path: Path, make: Callable[[Path, Files], Path], files: Files, expected: list[str]
) -> None:
    found = gather(make(tmp_path / "class", files), LAB, NAMES)
    assert [each.id for each in found.handins] == expected


@both
def test_a_student_who_zips_the_work_inside_the_folder(
    tmp_path: Path, make: Callable[[Path, Files], Path]
) -> None:
    inner = zipped({"TP1/lab.py": CODE, "TP1/data.csv": "1,2\n"})
    found = gather(make(tmp_path / "TP1", {"A_1_assignsubmission_file_/TP1.zip": inner}), LAB, NAMES)
    assert main_file(only(found)) == "lab.py"


# --- ids


def test_ids_differ_wherever_a_file_system_might_not(tmp_path: Path) -> None:
    composed, apart = unicodedata.normalize("NFC", "Zoé"), unicodedata.normalize("NFD", "Zoé")
    names = [composed, apart, "zoé", "index.html", "zoé-2", "a.", "a"]
    found = gather(in_zip(tmp_path / "class", {f"{name}/lab.py": CODE for name in names}), LAB, NAMES)
    ids = [each.id for each in found.handins]
    assert sorted(ids) == sorted(["Zoé", "Zoé-2", "zoé-3", "zoé-2-2", "index.html-2", "a", "a-2"])
    assert ids == sorted(ids)
    assert {each.source for each in found.handins} == set(names)
    assert len({unicodedata.normalize("NFKC", each.casefold()) for each in ids}) == len(names)


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("Noël Éric_1", "Noël Éric_1"),
        ("a/b\\c:d", "a-b-c-d"),
        (" ..a\tb\n. ", "a b"),
        ("x\u202egpj.exe", "x gpj.exe"),
        ("CON", "_CON"),
        ("lpt1.txt", "_lpt1.txt"),
        ("console", "console"),
        ("..", "submission"),
        ("\udc82a", "-a"),
        ("x" * 300, "x" * 100),
        ("é" * 300, "é" * 100),
        ("日" * 300, "日" * 66),
    ],
)
def test_an_id_is_a_folder_name_everywhere(name: str, safe: str) -> None:
    assert safe_name(name) == safe
    longest = safe_name(name, "-12345")
    assert longest.endswith("-12345")
    assert len(longest) <= 100
    assert len(longest.encode()) <= 200


def test_many_that_have_the_same_safe_name_are_counted(tmp_path: Path) -> None:
    found = gather(in_zip(tmp_path / "class", {f"{'?' * n}/lab.py": CODE for n in range(1, 30)}), LAB)
    assert len({each.id for each in found.handins}) == 29
    files = {f"{'a' * 150}{n}/lab.py": CODE for n in range(12)}
    ids = [each.id for each in gather(in_zip(tmp_path / "long", files), LAB).handins]
    assert {len(each) for each in ids} == {100}
    assert len(set(ids)) == 12


# --- zips of strangers


def test_names_of_a_zip_in_any_encoding(tmp_path: Path) -> None:
    path = in_zip(tmp_path / "class", {"XXX/lab.py": CODE, "YYYY/lab.py": CODE, "Noël/lab.py": CODE})
    data = path.read_bytes()
    # cp437 as old Windows writes it, and UTF-8 without the flag as macOS does
    data = data.replace(b"XXX/", "Zoé/".encode("cp437")).replace(b"YYYY/", "Éva/".encode())
    path.write_bytes(data)
    found = gather(path, LAB, NAMES)
    assert {each.student for each in found.handins} == {"Zoé", "Éva", "Noël"}
    assert {main_file(each) for each in found.handins} == {"lab.py"}


def member(name: str, **attributes: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, (2026, 3, 5, 10, 0, 0))
    for attribute, value in attributes.items():
        setattr(info, attribute, value)
    return info


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("evil/../../../escaped.py", "leads outside of its folder"),
        ("evil/C:\\escaped.py", "leads outside of its folder"),
        ("evil/" + "d/" * 60 + "escaped.py", "leads outside of its folder"),
    ],
)
def test_a_name_that_leads_outside_costs_its_hand_in_only(tmp_path: Path, name: str, said: str) -> None:
    work = tmp_path / "inner" / "work"
    work.mkdir(parents=True)
    found = by_id(
        gather(in_zip(work / "class", {name: CODE, "evil/lab.py": CODE, "good/lab.py": CODE}), LAB, NAMES)
    )
    before = {path for path in tmp_path.rglob("*") if path.is_file()}
    assert said in problem(found["evil"])
    assert main_file(found["good"]) == "lab.py"
    assert {path for path in tmp_path.rglob("*") if path.is_file()} == before
    assert not list(Path("/tmp").glob("escaped.py"))


def test_a_name_that_belongs_to_nobody_is_told(tmp_path: Path) -> None:
    names = ["../escaped.py", "/etc/passwd", "C:\\windows\\x.py", "\\\\server\\x.py", "a/lab.py", "b/lab.py"]
    found = gather(in_zip(tmp_path / "class", dict.fromkeys(names, CODE)), LAB, NAMES)
    assert [each.id for each in found.handins] == ["a", "b"]
    assert found.left_out == ("..", "C:")


def test_links_in_a_zip_are_not_made(tmp_path: Path) -> None:
    path = tmp_path / "class.zip"
    with zipfile.ZipFile(path, "w") as target:
        target.writestr(member("evil/link.py", external_attr=0o120777 << 16), "/etc/passwd")
        target.writestr("good/lab.py", CODE)
        # among what is skipped anyway, as a virtual environment has them
        target.writestr(member("good/venv/bin/python", external_attr=0o120777 << 16), "/usr/bin/python")
    found = by_id(gather(path, LAB, NAMES))
    assert "this is a link" in problem(found["evil"])
    assert main_file(found["good"]) == "lab.py"


def test_a_zip_with_a_password_is_told(tmp_path: Path) -> None:
    path = in_zip(tmp_path / "class", {"evil/lab.py": CODE, "good/lab.py": CODE})
    data = bytearray(path.read_bytes())
    # the flag of the first member, in its own header and in the directory
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    found = by_id(gather(path, LAB, NAMES))
    assert "protected by a password" in problem(found["evil"])
    assert main_file(found["good"]) == "lab.py"


def test_other_compressions_than_deflate_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "class.zip"
    with zipfile.ZipFile(path, "w") as target:
        target.writestr("evil/lab.py", CODE, zipfile.ZIP_BZIP2)
        target.writestr("good/lab.py", CODE)
    assert "other than Deflate" in problem(by_id(gather(path, LAB, NAMES))["evil"])


@both
def test_too_much_is_refused_before_it_is_copied(
    tmp_path: Path, make: Callable[[Path, Files], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("checker.handin.MAX_BYTES", 100_000)
    monkeypatch.setattr("checker.handin.MAX_FILES", 10)
    files = {
        "big/zeros.csv": b"0" * 200_000,
        "many/lab.py": CODE,
        **{f"many/{n}.csv": "1" for n in range(10)},
        "good/lab.py": CODE,
    }
    found = by_id(gather(make(tmp_path / "class", files), LAB, NAMES))
    for name in ("big", "many"):
        assert f"{name}: this folder is too large for one submission" in problem(found[name])
    assert main_file(found["good"]) == "lab.py"
    # names and sizes stand for what is too large to be read
    assert len({each.fingerprint() for each in found.values()}) == 3


def test_a_member_that_lies_about_its_size_is_told(tmp_path: Path) -> None:
    path = in_zip(tmp_path / "class", {"evil/lab.py": "x = 1\n" * 1000, "good/lab.py": CODE})
    data = path.read_bytes()
    path.write_bytes(data.replace((6000).to_bytes(4, "little"), (6).to_bytes(4, "little")))
    found = by_id(gather(path, LAB, NAMES))
    assert "lab.py: this file cannot be unpacked: Bad CRC-32" in problem(found["evil"])
    assert found["evil"].fingerprint() != found["good"].fingerprint()
    assert main_file(found["good"]) == "lab.py"


def test_a_file_that_grows_while_it_is_copied_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = gather(on_disk(tmp_path / "class", {"lab.py": CODE}), LAB)
    monkeypatch.setattr("checker.tree.Folder.chunks", lambda _self, _at: iter([b"0" * 2**20] * 100))
    assert "too large" in problem(only(found))


def test_a_full_disk_is_not_the_students_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = gather(in_zip(tmp_path / "class", {"a/lab.py": CODE}), LAB)

    def full(_self: Path, *_mode: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.open", full)
    with pytest.raises(SandboxError, match="no space left"), only(found).opened():
        pass


def test_a_file_and_a_folder_of_one_name_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "class.zip"
    with zipfile.ZipFile(path, "w") as target:
        for name in ("a", "a/lab.py", "b/lab.py", "b", "c/x/lab.py", "c/x"):
            target.writestr(name, CODE)
    found = gather(path, LAB, NAMES)
    assert {each.id: main_file(each) for each in found.handins} == {"a": "lab.py", "b": "lab.py", "c": "x/lab.py"}


def test_of_two_members_with_one_name_the_last_counts(tmp_path: Path) -> None:
    path = tmp_path / "class.zip"
    with zipfile.ZipFile(path, "w") as target:
        target.writestr("a/lab.py", "x = 1\n")
        with pytest.warns(UserWarning, match="Duplicate"):
            target.writestr("a/lab.py", CODE)
    assert "small_model" in defined(only(gather(path, LAB)))


def test_what_was_copied_goes_again(tmp_path: Path) -> None:
    handin = only(gather(in_zip(tmp_path / "class", {"a/lab.py": CODE}), LAB))
    with handin.opened() as path:
        assert path.name == "a"
        assert (path / "lab.py").read_text() == CODE
    assert not path.parent.exists()


# --- disk


def test_a_folder_is_read_where_it_lies_and_a_lone_script_alone(tmp_path: Path) -> None:
    files = {"a/lab.py": CODE, "b.py": "import c\n" + CODE, "c.py": CODE, "d.zip": zipped({"lab.py": CODE})}
    found = by_id(gather(on_disk(tmp_path / "class", files), LAB, NAMES))
    with found["a"].opened() as path:
        assert path == tmp_path / "class" / "a"
    with found["d"].opened() as path:
        assert path == tmp_path / "class" / "d.zip"
    with found["b"].opened() as path:
        # what b imports is the work of somebody else
        assert [file.path for file in read(path).files] == ["b.py"]


def test_a_path_holds_wherever_the_process_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    on_disk(tmp_path / "class", {"a/lab.py": CODE})
    monkeypatch.chdir(tmp_path / "class")
    handin = only(gather(Path(), LAB))
    monkeypatch.chdir(tmp_path)
    with handin.opened() as path:
        assert path == tmp_path / "class" / "a"


def test_links_on_disk_are_not_followed(tmp_path: Path) -> None:
    secret = on_disk(tmp_path / "secret", {"lab.py": CODE, "logs/HEAD": "x"})
    folder = on_disk(tmp_path / "class", {"a/lab.py": CODE})
    (folder / "linked").symlink_to(secret)
    (folder / "linked.py").symlink_to(secret / "lab.py")
    (folder / "a" / "sub").symlink_to(secret)
    (folder / "a" / "more.py").symlink_to(secret / "lab.py")
    (folder / "a" / ".git").symlink_to(secret)
    found = gather(folder, LAB, NAMES)
    assert found.left_out == ("linked", "linked.py")
    handin = only(found)
    with handin.opened() as path:
        assert [file.path for file in read(path).files] == ["lab.py"]
    alone = on_disk(tmp_path / "alone", {"a/lab.py": CODE})
    assert handin.fingerprint() == only(gather(alone, LAB)).fingerprint()
    assert handin.submitted() is None


@pytest.mark.skipif(os.name != "posix", reason="names on disk are text there")
def test_names_on_disk_that_are_no_text(tmp_path: Path) -> None:
    folder = tmp_path / "class"
    inner = os.fsencode(folder) + b"/Zo\x82"
    try:
        os.makedirs(inner)  # noqa: PTH103 -- Path knows no bytes
    except OSError:
        pytest.skip("this file system wants text")
    with open(inner + b"/tp\x82.py", "w") as file:  # noqa: PTH123
        file.write(CODE)
    handin = only(gather(folder, LAB))
    assert (handin.id, handin.source, handin.student) == ("Zo-", "Zo\ufffd", "Zo\ufffd")
    assert main_file(handin) == "tp\ufffd.py"
    assert len(handin.fingerprint()) == 64


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    folder = on_disk(tmp_path / "class", {"a/lab.py": CODE, "a/.git/logs/": ""})
    os.mkfifo(folder / "a" / "pipe.py")
    os.mkfifo(folder / "a" / ".git" / "logs" / "HEAD")
    handin = only(gather(folder, LAB))
    assert main_file(handin) == "lab.py"
    assert handin.submitted() is None


# --- fingerprints


def test_a_fingerprint_is_that_of_the_files_whatever_they_lie_in(tmp_path: Path) -> None:
    files = {"a/lab.py": CODE, "a/sub/é.csv": "1,2\n"}
    there = only(gather(on_disk(tmp_path / "class", files), LAB)).fingerprint()
    noise = {"a/.git/HEAD": "ref", "a/__pycache__/lab.pyc": b"\0", "a/.DS_Store": "x"}
    wrapped = {f"TP1/{name}": content for name, content in files.items()} | {"TP1/b/lab.py": "x = 1\n"}
    apart = {unicodedata.normalize("NFD", name): content for name, content in files.items()}
    for number, same in enumerate([files, files | noise, wrapped, apart]):
        made = gather(in_zip(tmp_path / f"class{number}", same), LAB)
        assert made.handins[0].fingerprint() == there
    for number, other in enumerate([{"a/lab.py": CODE}, files | {"a/lab.py": "x"}, files | {"a/x.csv": ""}]):
        made = gather(in_zip(tmp_path / f"other{number}", other), LAB)
        assert made.handins[0].fingerprint() != there


def test_the_time_stamp_of_the_platform_is_no_part_of_the_work(tmp_path: Path) -> None:
    prints = set()
    for day in ("05", "06"):
        files = {f"{LAB}/lab.py": CODE, f"{LAB}/timestamp.txt": f"2026-03-{day} 10:00:00 UTC"}
        folder = on_disk(tmp_path / day, {f"submitted/zoe/{name}": text for name, text in files.items()})
        prints.add(only(gather(folder, LAB)).fingerprint())
    assert len(prints) == 1


def test_a_large_file_is_read_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = in_zip(tmp_path / "class", {"a/lab.py": CODE, "a/big.csv": b"0" * 1_000_000})
    sizes = []
    chunks = archive.chunks

    def watched(*args: zipfile.ZipFile | zipfile.ZipInfo) -> list[bytes]:
        pieces = list(chunks(*args))  # type: ignore[arg-type]
        sizes.extend(map(len, pieces))
        return pieces

    monkeypatch.setattr("checker.archive.chunks", watched)
    only(gather(path, LAB)).fingerprint()
    assert max(sizes) <= archive.CHUNK


def test_a_hand_in_travels_to_another_process(tmp_path: Path) -> None:
    handin = only(gather(in_zip(tmp_path / "class", {"a/lab.py": CODE}), LAB))
    again = pickle.loads(pickle.dumps(handin))
    assert again == handin
    assert main_file(again) == "lab.py"
    assert len(pickle.dumps(handin)) < 1000


# --- times


def test_files_have_the_time_of_their_last_change(tmp_path: Path) -> None:
    folder = on_disk(tmp_path / "class", {"a/lab.py": CODE, "a/old.csv": "1", "a/.DS_Store": "", "b/": ""})
    for name, day in (("lab.py", 5), ("old.csv", 4), (".DS_Store", 9)):
        seconds = datetime(2026, 3, day, 12).timestamp()
        os.utime(folder / "a" / name, (seconds, seconds))
    one, none = gather(folder, LAB).handins
    assert one.submitted() == datetime(2026, 3, 5, 12)
    assert none.submitted() is None


def test_members_of_a_zip_have_the_time_that_it_says(tmp_path: Path) -> None:
    path = tmp_path / "class.zip"
    with zipfile.ZipFile(path, "w") as target:
        target.writestr(member("a/lab.py"), CODE)
        target.writestr(member("a/old.csv", date_time=(2025, 1, 1, 0, 0, 0)), "1")  # type: ignore[arg-type]
        target.writestr(member("b/lab.py", date_time=(1980, 1, 1, 0, 0, 0)), CODE)  # type: ignore[arg-type]
        target.writestr(member("c/lab.py", date_time=(2026, 0, 0, 0, 0, 0)), CODE)  # type: ignore[arg-type]
    found = by_id(gather(path, LAB))
    assert found["a"].submitted() == datetime(2026, 3, 5, 10)
    assert (found["b"].submitted(), found["c"].submitted()) == (None, None)


@pytest.mark.parametrize(
    ("stamp", "zone"),
    [
        ("2026-03-05 10:20:30.123456 UTC", UTC),
        ("2026-03-05 10:20:30 +00:00", UTC),
        ("2026-03-05T10:20:30", None),
        ("2026-03-05 10:20:30 NOWHERE", None),
        ("2026-03-05 10:20:30 ../../etc/passwd", None),
    ],
)
def test_the_time_stamp_of_nbgrader_becomes_local_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stamp: str, zone: object
) -> None:
    monkeypatch.setenv("TZ", "Europe/Paris")
    time.tzset()
    files = {f"submitted/zoe/{LAB}/lab.py": CODE, f"submitted/zoe/{LAB}/timestamp.txt": stamp}
    handin = only(gather(on_disk(tmp_path, files), LAB))
    assert handin.submitted() == datetime(2026, 3, 5, 11 if zone else 10, 20, 30)
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    "stamp", ["yesterday", "2026-13-45 10:20:30 UTC", b"\xff\xfe" * 500, "0001-01-01 00:00 +14:00"]
)
def test_a_broken_time_stamp_leaves_the_time_of_the_files(tmp_path: Path, stamp: Content) -> None:
    files = {f"submitted/zoe/{LAB}/lab.py": CODE, f"submitted/zoe/{LAB}/timestamp.txt": stamp}
    folder = on_disk(tmp_path, files)
    os.utime(folder / "submitted" / "zoe" / LAB / "lab.py", (1_772_000_000, 1_772_000_000))
    assert only(gather(folder, LAB)).submitted() == datetime.fromtimestamp(1_772_000_000)


SHA = "ab" * 20
LOG = f"{'0' * 40} {SHA} Zoé <zoe@example.org> 1772000000 +0100\t"
COMMIT = b"tree 12\nauthor Z <z@x> 1771000000 +0100\ncommitter Z <z@x> 1771500000 +0100\n\nDone\n"
LOOSE = zlib.compress(b"commit %d\0" % len(COMMIT) + COMMIT)


@both
@pytest.mark.parametrize(
    ("files", "seconds"),
    [
        ({"logs/HEAD": f"{LOG}commit: Done\n"}, 1_772_000_000),
        ({"logs/HEAD": f"{LOG}clone: from x\n"}, None),
        ({"logs/HEAD": f"{LOG}clone: from x\n", f"objects/ab/{SHA[2:]}": LOOSE}, 1_771_500_000),
        ({"logs/HEAD": f"{LOG}clone: from x\n", f"objects/ab/{SHA[2:]}": b"broken"}, None),
        ({"logs/HEAD": f"{LOG}clone: from x\n", "objects/pack/pack-1.idx": b"\xfftOc\0\0\0\2\0\0"}, None),
        ({"logs/HEAD": f"{LOG}commit: x\n".replace("1772000000", "999999999999")}, None),
        ({"logs/HEAD": "nonsense"}, None),
        ({"HEAD": "ref: refs/heads/main"}, None),
    ],
)
def test_a_clone_has_the_time_of_its_last_commit(
    tmp_path: Path, make: Callable[[Path, Files], Path], files: Files, seconds: int | None
) -> None:
    clone = {"tp-zoe/lab.py": CODE} | {f"tp-zoe/.git/{name}": content for name, content in files.items()}
    handin = only(gather(make(tmp_path / "tp-submissions", clone), LAB, NAMES))
    assert handin.submitted() == (datetime.fromtimestamp(seconds) if seconds else None)


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
@pytest.mark.parametrize("kind", ["clone", "zip"])
def test_a_real_clone_has_the_time_of_the_commit_not_of_the_cloning(tmp_path: Path, kind: str) -> None:
    def git(*arguments: str | Path, cwd: Path = tmp_path) -> None:
        identity = {
            f"GIT_{who}_{what}": "z@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
        }
        environment = {**os.environ, **identity, "GIT_COMMITTER_DATE": "2026-03-05T12:00:00+0000"}
        subprocess.run(["git", *arguments], cwd=cwd, check=True, capture_output=True, env=environment)

    work = on_disk(tmp_path / "work", {"lab.py": CODE})
    git("init", "-q", cwd=work)
    for number in range(30):
        (work / "lab.py").write_text(CODE + f"x = {number}\n" * 50)
        git("add", "lab.py", cwd=work)
        git("commit", "-q", "-m", f"step {number}", cwd=work)
    folder = tmp_path / "tp-submissions"
    folder.mkdir()
    git("clone", "-q", f"file://{work}", folder / "tp-zoe")
    assert list(folder.glob("tp-zoe/.git/objects/pack/*.idx"))
    path = folder
    if kind == "zip":
        path = Path(shutil.make_archive(str(tmp_path / "tp-submissions"), "zip", folder))
    expected = datetime(2026, 3, 5, 12, tzinfo=UTC).astimezone().replace(tzinfo=None)
    assert only(gather(path, LAB)).submitted() == expected


# --- the whole class


def test_a_large_class_reads_the_list_of_names_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inside = ("lab.py", "data.csv", "report.md", "src/helper.py")
    folders = [f"Étudiant {number:04}_{number + 900_000}_assignsubmission_file_" for number in range(5000)]
    path = in_zip(tmp_path / "class", {f"{folder}/{name}": "x = 1\n" for folder in folders for name in inside})
    lists = []
    opened = zipfile.ZipFile.infolist
    monkeypatch.setattr(zipfile.ZipFile, "infolist", lambda self: lists.append(1) or opened(self))  # type: ignore[func-returns-value]
    made = []
    init = zipfile.ZipFile.__init__
    monkeypatch.setattr(zipfile.ZipFile, "__init__", lambda self, *args: made.append(1) or init(self, *args))  # type: ignore[func-returns-value]
    monkeypatch.setattr(zipfile.Path, "iterdir", None)
    found = gather(path, LAB, NAMES)
    assert len(found.handins) == 5000
    prints = {each.fingerprint() for each in found.handins[:50]}
    assert len(prints) == 1
    assert found.handins[4999].submitted() is not None
    assert main_file(found.handins[4999]) == "lab.py"
    assert (len(lists), len(made)) == (1, 1)


def test_a_zip_that_was_replaced_is_read_anew(tmp_path: Path) -> None:
    path = in_zip(tmp_path / "class", {"a/lab.py": CODE})
    gather(path, LAB)
    in_zip(tmp_path / "class", {"a/lab.py": CODE, "b/lab.py": CODE})
    assert len(gather(path, LAB, NAMES).handins) == 2


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"": None}, "there is no such file or folder"),
        ({"class/": ""}, "no submission was found here\nGive the folder or the zip of a class"),
        ({"class/README.md": "", "class/class.csv": "id"}, "no submission was found here"),
        ({"class.zip": b"no zip"}, "this zip cannot be read: File is not a zip file\nDownload it again"),
        ({"class.zip": zipped({"a/lab.py": CODE})[:-30]}, "this zip cannot be read"),
        ({"class.zip": zipped({})}, "no submission was found here"),
        (
            {"class.txt": "text"},
            "this is neither a folder nor a zip\nGive the folder or the zip of the whole class",
        ),
    ],
)
def test_what_is_no_class_is_told(tmp_path: Path, files: dict[str, Content | None], said: str) -> None:
    on_disk(tmp_path, {name: content for name, content in files.items() if content is not None})
    path = tmp_path / ("class" if files.keys() == {""} else next(iter(files)).partition("/")[0])
    with pytest.raises(UsageError, match=f"^{re.escape(str(path))}: {said}"):
        gather(path, LAB)
