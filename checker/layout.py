"""The layouts in which platforms give the submissions of a class: what belongs to whom, and what is no submission.

Known are Moodle's "download all submissions" (with and without folders, blind marking too), the clones of GitHub
Classroom, nbgrader's ``submitted`` folder, and plain folders and files, one for each student.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from checker.errors import UsageError
from checker.handin import Piece, written
from checker.language import _
from checker.submission import ARCHIVES, CODE, DOCUMENTS
from checker.tree import Kind, Tree, join, skipped

MOODLE = re.compile(r"(.+?)_(\d+)_assign(submission|feedback)_([a-z0-9]+)(?:_(.*))?", re.DOTALL)
BLIND = "participant"
SUBMITTED = "submitted"
STAMP = "timestamp.txt"
CLASSROOM = "-submissions"
NBGRADER_OWN = frozenset(
    {"source", "release", "autograded", "feedback", "exchange", "gradebook.db", "nbgrader_config.py"}
)
# lists of the class and of its marks
TABLES = frozenset({".csv", ".tsv", ".xls", ".xlsx", ".ods"})
# what is in a folder of results
RESULTS = "labcheck.sqlite"


@dataclass(slots=True, kw_only=True)
class Found:
    """A hand-in before it has its id, which is made of ``title``."""

    title: str
    source: str
    student: str = ""
    account: str = ""
    pieces: list[Piece] = field(default_factory=list)
    stamp: str = ""

    def add(self, at: str, name: str) -> None:
        """Add a piece, under the name that it has on the platform where another took its own."""
        taken = any(piece.name == name for piece in self.pieces)
        self.pieces.append(Piece(at, at.rpartition("/")[2] if taken else name))


Sorted = tuple[str, list[Found], list[str]]


def sorted_out(tree: Tree, at: str, lab: str) -> Sorted:
    """The layout, the hand-ins, and the names that are none."""
    students = submitted(tree, at, lab)
    if students is not None:
        return _of_nbgrader(tree, at, students, lab)
    entries = counting(tree, at)
    if any(MOODLE.fullmatch(name) for name in entries):
        return _of_moodle(tree, at, entries)
    clones = [name for name in entries if ".git" in tree.entries(join(at, name))]
    slug = _slug(title_of(tree, at), clones, lab)
    if slug or 2 * len(clones) > len(entries):
        return _of_classroom(tree, at, entries, slug)
    return _of_folders(tree, at, entries)


def _of_moodle(tree: Tree, at: str, entries: Mapping[str, Kind]) -> Sorted:
    """Moodle's download; what has no participant number is taken as in plain folders: work that came by mail."""
    people: dict[str, Found] = {}
    others: dict[str, Kind] = {}
    for name in sorted(entries, key=_rank):
        match = MOODLE.fullmatch(name)
        if not match or entries[name] is Kind.other:
            others[name] = entries[name]
            continue
        student, account, kind, plugin, rest = match.groups()
        if kind == "feedback":
            continue
        blind = student.casefold() == BLIND
        one = people.setdefault(
            account,
            Found(
                title=f"{student}_{account}",
                source=name,
                student="" if blind else _shown(student),
                account=account,
            ),
        )
        folder = "" if plugin == "file" else plugin
        one.add(join(at, name), folder if entries[name] is Kind.folder else join(folder, rest or name))
    _layout, found, left_out = _of_folders(tree, at, others)
    return "moodle", [*people.values(), *found], left_out


def _rank(name: str) -> tuple[bool, bool, str]:
    """Files that were handed in come first, for the first name is the source; then what other plug-ins stored."""
    match = MOODLE.fullmatch(name)
    return not match or match[4] != "file", bool(match and match[5] and skipped(match[5])), name


def _of_classroom(tree: Tree, at: str, entries: Mapping[str, Kind], slug: str) -> Sorted:
    clones = {name: kind for name, kind in entries.items() if kind is Kind.folder and name.startswith(slug)}
    found = []
    for name in clones:
        account = written(name.removeprefix(slug)) if slug else ""
        one = Found(title=account or name, source=name, account=account)
        one.add(join(at, name), "")
        found.append(one)
    rest = {name: kind for name, kind in entries.items() if name not in clones}
    _layout, more, left_out = _of_folders(tree, at, rest)
    return "classroom", [*found, *more], left_out


def _slug(title: str, clones: list[str], lab: str) -> str:
    """What the names of the clones begin with, "-" and all; "" where it is not known."""
    if title.endswith(CLASSROOM):
        return title.removesuffix(CLASSROOM) + "-"
    if not clones:
        return ""
    # a name of the lab tells better than letters that the users happen to share
    for prefix in (f"{lab}-", f"{lab.replace('_', '-')}-"):
        if all(name.startswith(prefix) for name in clones):
            return prefix
    columns = zip(*(name.split("-")[:-1] for name in clones), strict=False)
    shared = [column[0] for column in itertools.takewhile(lambda column: len(set(column)) == 1, columns)]
    return "-".join([*shared, ""]) if len(clones) > 1 else ""


def _of_nbgrader(tree: Tree, at: str, students: str, lab: str) -> Sorted:
    """One hand-in a student, empty without the folder of the lab; raises UsageError where nobody has that folder."""
    found, left_out, labs = [], [], set[str]()
    for name, kind in counting(tree, students).items():
        if kind is not Kind.folder:
            left_out.append(name)
            continue
        folders = [each for each, kind in tree.entries(join(students, name)).items() if kind is Kind.folder]
        labs.update(each for each in folders if not skipped(each))
        one = Found(title=name, source=name, account=written(name), stamp=STAMP)
        for each in sorted(folders, key=lambda each: (each != lab, each)):
            if _folded(each) == _folded(lab):
                one.add(join(students, name, each), "")
                break
        found.append(one)
    if found and not any(one.pieces for one in found):
        raise UsageError(
            _("no student has a folder {lab} here").format(lab=lab),
            place=written(str(tree.path / students)),
            remedy=_(
                "nbgrader's folder has: {labs}. Give the folder of the assignment the name of the lab."
            ).format(labs=written(", ".join(sorted(labs)) or "–")),
        )
    if students != at:
        own = NBGRADER_OWN | {SUBMITTED}
        left_out += [name for name in counting(tree, at) if name not in own]
    return "nbgrader", found, left_out


def submitted(tree: Tree, at: str, lab: str) -> str | None:
    """nbgrader's folder of students: in ``at``, or ``at`` itself; None where it is another layout."""
    entries = tree.entries(at)
    if entries.get(SUBMITTED) is Kind.folder:
        return join(at, SUBMITTED)
    if title_of(tree, at) == SUBMITTED:
        return at
    stamped = any(STAMP in tree.entries(join(at, name, lab)) for name in entries if not skipped(name))
    return at if stamped else None


def _of_folders(tree: Tree, at: str, entries: Mapping[str, Kind]) -> Sorted:
    """One folder or file for each; files of one name (a notebook, its script, its report) are one hand-in."""
    found: list[Found] = []
    left_out: list[str] = []
    files: dict[str, list[str]] = {}
    for name in sorted(entries):
        suffix = PurePosixPath(name).suffix.lower()
        if entries[name] is Kind.file and suffix not in ARCHIVES:
            files.setdefault(PurePosixPath(name).stem, []).append(name)
        elif entries[name] is Kind.other or (entries[name] is Kind.folder and _is_results(tree, join(at, name))):
            left_out.append(name)
        else:
            title = name if entries[name] is Kind.folder else PurePosixPath(name).stem
            found.append(_one(at, title, [name], entries[name]))
    for stem, group in files.items():
        group.sort(key=lambda name: (PurePosixPath(name).suffix.lower() not in CODE, name))
        if any(PurePosixPath(name).suffix.lower() in (*CODE, *DOCUMENTS) for name in group):
            found.append(_one(at, stem, group, Kind.file))
        else:
            left_out += group
    return "folders", found, left_out


def _one(at: str, title: str, names: list[str], kind: Kind) -> Found:
    one = Found(title=title, source=names[0], student=_shown(title))
    for name in names:
        one.add(join(at, name), "" if kind is Kind.folder else name)
    return one


def _is_results(tree: Tree, at: str) -> bool:
    """Whether labcheck wrote this folder."""
    return RESULTS in tree.entries(at)


def counting(tree: Tree, at: str) -> dict[str, Kind]:
    """What is in a folder, without what nobody hands in."""
    return {name: kind for name, kind in tree.entries(at).items() if not _is_silent(name, kind)}


def _is_silent(name: str, kind: Kind) -> bool:
    path = PurePosixPath(name.lower())
    if kind is Kind.folder or skipped(name):
        return skipped(name) and name != ".."
    return path.stem == "readme" or path.suffix in TABLES or path.name in ("thumbs.db", "desktop.ini")


def title_of(tree: Tree, at: str) -> str:
    """The name of the folder, or zip, that holds the class."""
    path = tree.path.resolve()
    return at.rpartition("/")[2] or (path.stem if path.is_file() else path.name)


def _shown(name: str) -> str:
    """A name as a person reads it."""
    return re.sub(r"[_\s]+", " ", unicodedata.normalize("NFC", written(name))).strip()


def _folded(lab: str) -> str:
    return re.sub(r"[-_\s]+", "", lab.casefold())
