"""What a class gets to read: a folder for each submission, the gradebook, and the class at a glance.

All of it follows from the store, the roster and what an instructor decided by hand, and can be written again at any time.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

import msgspec

from checker import __version__, report, similarity
from checker.course import Lab
from checker.gradebook import Entry
from checker.language import pick, spoken
from checker.lms import generic
from checker.overrides import Overrides
from checker.report import beside, html, json, overview
from checker.report.overview import SimilarPair
from checker.roster import Roster
from checker.similarity import Prints
from checker.store import Row, Store
from checker.submission import unpacked

GRADEBOOK, INDEX, SIMILAR = "gradebook.csv", "index.html", "similar"
REPORT, INSTRUCTOR, RESULT = "report.html", "instructor.html", "result.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """Writes into ``out``; ``roster`` and ``overrides`` may be empty."""

    lab: Lab
    out: Path
    overrides: Overrides
    roster: Roster | None = None
    template: Prints | None = None

    def entry(self, row: Row) -> Entry:
        """The line of the gradebook of a submission."""
        student = self.roster.student(row) if self.roster else None
        moment = datetime.fromisoformat(row.submitted) if row.submitted else None
        late = student.penalty(moment, row.card.max_score) if student and row.card else 0.0
        return Entry(
            id=row.id,
            student=(student.name if student else "") or row.student,
            account=row.account or (student.id if student else ""),
            source=row.source,
            group=student.group if student else "",
            card=row.card,
            problem=row.problem,
            penalty=late,
            override=self.overrides.of(row),
            remarks=row.remarks,
        )

    def entries(self, store: Store) -> Iterator[Entry]:
        """Every submission of the class, one in memory at a time."""
        for row in store.rows():
            yield self.entry(row)

    def tell_reference(self, store: Store, lost: Iterable[str]) -> None:
        """Keep the checks that the lab's own reference did not pass."""
        store.tell(reference_key=self._reference_key(store), reference_lost=", ".join(lost))

    def knows_reference(self, store: Store) -> bool:
        """Whether that is known for the rubric of today."""
        return store.about("reference_key") == self._reference_key(store)

    def reference_lost(self, store: Store) -> tuple[str, ...]:
        """The checks that the reference does not pass, as far as that is known for the rubric of today."""
        lost = store.about("reference_lost") if self.knows_reference(store) else ""
        return tuple(filter(None, lost.split(", ")))

    def _reference_key(self, store: Store) -> str:
        return f"{self.lab.digest} {store.about('data')} {__version__}"

    def write(self, entry: Entry) -> str:
        """Write the reports of one submission; a digest of what they follow from."""
        folder = self.out / entry.id
        folder.mkdir(parents=True, exist_ok=True)
        for name, render in self._files(entry):
            report.write(render(), folder / name)
        return self._digest(entry)

    def _files(self, entry: Entry) -> Iterator[tuple[str, Callable[[], str]]]:
        card = entry.card
        if card is not None:
            yield REPORT, lambda: html.render(card, "student", entry)
            yield INSTRUCTOR, lambda: html.render(card, "instructor", entry)
            yield RESULT, lambda: json.render(card, "instructor")

    def _digest(self, entry: Entry) -> str:
        parts = msgspec.json.encode(entry), spoken().encode(), __version__.encode()
        return hashlib.blake2b(b"\0".join(parts), digest_size=16).hexdigest()

    def publish(self, store: Store) -> None:
        """Write what is not up to date: reports that a decision by hand changes, or that are gone; and the overviews."""
        for row in store.rows():
            entry = self.entry(row)
            there = all((self.out / entry.id / name).exists() for name, _render in self._files(entry))
            if entry.card is not None and not (there and row.rendered == self._digest(entry)):
                store.rendered(row.id, self.write(entry))
        specs = self.lab.rubric.questions
        self._written(
            GRADEBOOK, generic.gradebook(self.entries(store), [(spec.id, spec.points) for spec in specs])
        )
        titles = [(spec.id, pick(spec.title.as_dict()), spec.points) for spec in specs]
        title = pick(self.lab.rubric.title.as_dict())
        similar = self._similar(store)
        lost = self.reference_lost(store)
        page = overview.html(title, self.lab.name, titles, lambda: self.entries(store), similar, lost)
        self._written(INDEX, page)

    def _similar(self, store: Store) -> list[SimilarPair]:
        """The pairs that are alike, each with its page; pages of an earlier run go."""
        found = similarity.pairs(self._prints(store))
        folder = self.out / SIMILAR
        for old in folder.glob("[0-9]*.html"):
            old.unlink()
        shown = []
        for number, pair in enumerate(found, 1):
            report.write(self._beside(store, pair), folder / f"{number}.html")
            href = f"{SIMILAR}/{number}.html"
            shown.append(SimilarPair(one=pair.one, other=pair.other, share=pair.share, href=href))
        return shown

    def _prints(self, store: Store) -> Iterator[tuple[str, Prints]]:
        """The fingerprints of the class; made anew where other code is handed out now than when they were made."""
        given = hashlib.blake2b(msgspec.msgpack.encode(self.template), digest_size=16).hexdigest()
        other = store.about("handed_out") != given
        for id_, known in store.prints():
            if other or known is None:
                made = similarity.prints_of(unpacked(store.work(id_) or b"").blocks, self.template)
                store.printed(id_, msgspec.msgpack.encode(made))
                yield id_, made
            else:
                yield id_, msgspec.msgpack.decode(known, type=Prints)
        if other:
            store.tell(handed_out=given)

    def _beside(self, store: Store, pair: similarity.Pair) -> str:
        one, other = (unpacked(store.work(id_) or b"").blocks for id_ in (pair.one, pair.other))
        regions = similarity.side_by_side(one, other, pair, self.template)
        left, right = ([line for block in blocks for line in block.code.split("\n")] for blocks in (one, other))
        return beside.html(
            pair.one,
            pair.other,
            pair.share,
            left,
            right,
            [(range(r.one[0] - 1, r.one[1]), range(r.other[0] - 1, r.other[1])) for r in regions],
            hrefs=(f"../{quote(pair.one)}/{INSTRUCTOR}", f"../{quote(pair.other)}/{INSTRUCTOR}"),
            back=f"../{INDEX}",
        )

    def _written(self, name: str, lines: Iterator[str]) -> None:
        """Write a file line by line, in the place of an older one only when it is whole."""
        half = self.out / f".{name}.part"
        with half.open("w", encoding="utf-8", newline="") as stream:
            stream.writelines(lines)
        shutil.move(half, self.out / name)
