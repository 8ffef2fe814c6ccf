"""Who handed in what: finds the submissions of a class in the folder or zip that an instructor has.

A folder, or a zip, that does nothing but wrap the class is looked through. Which layouts are known, ``layout`` says.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path, PurePosixPath

from checker.archive import CHUNK, UNREADABLE
from checker.errors import UsageError
from checker.handin import Handin, written
from checker.language import _
from checker.layout import CLASSROOM, MOODLE, RESULTS, SUBMITTED, Found, counting, sorted_out, submitted, title_of
from checker.submission import ARCHIVES, CODE
from checker.tree import Kind, Tree, join, tree_of

MAX_ID = 100
MAX_ID_BYTES = 200
RESERVED = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³]) *(?:\..*)?", re.IGNORECASE)
# files beside the folders of the results
TAKEN = frozenset(
    {
        RESULTS, f"{RESULTS}-wal", f"{RESULTS}-shm", "gradebook.csv", "index.html", "overrides.csv", "overrides.yaml",
        "overrides.yml",
    }
)  # fmt: skip
# how far a file is looked into to know whether it is work of the lab
LOOKED_INTO = 16 * CHUNK
LOOKED_AT = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """A class: its hand-ins by id, the layout ("moodle", "classroom", "nbgrader" or "folders"), and what is none."""

    handins: tuple[Handin, ...]
    layout: str
    left_out: tuple[str, ...]


def gather(path: Path, lab: str, names: Collection[str] = ()) -> Intake:
    """Find the submissions of a class in a folder or a zip.

    ``lab`` is the lab whose folder counts where there are several (nbgrader). ``names`` are those that the lab asks
    for: by them the folder of a class is told from that of its only student. Raises UsageError where nothing is found.
    """
    tree, at = _class_in(tree_of(path), lab, names)
    layout, found, left_out = sorted_out(tree, at, lab)
    if not found:
        raise UsageError(
            _("no submission was found here"),
            place=written(str(path)),
            remedy=_(
                "Give the folder or the zip of a class: Moodle's download of all submissions, the clones of GitHub "
                "Classroom, nbgrader's folder, or one folder or file for each student."
            ),
        )
    handins = sorted(_identified(tree, found), key=lambda handin: handin.id)
    return Intake(handins=tuple(handins), layout=layout, left_out=tuple(sorted(map(written, left_out))))


def _class_in(tree: Tree, lab: str, names: Collection[str]) -> tuple[Tree, str]:
    """Where the class is: below every folder, or in the one zip, that does nothing but hold it."""
    at = ""
    while True:
        entries = {name: kind for name, kind in counting(tree, at).items() if kind is not Kind.other}
        only = next(iter(entries), "")
        if len(entries) != 1 or _is_student(tree, at, only, lab):
            return tree, at
        place = join(at, only)
        if entries[only] is Kind.folder and _holds_class(tree, place, names):
            at = place
        elif inner := _zipped_class(tree, place):
            return _class_in(inner, lab, names)
        else:
            return tree, at


def _is_student(tree: Tree, at: str, only: str, lab: str) -> bool:
    """Whether the layout says that the only folder of a class is its only hand-in."""
    title = title_of(tree, at)
    cloned = title.endswith(CLASSROOM) and only.startswith(f"{title.removesuffix(CLASSROOM)}-")
    repeated = only.endswith(CLASSROOM)
    return bool(MOODLE.fullmatch(only)) or (cloned and not repeated) or submitted(tree, at, lab) is not None


def _zipped_class(tree: Tree, at: str) -> Tree | None:
    """The zip of a platform that lies alone in a folder on disk."""
    path = tree.path / at
    if path.suffix.lower() != ".zip" or not tree.path.is_dir() or not path.is_file():
        return None
    try:
        inner = tree_of(path)
    except UsageError:
        return None
    entries = inner.entries("")
    known = any(MOODLE.fullmatch(name) or name == SUBMITTED or name.endswith(CLASSROOM) for name in entries)
    return inner if known else None


def _holds_class(tree: Tree, at: str, names: Collection[str]) -> bool:
    """Whether the only folder of a class holds all of it, and is not the work of its only student."""
    entries = counting(tree, at)
    if ".git" in tree.entries(at):
        return False
    if at.endswith(CLASSROOM) or SUBMITTED in entries or any(MOODLE.fullmatch(name) for name in entries):
        return True
    suffixes = [PurePosixPath(name).suffix.lower() for name, kind in entries.items() if kind is Kind.file]
    if not any(suffix in CODE for suffix in suffixes):
        return Kind.folder in entries.values() or sum(suffix in ARCHIVES for suffix in suffixes) > 1
    works = (name for name in entries if _is_work(tree, join(at, name), names))
    return len(list(islice(works, 2))) == 2


def _is_work(tree: Tree, at: str, names: Collection[str]) -> bool:
    """Whether a file, or one of a folder, has one of the lab's names; any code will do where those are not known."""
    code = (
        file for file in tree.files(at) if PurePosixPath(file.name).suffix.lower() in CODE and not file.trouble
    )
    wanted = re.compile("|".join(rf"\b{re.escape(name)}\b" for name in names).encode(), re.IGNORECASE)
    return any(wanted.search(_beginning(tree, file.at)) for file in islice(code, LOOKED_AT))


def _beginning(tree: Tree, at: str) -> bytes:
    try:
        return b"".join(islice(tree.chunks(at), LOOKED_INTO // CHUNK))
    except UNREADABLE:
        return b""


def _identified(tree: Tree, found: Iterable[Found]) -> Iterator[Handin]:
    """The hand-ins with their ids; of two that would be the same folder somewhere, the second gets "-2"."""
    taken = {_alike(name) for name in TAKEN}
    counts: dict[str, int] = {}
    for one in sorted(found, key=lambda one: (_alike(one.title), one.source)):
        base = safe_name(one.title)
        name = base
        while _alike(name) in taken:
            counts[_alike(base)] = counts.get(_alike(base), 1) + 1
            name = safe_name(base, f"-{counts[_alike(base)]}")
        taken.add(_alike(name))
        yield Handin(
            id=name,
            student=one.student,
            account=one.account,
            source=written(one.source),
            tree=tree,
            pieces=tuple(one.pieces),
            stamp=one.stamp,
        )


def safe_name(name: str, ending: str = "") -> str:
    """``name`` with ``ending`` as a folder may be called on every system: at most 100 characters and 200 bytes."""
    text = unicodedata.normalize("NFC", written(name))
    # control characters, line ends, marks that turn the text around; then what Windows forbids
    text = "".join(" " if unicodedata.category(char) in ("Cc", "Cf", "Zl", "Zp", "Zs") else char for char in text)
    text = re.sub(r'[<>:"/\\|?*\ufffd]', "-", text)
    text = re.sub(r"\s+", " ", text).strip(" .")
    if RESERVED.fullmatch(text):
        text = f"_{text}"
    text = text[: MAX_ID - len(ending)].encode()[: MAX_ID_BYTES - len(ending)].decode("utf-8", "ignore")
    return (text.rstrip(" .") or "submission") + ending


def _alike(name: str) -> str:
    """The same for names that some file system takes for one: by case, or by the way accents are composed."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKD", name).casefold())
