"""A tree of files, a folder on disk or a zip, seen in the same way: what it holds, and its bytes in pieces.

A place in a tree is a path with ``/`` from its top, "" the top itself. Links are never followed. What is no part of
a submission (hidden files, caches, virtual environments) is not among ``files``.
"""

from __future__ import annotations

import functools
import os
import stat
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from pathlib import Path
from typing import IO, Protocol

from checker import archive
from checker.errors import UsageError
from checker.language import _
from checker.submission import SKIPPED_FOLDERS


class Kind(Enum):
    """What a name stands for; ``other`` is a link, a device, or a name of a zip that leads out of it."""

    folder = auto()
    file = auto()
    other = auto()


@dataclass(frozen=True, slots=True)
class File:
    """A file ``at`` its place in a tree, ``name`` below the folder asked for; ``trouble`` why it must not be read."""

    name: str
    at: str
    size: int
    modified: datetime | None
    trouble: str = ""


class Tree(Protocol):
    """What a folder and a zip have in common."""

    @property
    def path(self) -> Path:
        """The folder, or the zip, on disk."""

    def entries(self, at: str) -> Mapping[str, Kind]:
        """What is directly in the folder ``at``; nothing where there is no such folder."""

    def files(self, at: str) -> Iterator[File]:
        """Every file below the folder ``at``, or the file ``at`` itself, in no order."""

    def chunks(self, at: str) -> Iterator[bytes]:
        """The bytes of a file in pieces of at most ``archive.CHUNK``; raises one of ``archive.UNREADABLE``."""

    def open(self, at: str) -> IO[bytes] | None:
        """A file to look something up in, hidden ones too; None where there is none, or it must not be read."""


def tree_of(path: Path) -> Tree:
    """The folder or zip ``path``; raises UsageError where it is neither, or cannot be read."""
    if not path.exists():
        raise UsageError(_("there is no such file or folder"), place=str(path))
    if path.is_dir():
        return Folder(path.absolute())
    if path.suffix.lower() == ".zip" or zipfile.is_zipfile(path):
        tree = Zip(path.absolute())
        tree.entries("")
        return tree
    raise UsageError(
        _("this is neither a folder nor a zip"),
        place=str(path),
        remedy=_("Give the folder or the zip of the whole class; `labcheck check PATH` grades one submission."),
    )


def join(*parts: str) -> str:
    """The place of something in a tree, out of the parts that are not empty."""
    return "/".join(part for part in parts if part)


def moment(seconds: float) -> datetime | None:
    """The naive local time of a time stamp; None where it stands for no date."""
    try:
        return datetime.fromtimestamp(seconds)
    except (OverflowError, OSError, ValueError):
        return None


def skipped(name: str) -> bool:
    """Whether a file or folder of that name is no part of a submission."""
    return name.startswith(".") or name in SKIPPED_FOLDERS


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder on disk."""

    path: Path

    def entries(self, at: str) -> Mapping[str, Kind]:
        """What is directly in the folder ``at``; raises UsageError where the top itself cannot be listed."""
        try:
            with os.scandir(self.path / at) as found:
                return {each.name: _kind(each) for each in found}
        except OSError as error:
            if not at:
                what = _("this folder cannot be read: {error}").format(error=error.strerror)
                raise UsageError(what, place=str(self.path)) from error
            return {}

    def files(self, at: str) -> Iterator[File]:
        """Every file below the folder ``at``, or the file ``at`` itself, in no order."""
        whole = self.path / at
        if not whole.is_dir():
            yield from self._file(whole, whole.name)
            return
        for folder, inner, names in os.walk(whole):
            inner[:] = [name for name in inner if not skipped(name)]
            for name in names:
                if not skipped(name):
                    path = Path(folder, name)
                    yield from self._file(path, path.relative_to(whole).as_posix())

    def _file(self, path: Path, name: str) -> Iterator[File]:
        """The file, where it is one and no link."""
        facts = _facts(path)
        if facts:
            yield File(name, path.relative_to(self.path).as_posix(), facts.st_size, moment(facts.st_mtime))

    def chunks(self, at: str) -> Iterator[bytes]:
        """The bytes of a file in pieces; raises OSError where it cannot be read."""
        with (self.path / at).open("rb") as file:
            while piece := file.read(archive.CHUNK):
                yield piece

    def open(self, at: str) -> IO[bytes] | None:
        """A file to look something up in; None where there is none, or a link leads out of the folder."""
        path = self.path / at
        try:
            inside = path.resolve().is_relative_to(self.path.resolve())
            return path.open("rb") if inside and _facts(path) else None
        except OSError:
            return None


def _kind(entry: os.DirEntry[str]) -> Kind:
    if entry.is_dir(follow_symlinks=False):
        return Kind.folder
    return Kind.file if entry.is_file(follow_symlinks=False) else Kind.other


def _facts(path: Path) -> os.stat_result | None:
    """What the disk knows of a regular file; None where ``path`` is none."""
    try:
        facts = path.lstat()
    except OSError:
        return None
    return facts if stat.S_ISREG(facts.st_mode) else None


@dataclass(frozen=True, slots=True)
class Zip:
    """A zip, its directory read once in a process however many submissions it holds."""

    path: Path

    def entries(self, at: str) -> Mapping[str, Kind]:
        """What is directly in the folder ``at``; raises UsageError where the zip cannot be read."""
        return self._index.folders.get(at, {})

    def files(self, at: str) -> Iterator[File]:
        """Every file below the folder ``at``, or the file ``at`` itself, in no order."""
        index = self._index
        if at not in index.folders:
            yield _member(index.infos[at], at, at.rpartition("/")[2])
            return
        folders = [at]
        while folders:
            folder = folders.pop()
            for name, kind in index.folders[folder].items():
                # ".." is no hidden file: it has to be met, to be refused
                if skipped(name) and name != "..":
                    continue
                place = join(folder, name)
                if kind is Kind.folder:
                    folders.append(place)
                else:
                    yield _member(index.infos[place], place, place.removeprefix(at).removeprefix("/"))

    def chunks(self, at: str) -> Iterator[bytes]:
        """The bytes of a member in pieces, never more than it claims; raises one of ``archive.UNREADABLE``."""
        index = self._index
        return archive.chunks(index.zip, index.infos[at])

    def open(self, at: str) -> IO[bytes] | None:
        """A member to look something up in; None where there is none, or it must not be read."""
        index = self._index
        info = index.infos.get(at)
        if info is None or archive.trouble(info) or archive.is_link(info):
            return None
        try:
            return index.zip.open(info)
        except archive.UNREADABLE:
            return None

    @property
    def _index(self) -> _Index:
        try:
            facts = self.path.stat()
            return _index(self.path, facts.st_mtime_ns, facts.st_size, os.getpid())
        except archive.UNREADABLE as error:
            raise UsageError(
                _("this zip cannot be read: {error}").format(error=error),
                place=str(self.path),
                remedy=_("Download it again, or unpack it and give the folder."),
            ) from error


@dataclass(frozen=True, slots=True)
class _Index:
    """The names of a zip: what each folder holds directly, and the member of each file."""

    zip: zipfile.ZipFile
    folders: dict[str, dict[str, Kind]]
    infos: dict[str, zipfile.ZipInfo]


# a class is one zip; the key tells when another one took its name, and that a forked process needs a file of its own
@functools.lru_cache(maxsize=2)
def _index(path: Path, _modified: int, _size: int, _process: int) -> _Index:
    index = _Index(zipfile.ZipFile(path), {"": {}}, {})
    for info in index.zip.infolist():
        # what lies deeper is refused once it is unpacked
        parts = archive.split(archive.decoded(info))[: archive.MAX_DEPTH]
        if not parts:
            continue
        place = "/".join(parts)
        if archive.is_folder(info):
            index.folders.setdefault(place, {})
        else:
            index.infos[place] = info
        _enter(index.folders, place)
    for name in index.folders[""]:
        if archive.leads_outside((name,)):
            index.folders[""][name] = Kind.other
    return index


def _enter(folders: dict[str, dict[str, Kind]], place: str) -> None:
    """Enter ``place`` in its folder, and that in its own, as far as they are not known."""
    kind = Kind.folder if place in folders else Kind.file
    while place:
        # from the right: the rest of an absolute name begins with "/"
        parent, _slash, name = place.rpartition("/")
        known = folders.setdefault(parent, {})
        if known.get(name) is Kind.folder or known.get(name) is kind:
            return
        known[name] = kind
        place, kind = parent, Kind.folder


def _member(info: zipfile.ZipInfo, place: str, name: str) -> File:
    return File(name, place, info.file_size, archive.modified(info), _trouble(info))


def _trouble(info: zipfile.ZipInfo) -> str:
    parts = archive.split(archive.decoded(info))
    if archive.leads_outside(parts) or len(parts) > archive.MAX_DEPTH:
        return _("this name leads outside of its folder")
    if archive.is_link(info):
        return _("this is a link to another file")
    return archive.trouble(info)
