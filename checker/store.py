"""The results of a class in one file: the work list, and for each submission its scorecard and its evidence.

SQLite, each result one transaction: what was finished is kept whatever becomes of the process. The file is held
exclusively, so that two commands cannot work on one class at a time.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from checker.errors import UsageError
from checker.language import _
from checker.scorecard import Scorecard

FILE = "labcheck.sqlite"
VERSION = 1
TABLES = """
CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE submission (
    id TEXT PRIMARY KEY,
    student TEXT NOT NULL,
    account TEXT NOT NULL,
    source TEXT NOT NULL,
    submitted TEXT NOT NULL,      -- ISO 8601, local time, '' where not known
    fingerprint TEXT NOT NULL,    -- of its files
    remarks TEXT NOT NULL,        -- a JSON list of sentences about the hand-in
    present INTEGER NOT NULL,     -- 0 where the class no longer has it
    result_key TEXT NOT NULL DEFAULT '',    -- what the result follows from, '' while there is none
    evidence_key TEXT NOT NULL DEFAULT '',  -- what the evidence follows from
    rendered TEXT NOT NULL DEFAULT '',      -- what the written reports follow from
    problem TEXT NOT NULL DEFAULT '',       -- why it could not be graded, where labcheck is to blame
    card BLOB,                    -- the scorecard: zlib, JSON
    prints BLOB                   -- its fingerprints for comparison with others: MessagePack
);
-- apart, since what is large would be written again with each new mark
CREATE TABLE kept (
    id TEXT PRIMARY KEY,
    work BLOB NOT NULL,           -- the submission's text
    evidence BLOB NOT NULL        -- what was asked and answered: MessagePack
);
"""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A submission on the work list; see the table. ``keys`` are those that results and evidence were made from."""

    id: str
    student: str = ""
    account: str = ""
    source: str = ""
    submitted: str = ""
    fingerprint: str = ""
    remarks: tuple[str, ...] = ()
    result_key: str = ""
    evidence_key: str = ""
    rendered: str = ""
    problem: str = ""
    card: Scorecard | None = None


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What a replay needs: see ``task.Task``."""

    work: bytes
    evidence: dict[str, bytes]


@dataclass(slots=True)
class Store:
    """The results in a folder; use ``opened``."""

    _database: sqlite3.Connection

    @classmethod
    def opened(cls, folder: Path, *, new: bool = False) -> Store:
        """Those of ``folder``, made where there are none and ``new`` says so.

        Raises UsageError where there are none, where another command is at work on them, and for another version's.
        """
        path = folder / FILE
        if not new and not path.exists():
            raise UsageError(
                _("there are no results of a class here"),
                place=str(folder),
                remedy=_("`labcheck grade LAB DIR -o {folder}` makes them.").format(folder=folder),
            )
        folder.mkdir(parents=True, exist_ok=True)
        # a second command that comes at the same moment waits for so many seconds
        database = sqlite3.connect(path, timeout=1.0, isolation_level=None)
        try:
            return cls(_prepared(database, path))
        except BaseException:
            database.close()
            raise

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()

    # --- about the class

    def about(self, name: str) -> str:
        """What is known under ``name`` ("lab", "course", "data", …), "" for nothing."""
        found = self._database.execute("SELECT value FROM about WHERE name = ?", (name,)).fetchone()
        return str(found[0]) if found else ""

    def tell(self, **values: str) -> None:
        """Keep what is to be known about the class."""
        with self._transaction():
            self._database.executemany("INSERT OR REPLACE INTO about VALUES (?, ?)", values.items())

    # --- the work list

    def enlist(self, rows: Iterable[Row]) -> None:
        """Make these the submissions of the class. Others stay in the file and are no longer shown."""
        with self._transaction():
            self._database.execute("UPDATE submission SET present = 0")
            self._database.executemany(
                "INSERT INTO submission (id, student, account, source, submitted, fingerprint, remarks, present)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, 1) ON CONFLICT (id) DO UPDATE SET student = excluded.student,"
                " account = excluded.account, source = excluded.source, submitted = excluded.submitted,"
                " fingerprint = excluded.fingerprint, remarks = excluded.remarks, present = 1",
                (
                    (
                        row.id, row.student, row.account, row.source, row.submitted, row.fingerprint,
                        msgspec.json.encode(row.remarks).decode(),
                    )
                    for row in rows
                ),
            )  # fmt: skip

    def forget(self) -> None:
        """Leave no result: all of the class is to be graded anew."""
        with self._transaction():
            self._database.execute(
                "UPDATE submission SET result_key = '', evidence_key = '', rendered = '', problem = '', card = NULL,"
                " prints = NULL"
            )
            self._database.execute("DELETE FROM kept")

    def put(self, row: Row, kept: Kept | None = None, *, with_evidence: bool = True) -> None:
        """Keep the result of a submission, in one transaction; with ``with_evidence`` False, not what it came from."""
        card = zlib.compress(msgspec.json.encode(row.card), 6) if row.card else None
        with self._transaction():
            self._database.execute(
                "UPDATE submission SET result_key = ?, rendered = ?, problem = ?, card = ? WHERE id = ?",
                (row.result_key, row.rendered, row.problem, card, row.id),
            )
            if with_evidence:
                self._database.execute(
                    "UPDATE submission SET evidence_key = ?, prints = NULL WHERE id = ?",
                    (row.evidence_key, row.id),
                )
                self._database.execute("DELETE FROM kept WHERE id = ?", (row.id,))
                if kept:
                    evidence = msgspec.msgpack.encode(kept.evidence)
                    self._database.execute("INSERT INTO kept VALUES (?, ?, ?)", (row.id, kept.work, evidence))

    def rendered(self, id_: str, digest: str) -> None:
        """The reports of a submission were written, from what has this digest."""
        with self._transaction():
            self._database.execute("UPDATE submission SET rendered = ? WHERE id = ?", (digest, id_))

    def printed(self, id_: str, prints: bytes) -> None:
        """Keep the fingerprints of a submission."""
        with self._transaction():
            self._database.execute("UPDATE submission SET prints = ? WHERE id = ?", (prints, id_))

    # --- reading

    def keeps(self, id_: str) -> bool:
        """Whether there is what a replay of a submission needs."""
        return self._database.execute("SELECT 1 FROM kept WHERE id = ?", (id_,)).fetchone() is not None

    def __len__(self) -> int:
        return int(self._database.execute("SELECT count(*) FROM submission WHERE present").fetchone()[0])

    def rows(self, *, cards: bool = True) -> Iterator[Row]:
        """The submissions of the class by id, one in memory at a time; without their scorecards where none are needed."""
        names = self._database.execute("SELECT id FROM submission WHERE present ORDER BY id").fetchall()
        for (name,) in names:
            yield self.row(name, card=cards)

    def row(self, id_: str, *, card: bool = True) -> Row:
        """One submission."""
        found = self._database.execute(
            "SELECT id, student, account, source, submitted, fingerprint, remarks, result_key, evidence_key,"
            f" rendered, problem, {'card' if card else 'NULL'} FROM submission WHERE id = ?",
            (id_,),
        ).fetchone()
        known = msgspec.json.decode(zlib.decompress(found[11]), type=Scorecard) if found[11] else None
        return Row(
            **dict(zip(Row.__struct_fields__[:6], found[:6], strict=True)),
            remarks=tuple(msgspec.json.decode(found[6], type=list[str])),
            **dict(zip(Row.__struct_fields__[7:11], found[7:11], strict=True)),
            card=known,
        )

    def kept(self, id_: str) -> Kept | None:
        """What a replay of a submission needs, None where nothing was kept."""
        found = self._database.execute("SELECT work, evidence FROM kept WHERE id = ?", (id_,)).fetchone()
        if found is None:
            return None
        return Kept(work=found[0], evidence=msgspec.msgpack.decode(found[1], type=dict[str, bytes]))

    def work(self, id_: str) -> bytes | None:
        """The text of a submission, packed; None where it could not be read."""
        found = self._database.execute("SELECT work FROM kept WHERE id = ?", (id_,)).fetchone()
        return found[0] if found else None

    def prints(self) -> Iterator[tuple[str, bytes | None]]:
        """The fingerprints of the submissions of the class whose text is kept, by id; None where none were made yet."""
        names = self._database.execute("SELECT id FROM submission JOIN kept USING (id) WHERE present ORDER BY id")
        for (name,) in names.fetchall():
            yield self._database.execute("SELECT id, prints FROM submission WHERE id = ?", (name,)).fetchone()

    def _transaction(self) -> sqlite3.Connection:
        self._database.execute("BEGIN IMMEDIATE")
        return self._database


def _prepared(database: sqlite3.Connection, path: Path) -> sqlite3.Connection:
    try:
        # in this order: WAL without shared memory, which network file systems do not have
        database.execute("PRAGMA locking_mode = EXCLUSIVE")
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        database.execute("BEGIN EXCLUSIVE")
        version = int(database.execute("PRAGMA user_version").fetchone()[0])
        if version == 0:
            for statement in TABLES.split(";"):
                database.execute(statement)
            database.execute(f"PRAGMA user_version = {VERSION}")
        database.execute("COMMIT")
    except sqlite3.OperationalError as error:
        raise UsageError(
            _("another labcheck command is at work on these results"),
            place=str(path),
            remedy=_("Wait until it has ended."),
        ) from error
    except sqlite3.DatabaseError as error:
        raise UsageError(
            _("this is no file of results: {error}").format(error=error),
            place=str(path),
            remedy=_("Give another folder with -o."),
        ) from error
    if version not in (0, VERSION):
        raise UsageError(
            _("these results were made by another version of labcheck"),
            place=str(path),
            remedy=_("Give another folder with -o."),
        )
    return database
