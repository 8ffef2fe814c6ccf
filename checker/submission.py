"""A submission, read without running it: a script, a notebook, a folder or a zip becomes code with its origins.

Every line of code keeps its place. What cannot be read at all raises SubmissionError; what can be read in part is
told in ``remarks``.
"""

from __future__ import annotations

import ast
import hashlib
import io
import re
import tokenize
import zipfile
import zlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import BinaryIO

import msgspec

from checker import archive
from checker.archive import MAX_BYTES, MAX_FILES
from checker.errors import CourseError, SubmissionError, UsageError
from checker.evidence import Passage, Place, Remark
from checker.language import _
from checker.notebook import marked_prose, read_notebook
from checker.protocol import Block, SourceFile

CODE = (".py", ".ipynb")
# what students hand in instead of code
ARCHIVES = frozenset({".zip", ".rar", ".7z", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".zst"})
DOCUMENTS = frozenset(
    {".pdf", ".doc", ".docx", ".odt", ".rtf", ".pages", ".ppt", ".pptx", ".htm", ".html", ".png", ".jpg", ".jpeg"}
)
PROSE = (".md", ".txt")
REPORT = "report"
# files that would steer pytest or Python itself
IGNORED = frozenset({"conftest.py", "pytest.ini", "setup.cfg", "tox.ini", "sitecustomize.py", "usercustomize.py"})
SKIPPED_FOLDERS = frozenset(
    {"__pycache__", "__MACOSX", "venv", "env", "node_modules", "site-packages", "labcheck-report"}
)
MAX_LINE = 200
# what is kept of a submission is its text: what a check may look at without running it
MAX_KEPT = 2**20
MAX_SHOWN = 3
PYTHON_2 = re.compile(
    r"^\s*(?:print\s+[^\s(=]|print\s*>>|exec\s+[\"']|raise\s+\w+\s*,|except\s+[\w.]+\s*,\s*\w+\s*:)", re.MULTILINE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """``blocks`` are the code to run, ``files`` everything to lay beside it; ``defined`` the top-level names.

    ``prose`` is the written report: the Markdown of the main file, then every text file.
    """

    id: str
    main_file: str
    sha256: str
    blocks: tuple[Block, ...]
    files: tuple[SourceFile, ...]
    defined: frozenset[str]
    remarks: tuple[Remark, ...]
    prose: tuple[Passage, ...]

    def line(self, place: Place | None) -> str:
        """The line of code at ``place``, without its indentation; "" where there is none."""
        if place is None:
            return ""
        code = next((b.code for b in self.blocks if (b.file, b.cell) == (place.file, place.cell)), None)
        if code is None and place.cell is not None:
            code = next((p.text for p in self.prose if (p.file, p.cell) == (place.file, place.cell)), None)
        if code is None:
            files = (each.data for each in self.files if each.path == place.file and place.cell is None)
            code = next(files, b"").decode("utf-8", "replace")
        lines = code.splitlines()
        return lines[place.line - 1].strip()[:MAX_LINE] if 0 < place.line <= len(lines) else ""


def read(path: Path, names: Collection[str] = ()) -> Submission:
    """Read a .py or .ipynb file, a folder, or a zip of one submission; raises SubmissionError, with the place.

    Of several candidates the one that defines most of ``names`` is the main file. Where all code lies in zips, these
    are unpacked where they lie.
    """
    if not path.exists():
        raise UsageError(_("there is no such file or folder"), place=str(path))
    files, remarks = _gather(path)
    candidates = _code(files)
    if path.is_file() and path.suffix in CODE:
        candidates = {path.name: files[path.name]}
    if not candidates:
        files, more = _unpacked(path, files)
        remarks += more
        candidates = _code(files)
    if not candidates:
        raise _no_code(path, files)
    main, content, more = _choose(candidates, names)
    return Submission(
        id=path.stem if path.is_file() else path.resolve().name,
        main_file=main,
        sha256=_digest(files),
        blocks=content.blocks,
        files=tuple(SourceFile(name, data) for name, data in sorted(files.items())),
        defined=frozenset(_bound(content.blocks)),
        remarks=(*remarks, *more, *content.remarks),
        prose=(*content.prose, *_texts(files)),
    )


def _code(files: Mapping[str, bytes]) -> dict[str, bytes]:
    return {name: data for name, data in files.items() if PurePosixPath(name).suffix in CODE}


def _no_code(path: Path, files: Collection[str]) -> SubmissionError:
    """What was found instead of code, and what to hand in."""
    kinds = {name: PurePosixPath(name).suffix.lower() for name in sorted(files)}
    archives = [name for name, kind in kinds.items() if kind in ARCHIVES]
    instead = archives or [name for name, kind in kinds.items() if kind in DOCUMENTS]
    what = _("no Python file nor notebook in {name}").format(name=path.name)
    remedy = _("Give the path of your work; `labcheck new LAB` gives a file to start from.")
    if archives:
        remedy = _(
            "Hand in the notebook (.ipynb) or the script (.py) itself, or a .zip of it: nothing else is unpacked."
        )
    elif instead:
        remedy = _(
            "Hand in the notebook (.ipynb) or the script (.py) itself: a document or a picture cannot be run."
        )
    if instead and (path.is_dir() or path.suffix.lower() == ".zip"):
        shown = ", ".join(instead[:MAX_SHOWN]) + (", …" if len(instead) > MAX_SHOWN else "")
        what = _("no Python file nor notebook in {name}, but {found}").format(name=path.name, found=shown)
    elif not files and path.is_dir() and not any(path.iterdir()):
        what = _("no Python file nor notebook in {name}: this folder is empty").format(name=path.name)
    return SubmissionError(what, file=path.name, remedy=remedy)


@dataclass(frozen=True, slots=True)
class _Content:
    blocks: tuple[Block, ...]
    remarks: tuple[Remark, ...] = ()
    prose: tuple[Passage, ...] = ()


def _choose(candidates: Mapping[str, bytes], names: Collection[str]) -> tuple[str, _Content, list[Remark]]:
    """The main file, its content, and a word where there was a choice."""
    wanted = {name.lower().replace("_", "") for name in names}
    ranked: list[tuple[int, int, str, _Content]] = []
    errors: list[SubmissionError] = []
    for name, data in sorted(candidates.items()):
        try:
            content = _read_code(name, data)
        except SubmissionError as error:
            errors.append(error)
            continue
        bound = {each.lower().replace("_", "") for each in _bound(content.blocks)}
        ranked.append((len(bound & wanted), sum(len(block.code) for block in content.blocks), name, content))
    if not ranked:
        raise errors[0]
    ranked.sort(key=lambda entry: (-entry[0], -entry[1], entry[2]))
    _hits, _size, main, content = ranked[0]
    others = [entry[2] for entry in ranked[1:] if entry[0]]
    told = [Remark("several_files", {"taken": main, "others": ", ".join(others)})] if others else []
    return main, content, told


def _read_code(name: str, data: bytes) -> _Content:
    text, remarks = _decode(name, data)
    if name.endswith(".ipynb"):
        notebook = read_notebook(name, text)
        if not notebook.blocks:
            raise _no_cells(name, text, notebook.broken)
        return _Content(notebook.blocks, notebook.remarks, notebook.prose)
    _parse(name, text)
    return _Content((Block(text, name),), tuple(remarks), tuple(marked_prose(name, text)))


def _texts(files: Mapping[str, bytes]) -> Iterator[Passage]:
    for name, data in sorted(files.items()):
        if PurePosixPath(name).suffix.lower() in PROSE:
            yield Passage(data.decode("utf-8-sig", "replace").replace("\r\n", "\n").replace("\r", "\n"), name)


def _no_cells(name: str, text: str, broken: int) -> SubmissionError:
    if not broken:
        return SubmissionError(_("this notebook has no code"), file=name)
    if PYTHON_2.search(text.replace('"', "\n")):
        return _python_2(name)
    return SubmissionError(_("none of the cells of this notebook is valid Python"), file=name)


def _parse(name: str, text: str) -> None:
    """Raises SubmissionError where ``text`` is not Python 3, or nothing at all."""
    # to Python, a notebook may well be a dict
    if text.lstrip().startswith("{") and '"cells"' in text:
        raise SubmissionError(_("this is a notebook under the name of a script: rename it to .ipynb"), file=name)
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        if PYTHON_2.search(text):
            raise _python_2(name, error) from error
        raise SubmissionError(
            _("syntax error: {message}").format(message=error.msg),
            file=name,
            line=error.lineno,
            source=(error.text or "").strip()[:MAX_LINE],
            remedy=_("Correct this line: nothing can be graded before Python can read the file."),
        ) from error
    except ValueError as error:
        raise SubmissionError(_("this file holds bytes that are not text"), file=name) from error
    if not tree.body:
        raise SubmissionError(_("this file has no code"), file=name)


def _python_2(name: str, error: SyntaxError | None = None) -> SubmissionError:
    return SubmissionError(
        _("this is Python 2, which no longer runs"),
        file=name,
        line=error.lineno if error else None,
        source=((error and error.text) or "").strip()[:MAX_LINE],
        remedy=_("Write it for Python 3: print(…) with parentheses, `except X as e`."),
    )


def _decode(name: str, data: bytes) -> tuple[str, list[Remark]]:
    """The text with line ends as ``\\n``; a word where its encoding had to be guessed."""
    remarks: list[Remark] = []
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        text = data.decode("utf-16", "replace")
    else:
        try:
            cookie = (
                "utf-8-sig" if name.endswith(".ipynb") else tokenize.detect_encoding(io.BytesIO(data).readline)[0]
            )
            text = data.decode(cookie)
        except (SyntaxError, UnicodeDecodeError):
            text = data.decode("latin-1")
            remarks.append(Remark("encoding", {"encoding": "Latin-1", "file": name}))
    text = text.removeprefix("\ufeff")
    return text.replace("\r\n", "\n").replace("\r", "\n"), remarks


def _bound(blocks: Collection[Block]) -> set[str]:
    """The names that the top level binds."""
    bound: set[str] = set()
    for block in blocks:
        for node in ast.parse(block.code).body:
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                bound.add(node.name)
            elif isinstance(node, (ast.Import, ast.ImportFrom)):
                bound |= {alias.asname or alias.name for alias in node.names}
            else:
                bound |= {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    return bound


def _gather(path: Path) -> tuple[dict[str, bytes], list[Remark]]:
    if path.is_file() and path.suffix.lower() == ".zip":
        return _unzip(path, path.name)
    if path.is_file():
        files = {path.name: path.read_bytes()}
        _add_siblings(path, files)
        return files, []
    files = {}
    remarks = []
    for each in sorted(path.rglob("*")):
        parts = each.relative_to(path).parts
        if not each.is_file() or any(part.startswith(".") or part in SKIPPED_FOLDERS for part in parts):
            continue
        name = "/".join(parts)
        if each.name in IGNORED or each.is_symlink():
            remarks.append(Remark("ignored_file", {"file": name}))
        else:
            files[name] = each.read_bytes()
            _check_size(path, files)
    return files, remarks


def _add_siblings(path: Path, files: dict[str, bytes]) -> None:
    """The report beside a script; the modules that it imports, and those that they import."""
    for report in path.parent.glob("*.md"):
        if report.stem.lower() == REPORT:
            files[report.name] = report.read_bytes()
    waiting = [path]
    while waiting:
        text = waiting.pop().read_bytes().decode("utf-8", "replace")
        for name in re.findall(r"(?:from|import)\s+(\w+)", text):
            sibling = path.parent / f"{name}.py"
            if sibling.is_file() and sibling.name not in files and sibling.name not in IGNORED:
                files[sibling.name] = sibling.read_bytes()
                waiting.append(sibling)


def _unzip(source: Path | BinaryIO, shown: str) -> tuple[dict[str, bytes], list[Remark]]:
    """The files of a zip, without the one folder that wraps them all; ``shown`` is what an error calls it."""
    files: dict[str, bytes] = {}
    remarks: list[Remark] = []
    try:
        with zipfile.ZipFile(source) as found:
            entries = [entry for entry in found.infolist() if not archive.is_folder(entry)]
            if len(entries) > MAX_FILES or sum(entry.file_size for entry in entries) > MAX_BYTES:
                raise SubmissionError(_("this zip is too large for one submission"), file=shown)
            for entry in entries:
                name = archive.decoded(entry)
                parts = archive.split(name)
                if _is_ignored(parts) or archive.is_link(entry):
                    remarks.append(Remark("ignored_file", {"file": name}))
                elif problem := archive.trouble(entry):
                    raise SubmissionError(problem, file=shown, remedy=_("Make a plain zip, and hand it in again."))
                else:
                    files["/".join(parts)] = b"".join(archive.chunks(found, entry))
    except archive.UNREADABLE as error:
        raise SubmissionError(_("this zip cannot be read: {error}").format(error=error), file=shown) from error
    return _unwrapped(files), remarks


def _is_ignored(parts: tuple[str, ...]) -> bool:
    hidden = any(part.startswith(".") or part in SKIPPED_FOLDERS for part in parts)
    return hidden or not parts or archive.leads_outside(parts) or parts[-1] in IGNORED


def _unpacked(path: Path, files: Mapping[str, bytes]) -> tuple[dict[str, bytes], list[Remark]]:
    """The files with every zip among them unpacked where it lies, into a folder of its name where there are several.

    Raises the first SubmissionError where no zip can be read.
    """
    zips = [name for name in sorted(files) if name.lower().endswith(".zip")]
    found = {name: data for name, data in files.items() if name not in zips}
    remarks: list[Remark] = []
    errors: list[SubmissionError] = []
    for name in zips:
        place = PurePosixPath(name).parent if len(zips) == 1 else PurePosixPath(name).with_suffix("")
        try:
            inner, more = _unzip(io.BytesIO(files[name]), name)
        except SubmissionError as error:
            errors.append(error)
            continue
        remarks += more
        found |= {str(place / each): data for each, data in inner.items() if str(place / each) not in found}
        _check_size(path, found)
    if errors and len(errors) == len(zips):
        raise errors[0]
    return found, remarks


def _unwrapped(files: dict[str, bytes]) -> dict[str, bytes]:
    """Without the one folder that wraps everything, if there is one."""
    tops = {name.partition("/")[0] for name in files}
    if len(tops) == 1 and all("/" in name for name in files):
        return _unwrapped({name.partition("/")[2]: data for name, data in files.items()})
    return files


def _check_size(path: Path, files: Mapping[str, bytes]) -> None:
    if len(files) > MAX_FILES or sum(map(len, files.values())) > MAX_BYTES:
        raise SubmissionError(
            _("this folder is too large for one submission"),
            file=path.name,
            remedy=_("Hand in code and small files only: no data sets, no virtual environment."),
        )


def _digest(files: Mapping[str, bytes]) -> str:
    digest = hashlib.sha256()
    for name, data in sorted(files.items()):
        digest.update(name.encode() + b"\0" + data + b"\0")
    return digest.hexdigest()


def packed(submission: Submission) -> bytes:
    """A submission as bytes, without the files that only running it needs."""
    kept = tuple(
        file for file in submission.files if file.path.endswith((*CODE, *PROSE)) and len(file.data) <= MAX_KEPT
    )
    return zlib.compress(msgspec.msgpack.encode(replace(submission, files=kept)), 6)


def unpacked(work: bytes) -> Submission:
    """A submission from its bytes; raises CourseError where they are not one of this version."""
    try:
        return msgspec.msgpack.decode(zlib.decompress(work), type=Submission)
    except (zlib.error, msgspec.DecodeError) as error:
        raise CourseError(str(error)) from error
