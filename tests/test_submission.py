"""Submissions are read without being run, every line keeps its place."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from checker.errors import SubmissionError
from checker.evidence import Place
from checker.submission import read


def save_notebook(path: Path, *cells: str) -> Path:
    content = {
        "cells": [{"cell_type": "code", "source": cell, "metadata": {}, "outputs": []} for cell in cells],
        "metadata": {},
        "nbformat": 4,
        "nbformat_minor": 2,
    }
    path.write_text(json.dumps(content), "utf-8")
    return path


@pytest.mark.parametrize(
    ("line", "becomes"),
    [
        ("%matplotlib inline", "pass"),
        ("!pip install keras", "pass"),
        ("files = !ls", "files = []"),
        ("%time y = 3", "y = 3"),
        ("  %timeit f()", "  f()"),
        ("print?", "pass"),
        ("x = 5 % 3", "x = 5 % 3"),
        ("s = '!ls'", "s = '!ls'"),
    ],
)
def test_a_magic_line_is_neutralised_in_its_place(tmp_path: Path, line: str, becomes: str) -> None:
    prefix = "if True:\n" if line.startswith(" ") else "a = 1\n"
    blocks = read(save_notebook(tmp_path / "n.ipynb", f"{prefix}{line}\nb = 2")).blocks
    assert blocks[0].code == f"{prefix}{becomes}\nb = 2"


@pytest.mark.parametrize(("magic", "body"), [("%%time", "x = 1"), ("%%capture out", "x = 1"), ("%%bash", "")])
def test_a_cell_magic_runs_its_body_only_where_that_is_python(tmp_path: Path, magic: str, body: str) -> None:
    blocks = read(save_notebook(tmp_path / "n.ipynb", f"{magic}\nx = 1", "y = 2")).blocks
    assert blocks[0].code == f"\n{body}"


def test_what_looks_like_a_magic_inside_a_string_is_none(tmp_path: Path) -> None:
    cell = 's = """\n%time x\n!ls\n"""'
    assert read(save_notebook(tmp_path / "n.ipynb", cell)).blocks[0].code == cell


def test_a_broken_cell_is_left_out_with_its_cell_and_line(tmp_path: Path) -> None:
    submission = read(save_notebook(tmp_path / "n.ipynb", "a = 1", "b = 2\nprint 'x'"))
    assert [block.cell for block in submission.blocks] == [1]
    remark = next(remark for remark in submission.remarks if remark.kind == "broken_cell")
    assert remark.place is not None
    assert (remark.place.cell, remark.place.line) == (2, 2)


@pytest.mark.parametrize(
    "data",
    [
        "é = 1\r\nb = 2\r\n".encode(),
        b"\xef\xbb\xbf" + "é = 1\nb = 2\n".encode(),
        "# -*- coding: latin-1 -*-\né = 1\n".encode("latin-1"),
        "é = 1\nb = 2\n".encode("latin-1"),
        "é = 1\n".encode("utf-16"),
    ],
)
def test_any_encoding_is_read(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "lab.py").write_bytes(data)
    submission = read(tmp_path / "lab.py")
    assert "é" in submission.defined
    assert "\r" not in submission.blocks[0].code


def test_of_several_files_the_one_with_most_names_is_taken(tmp_path: Path) -> None:
    (tmp_path / "helpers.py").write_text("def a(): pass\n" * 9 + "def small_model(): pass\n")
    (tmp_path / "tp.py").write_text("def Small_Model(): pass\ndef large_model(): pass\n")
    (tmp_path / "conftest.py").write_text("evil = 1\n")
    submission = read(tmp_path, ("small_model", "large_model"))
    assert submission.main_file == "tp.py"
    assert {remark.kind for remark in submission.remarks} == {"several_files", "ignored_file"}
    assert "conftest.py" not in {file.path for file in submission.files}


def test_a_script_takes_the_modules_that_it_imports_along(tmp_path: Path) -> None:
    (tmp_path / "lab.py").write_text("import one\n")
    (tmp_path / "one.py").write_text("from two import x\n")
    (tmp_path / "two.py").write_text("x = 1\n")
    (tmp_path / "other.py").write_text("y = 1\n")
    assert {file.path for file in read(tmp_path / "lab.py").files} == {"lab.py", "one.py", "two.py"}


def test_a_zip_is_read_without_its_wrapping_folder_and_without_traversal(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "work.zip", "w") as archive:
        archive.writestr("Dupont/lab.py", "x = 1\n")
        archive.writestr("Dupont/data.csv", "1,2\n")
        archive.writestr("../evil.py", "y = 1\n")
    submission = read(tmp_path / "work.zip")
    assert {file.path for file in submission.files} == {"lab.py", "data.csv"}


def test_a_broken_zip_is_told(tmp_path: Path) -> None:
    (tmp_path / "work.zip").write_bytes(b"PK\x03\x04 nothing")
    with pytest.raises(SubmissionError, match="cannot be read"):
        read(tmp_path / "work.zip")


@pytest.mark.parametrize("code", ["print 'x'\n", "try:\n    f()\nexcept X, e:\n    pass\n", "exec 'x = 1'\n"])
def test_python_2_is_told_as_such(tmp_path: Path, code: str) -> None:
    (tmp_path / "lab.py").write_text(code)
    with pytest.raises(SubmissionError, match="Python 2"):
        read(tmp_path / "lab.py")


def test_a_report_keeps_its_places(tmp_path: Path) -> None:
    (tmp_path / "lab.py").write_text(
        "x = 1\n\n# %% [markdown]\n# # Titre\n# 3 * 4 = 12\n\n# %%\n# no prose\ny = 2\n"
    )
    (tmp_path / "notes.TXT").write_bytes(b"one\r\ntwo\r\n")
    script, text = read(tmp_path).prose
    assert (script.text, script.file, script.line, script.cell) == ("# Titre\n3 * 4 = 12\n", "lab.py", 4, None)
    assert (text.text, text.file, text.line) == ("one\ntwo\n", "notes.TXT", 1)


def test_the_markdown_of_a_notebook_is_its_report(tmp_path: Path) -> None:
    path = save_notebook(tmp_path / "n.ipynb", "a = 1")
    content = json.loads(path.read_text("utf-8"))
    content["cells"].append({"cell_type": "markdown", "source": ["# Titre\n", "3 * 4 = 12"], "metadata": {}})
    path.write_text(json.dumps(content), "utf-8")
    submission = read(path)
    (passage,) = submission.prose
    assert (passage.text, passage.line, passage.cell) == ("# Titre\n3 * 4 = 12", 1, 2)
    assert submission.line(Place("n.ipynb", 2, 2)) == "3 * 4 = 12"


def test_a_report_beside_a_script_is_taken_along(tmp_path: Path) -> None:
    for name in ("lab.py", "Report.md", "README.md"):
        (tmp_path / name).write_text("x = 1\n")
    assert [passage.file for passage in read(tmp_path / "lab.py").prose] == ["Report.md"]


def pack(path: Path, files: dict[str, str | bytes], compression: int = zipfile.ZIP_DEFLATED) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def test_a_zip_inside_a_folder_is_unpacked_where_it_lies(tmp_path: Path) -> None:
    pack(tmp_path / "work" / "sub" / "TP1.zip", {"TP1/lab.py": "def small_model(): pass\n", "TP1/data.csv": "1"})
    (tmp_path / "work" / "report.md").write_text("# Titre\n")
    submission = read(tmp_path / "work")
    assert submission.main_file == "sub/lab.py"
    assert {file.path for file in submission.files} == {"sub/lab.py", "sub/data.csv", "report.md"}
    assert [passage.file for passage in submission.prose] == ["report.md"]


def test_a_zip_inside_a_zip_is_unpacked_once(tmp_path: Path) -> None:
    inner = pack(tmp_path / "inner.zip", {"lab.py": "x = 1\n"})
    outer = pack(tmp_path / "work.zip", {"TP1/inner.zip": inner.read_bytes()})
    assert read(outer).main_file == "lab.py"
    assert read(pack(tmp_path / "same" / "inner.zip", {"inner.zip": inner.read_bytes()})).main_file == "lab.py"
    deeper = pack(tmp_path / "deeper.zip", {"work.zip": outer.read_bytes()})
    with pytest.raises(SubmissionError, match=r"no Python file nor notebook in deeper\.zip, but inner\.zip"):
        read(deeper)


def test_several_zips_are_unpacked_apart_and_a_broken_one_does_no_harm(tmp_path: Path) -> None:
    pack(tmp_path / "work" / "one.ZIP", {"lab.py": "def small_model(): pass\n"})
    pack(tmp_path / "work" / "two.zip", {"lab.py": "x = 1\n", "evil/../../lab.py": "y = 1\n"})
    (tmp_path / "work" / "three.zip").write_bytes(b"no zip")
    submission = read(tmp_path / "work", ("small_model",))
    assert submission.main_file == "one/lab.py"
    assert {file.path for file in submission.files} == {"one/lab.py", "two/lab.py"}
    assert {remark.kind for remark in submission.remarks} == {"ignored_file"}


def test_a_zip_beside_code_stays_packed(tmp_path: Path) -> None:
    pack(tmp_path / "data.zip", {"old.py": "x = 1\n"})
    (tmp_path / "lab.py").write_text("x = 1\n")
    assert {file.path for file in read(tmp_path).files} == {"lab.py", "data.zip"}


def test_a_broken_zip_inside_a_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "TP1.zip").write_bytes(b"no zip")
    with pytest.raises(SubmissionError, match=r"TP1\.zip: this zip cannot be read"):
        read(tmp_path)


def test_zips_inside_a_folder_have_the_limits_of_one_submission(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("checker.submission.MAX_BYTES", 10_000)
    for name in ("one", "two"):
        pack(tmp_path / "work" / f"{name}.zip", {"lab.py": "x = 1\n" + "#" * 6000})
    with pytest.raises(SubmissionError, match="work: this folder is too large"):
        read(tmp_path / "work")


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ([], "no Python file nor notebook in work: this folder is empty\nGive the path of your work"),
        (["data.csv"], "no Python file nor notebook in work\nGive the path of your work"),
        (["tp.rar", "rapport.pdf"], r"in work, but tp\.rar\nHand in the notebook .* nothing else is unpacked"),
        (["tp.tar.gz"], r"in work, but tp\.tar\.gz\n"),
        (["rapport.docx", "figure.PNG"], r"in work, but figure\.PNG, rapport\.docx\n.*a document or a picture"),
        (["1.pdf", "2.pdf", "3.odt", "4.doc"], r"but 1\.pdf, 2\.pdf, 3\.odt, …\n"),
    ],
)
def test_what_was_found_instead_of_code_is_told(tmp_path: Path, names: list[str], said: str) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    for name in names:
        (folder / name).write_bytes(b"\0")
    with pytest.raises(SubmissionError, match=said):
        read(folder)
    if names:
        packed = pack(tmp_path / "packed" / "work.zip", dict.fromkeys(names, b"\0"))
        with pytest.raises(SubmissionError, match=said.replace("in work", r"in work\.zip")):
            read(packed)


def test_a_lone_document_is_told(tmp_path: Path) -> None:
    (tmp_path / "rapport.docx").write_bytes(b"PK")
    with pytest.raises(
        SubmissionError, match=r"no Python file nor notebook in rapport\.docx\nHand in the notebook"
    ):
        read(tmp_path / "rapport.docx")


def test_names_in_a_zip_of_macos_keep_their_accents(tmp_path: Path) -> None:
    path = pack(tmp_path / "work.zip", {"XX.py": "x = 1\n"})
    path.write_bytes(path.read_bytes().replace(b"XX.py", "é.py".encode()))
    assert read(path).main_file == "é.py"


def test_a_zip_that_must_not_be_unpacked_is_told(tmp_path: Path) -> None:
    with pytest.raises(SubmissionError, match="other than Deflate"):
        read(pack(tmp_path / "work.zip", {"lab.py": "x = 1\n"}, zipfile.ZIP_LZMA))
    path = pack(tmp_path / "secret.zip", {"lab.py": "x = 1\n"})
    data = bytearray(path.read_bytes())
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(SubmissionError, match=r"secret\.zip: this zip is protected by a password"):
        read(path)


def test_a_link_in_a_zip_is_ignored(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("link.py")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "work.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
        archive.writestr("lab.py", "x = 1\n")
    submission = read(tmp_path / "work.zip")
    assert [file.path for file in submission.files] == ["lab.py"]
    assert [remark.details["file"] for remark in submission.remarks] == ["link.py"]


@pytest.mark.parametrize("cut", [30, 60, 100])
def test_a_zip_of_garbage_is_told(tmp_path: Path, cut: int) -> None:
    path = pack(tmp_path / "work.zip", {"lab.py": "x = 1\n" * 50})
    data = bytearray(path.read_bytes())
    data[cut - 8 : cut] = b"\xff" * 8
    path.write_bytes(data)
    with pytest.raises(SubmissionError, match=r"cannot be read|other than Deflate|password"):
        read(path)
