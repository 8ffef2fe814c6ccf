"""What one student, or one group, handed in: who it is, where its files are, and how to open them safely.

Only names are kept. A hand-in that is large, broken or hostile costs itself and nothing else: ``opened`` raises
SubmissionError, the rest tells what can be told.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import re
import tempfile
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo

from checker.archive import MAX_BYTES, MAX_FILES, UNREADABLE
from checker.commit import last_commit
from checker.errors import SandboxError, SubmissionError
from checker.language import _
from checker.submission import CODE
from checker.tree import File, Tree, join, skipped

STAMP = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d(?::\d\d)?)(?:\.\d+)?\s*(\S*)")
MAX_STAMP = 200
# bytes of a name on disk that are no text
SURROGATES = re.compile("[\ud800-\udfff]")
NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT})


@dataclass(frozen=True, slots=True)
class Piece:
    """A file or folder ``at`` its place in the tree of the class, ``name`` in the hand-in ("": it is the whole of it)."""

    at: str
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Handin:
    """One submission of a class.

    ``id`` is a name for a folder, safe everywhere and unique in the class. ``student`` is the name, ``account`` Moodle's
    participant number, the user name on GitHub or nbgrader's student id; "" where they are not known. ``source`` is the
    name of the folder or file as the platform gave it. Its files are the ``pieces`` of ``tree``; ``stamp`` is the file
    in which the platform, not the student, wrote the time.
    """

    id: str
    student: str = ""
    account: str = ""
    source: str
    tree: Tree
    pieces: tuple[Piece, ...]
    stamp: str = ""

    @property
    def empty(self) -> bool:
        """Whether there is no file at all in it."""
        return next(self._files(), None) is None

    @contextlib.contextmanager
    def opened(self) -> Iterator[Path]:
        """A path for ``submission.read``: the folder itself, or a copy of the files that goes again afterwards.

        A lone script is copied, for beside it lie the scripts of others, which ``read`` would take for its modules.
        Raises SubmissionError where it is too large, broken or hostile, SandboxError where the disk is full.
        """
        files = list(islice(self._files(), MAX_FILES + 1))
        self._check(files)
        path = self._on_disk(files)
        if path:
            yield path
            return
        with tempfile.TemporaryDirectory(prefix="labcheck-", ignore_cleanup_errors=True) as scratch:
            folder = Path(scratch) / self.id
            folder.mkdir()
            self._copy(files, folder)
            lone = len(files) == 1 and files[0].at == self.pieces[0].at
            yield folder / written(files[0].name) if lone else folder

    def fingerprint(self) -> str:
        """The SHA-256, in hexadecimal, of its files: names (in Unicode's composed form) and bytes, whatever they lie in.

        Where it is too large to be read, or a file cannot be, names and sizes stand for the bytes.
        """
        files = sorted(self._files(), key=_composed)
        readable = not _too_large(files)
        digest = hashlib.sha256()
        for file in files:
            content = self._content(file) if readable else _unread(file)
            digest.update(_composed(file).encode() + b"\0" + content)
        return digest.hexdigest()

    def submitted(self) -> datetime | None:
        """When it was handed in, or last worked on where the platform does not tell; naive local time, None if unknown."""
        clones = [piece.at for piece in self.pieces if self.tree.entries(join(piece.at, ".git"))]
        if clones:
            # the times of its files are those of the cloning
            return last_commit(self.tree, clones[0])
        stamped = self._stamped() if self.stamp else None
        return stamped or max((file.modified for file in self._files() if file.modified), default=None)

    def _files(self) -> Iterator[File]:
        for piece in self.pieces:
            if skipped(piece.name):
                continue
            for file in self.tree.files(piece.at):
                name = piece.name if file.at == piece.at else join(piece.name, file.name)
                if name != self.stamp:
                    yield File(name or file.name, file.at, file.size, file.modified, file.trouble)

    def _check(self, files: list[File]) -> None:
        """Raises SubmissionError where the files are too many, too large or must not be unpacked."""
        for file in files:
            if file.trouble:
                raise SubmissionError(
                    file.trouble,
                    file=written(file.name),
                    remedy=_(
                        "Make a plain zip of the files themselves, without a password, and hand it in again."
                    ),
                )
        if _too_large(files):
            raise self._large()

    def _large(self) -> SubmissionError:
        return SubmissionError(
            _("this folder is too large for one submission"),
            file=written(self.source),
            remedy=_("Hand in code and small files only: no data sets, no virtual environment."),
        )

    def _on_disk(self, files: list[File]) -> Path | None:
        """Where it lies, if that can be read as it is."""
        if len(self.pieces) != 1 or self.tree.path.is_file() or any(written(f.name) != f.name for f in files):
            return None
        piece = self.pieces[0]
        path = self.tree.path / piece.at
        as_named = piece.name == path.name and path.suffix.lower() not in CODE
        return path if as_named or path.is_dir() else None

    def _copy(self, files: list[File], folder: Path) -> None:
        left = MAX_BYTES
        for file in files:
            target = folder.joinpath(*written(file.name).split("/"))
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                with target.open("wb") as copy:
                    for piece in self.tree.chunks(file.at):
                        left -= len(piece)
                        if left < 0:
                            raise self._large()
                        copy.write(piece)
            except UNREADABLE as error:
                raise _unreadable(file, error) from error

    def _content(self, file: File) -> bytes:
        if file.trouble:
            return _unread(file)
        digest = hashlib.sha256()
        try:
            for piece in self.tree.chunks(file.at):
                digest.update(piece)
        except UNREADABLE:
            return _unread(file)
        return b"=" + digest.digest()

    def _stamped(self) -> datetime | None:
        """What nbgrader wrote: "2026-03-05 10:20:30.123456 UTC", or with the name of another time zone."""
        places = [join(piece.at, self.stamp) for piece in self.pieces]
        file = next((found for place in places if (found := self.tree.open(place))), None)
        if file is None:
            return None
        with file:
            stamp = STAMP.match(file.read(MAX_STAMP).decode("utf-8", "replace").strip())
        try:
            return _local(datetime.fromisoformat(f"{stamp[1]} {stamp[2]}"), stamp[3]) if stamp else None
        except (ValueError, OverflowError):
            return None


def written(name: str) -> str:
    """A name as it can be written, shown and stored: without what is no text."""
    return SURROGATES.sub("\ufffd", name)


def _composed(file: File) -> str:
    # macOS takes accents apart
    return unicodedata.normalize("NFC", written(file.name))


def _too_large(files: list[File]) -> bool:
    return len(files) > MAX_FILES or sum(file.size for file in files) > MAX_BYTES


def _unread(file: File) -> bytes:
    return b"?" + file.size.to_bytes(32, "big")


def _unreadable(file: File, error: Exception) -> SubmissionError | SandboxError:
    if isinstance(error, OSError) and error.errno in NO_SPACE:
        return SandboxError(_("there is no space left on the disk"), place=tempfile.gettempdir())
    return SubmissionError(
        _("this file cannot be unpacked: {error}").format(error=error),
        file=written(file.name),
        remedy=_("Make a new zip, look whether it opens, and hand it in again."),
    )


def _local(when: datetime, zone: str) -> datetime:
    """``when`` of a time zone as naive local time; an unknown zone is taken for the local one."""
    try:
        aware = (
            datetime.fromisoformat(f"{when}{zone}") if zone[:1] in "+-" else when.replace(tzinfo=ZoneInfo(zone))
        )
        return aware.astimezone().replace(tzinfo=None)
    except (ValueError, KeyError, OSError):
        return when
