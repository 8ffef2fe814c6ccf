"""A class: its submissions are graded, several at a time, and each result is kept as it comes.

The work list comes first, so that whatever interrupts a run, the same command goes on where it was: only what is new,
changed, or judged by another rubric is done again, and where only the rubric changed, from the evidence that was kept.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import msgspec

from checker import __version__, calibration, dataset, overrides, roster, session
from checker.cluster import Cluster
from checker.course import Course, Lab
from checker.errors import CourseError, SubmissionError, UsageError
from checker.export import Export
from checker.gradebook import Step, Summary
from checker.grading import reference_cache
from checker.handin import Handin
from checker.intake import Intake, gather
from checker.language import _, speak
from checker.pool import Pool
from checker.publication import Publication
from checker.scorecard import Outcome
from checker.server import Server
from checker.similarity import Prints, prints_of
from checker.store import Kept, Row, Store
from checker.submission import CODE, read
from checker.task import Done, Setup, Task


class Executor(Protocol):
    """Whatever runs tasks: processes on this machine, or on many."""

    def run(self, tasks: Iterable[Task]) -> Iterator[Done]: ...


Told = Callable[[Step], None]
# the number of the task that asks the lab's own reference, which is no submission
REFERENCE = -1


@dataclass(slots=True, kw_only=True)
class Batch:
    """A class being graded into ``store``; ``data`` is as for ``dataset.load``, ``jobs`` how many at a time on this machine,
    ``cluster`` the address of a Dask scheduler to use instead.
    """

    lab: Lab
    store: Store
    publication: Publication
    language: str
    data: str | None = None
    isolation: str = "auto"
    jobs: int = 1
    cluster: str = ""
    told: Told = lambda _step: None
    _digest: str = field(init=False)
    _measured: str = field(init=False)
    _open: dict[int, contextlib.ExitStack] = field(init=False, default_factory=dict)
    _replaying: bool = field(init=False, default=False)
    _done: int = field(init=False, default=0)
    _of: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self._digest = dataset.load(self.lab.rubric.data, self.data).digest
        measured = self.lab.rubric_dir / calibration.FILE
        self._measured = measured.read_bytes().hex() if measured.exists() else ""

    # --- what results follow from

    def _evidence_key(self, row: Row) -> str:
        return _hash(row.fingerprint, self.lab.running_digest, self._digest, self.isolation)

    def _result_key(self, row: Row) -> str:
        return _hash(self._evidence_key(row), self.lab.digest, self._measured, self.language, __version__)

    def _waiting(self) -> list[str]:
        return [row.id for row in self.store.rows(cards=False) if row.result_key != self._result_key(row)]

    # --- grading

    def grade(self, intake: Intake, *, fresh: bool = False) -> int:
        """Grade what is not graded yet; the number of submissions that were."""
        self.store.enlist(_rows(intake))
        if fresh:
            self.store.forget()
        handins = {handin.id: handin for handin in intake.handins}
        waiting = self._waiting()
        self._begin(waiting)
        if waiting:
            self._run(self._tasks(waiting, handins), waiting)
        return len(waiting)

    def regrade(self) -> tuple[int, tuple[str, ...]]:
        """Judge anew from what was kept, running no student code; how many were to be, and for which it cannot be done."""
        waiting = self._waiting()
        unread = [id_ for id_ in waiting if (card := self.store.row(id_).card) and card.status == "failed"]
        replayed = [id_ for id_ in waiting if id_ not in set(unread) and self._evidence_holds(self.store.row(id_))]
        lacking = sorted({*waiting} - {*unread, *replayed})
        self._replaying = True
        self._begin(waiting)
        for id_ in unread:
            row = self.store.row(id_)
            if row.card:
                self._finish(row, Done(number=0, card=session.unreadable_still(row.card, self.lab)))
        if replayed:
            lacking += self._run(self._replays(replayed), replayed)
        return len(waiting), tuple(sorted(lacking))

    def _begin(self, waiting: Sequence[str]) -> None:
        self._done, self._of = len(self.store) - len(waiting), len(self.store)

    def _evidence_holds(self, row: Row) -> bool:
        return row.evidence_key == self._evidence_key(row) and self.store.keeps(row.id)

    @contextlib.contextmanager
    def _executor(self, count: int) -> Iterator[Executor]:
        setup = Setup(
            course=str(self.lab.course.resolve()),
            lab=self.lab.name,
            language=self.language,
            data=self.data and dataset.resolved(self.data),
            isolation=self.isolation,
        )
        if self.cluster:
            with Cluster(self.cluster, self.lab, setup) as cluster:
                yield cluster
        elif self._replaying:
            # nothing is run but, where its answers are not known any more, the reference
            with Pool(setup, min(self.jobs, count)) as pool:
                yield pool
        else:
            with Server(self.isolation) as server:
                setup = msgspec.structs.replace(setup, server=str(server.folder))
                with Pool(setup, min(self.jobs, count), server) as pool:
                    yield pool

    def _tasks(self, waiting: Sequence[str], handins: Mapping[str, Handin]) -> Iterator[Task]:
        for number, id_ in enumerate(waiting):
            row = self.store.row(id_)
            kept = self.store.kept(id_) if self._evidence_holds(row) else None
            stack = contextlib.ExitStack()
            try:
                path = stack.enter_context(handins[id_].opened())
            except SubmissionError as error:
                card = session.unreadable(error, Path(id_), self.lab, self.isolation)
                self._finish(row, Done(number=number, card=card))
                continue
            self._open[number] = stack
            yield Task(number=number, id=id_, path=str(path), evidence=kept.evidence if kept else {}, keep=True)

    def _replays(self, waiting: Sequence[str]) -> Iterator[Task]:
        for number, id_ in enumerate(waiting):
            if kept := self.store.kept(id_):
                yield Task(number=number, id=id_, work=kept.work, evidence=kept.evidence, replay=True)

    def _run(self, tasks: Iterable[Task], waiting: Sequence[str]) -> list[str]:
        """Run the tasks and keep what comes out; those whose replay was lacking something."""
        lacking = []
        with contextlib.ExitStack() as stack, self._executor(len(waiting)) as executor:
            stack.callback(self._close)
            for done in self._ran(executor, tasks):
                if done.number == REFERENCE:
                    self._keep_reference(done)
                    continue
                self._open.pop(done.number, contextlib.ExitStack()).close()
                row = self.store.row(waiting[done.number])
                if done.lacking:
                    lacking.append(row.id)
                else:
                    self._finish(row, done)
        return lacking

    def _ran(self, executor: Executor, tasks: Iterable[Task]) -> Iterator[Done]:
        """What came out of the tasks and, where the rubric is new, of the reference: what that loses, nobody has lost.

        Where its answers are not known, it goes first, before several processes would ask for them at the same time.
        """
        reference = Task(number=REFERENCE, id=self.lab.name, path=str(self.lab.reference_dir))
        if self._replaying:
            pass
        elif not self.cluster and not reference_cache(self.lab, self._digest).exists():
            yield from executor.run([reference])
        elif not self.publication.knows_reference(self.store):
            tasks = itertools.chain([reference], tasks)
        yield from executor.run(tasks)

    def _keep_reference(self, done: Done) -> None:
        """Raises CourseError where it cannot be read: no submission could be set beside it."""
        if done.card is None:
            return
        if done.card.status == "failed":
            (note,) = done.card.notes
            at = f"/{note.location.file}:{note.location.line}" if note.location else ""
            raise CourseError(note.message, place=f"{self.lab.reference_dir}{at}")
        lost = (each.id for each in done.card.checks if each.outcome in (Outcome.failed, Outcome.broken))
        self.publication.tell_reference(self.store, lost)

    def _close(self) -> None:
        while self._open:
            self._open.popitem()[1].close()

    def _finish(self, row: Row, done: Done) -> None:
        self._keep(row, done)
        self._done += 1
        self.told(Step(done=self._done, of=self._of, entry=self.publication.entry(self.store.row(row.id))))

    def _keep(self, row: Row, done: Done) -> None:
        """Keep a result; its reports are written first, so that what is in the store is on the disk as well."""
        row = msgspec.structs.replace(
            row,
            card=done.card,
            problem=done.problem,
            # what labcheck could not do is tried again by the next run
            result_key="" if done.problem else self._result_key(row),
            evidence_key=self._evidence_key(row),
        )
        rendered = self.publication.write(self.publication.entry(row))
        row = msgspec.structs.replace(row, rendered=rendered)
        kept = Kept(work=done.work, evidence=done.evidence) if done.work else None
        self.store.put(row, kept, with_evidence=not (self._replaying or done.problem))


def _rows(intake: Intake) -> Iterator[Row]:
    """The work list: each hand-in, with a word on those that are empty or the same as another's."""
    prints = {handin.id: handin.fingerprint() for handin in intake.handins}
    alike: dict[str, list[str]] = {}
    for handin in intake.handins:
        if not handin.empty:
            alike.setdefault(prints[handin.id], []).append(handin.id)
    for handin in intake.handins:
        others = [id_ for id_ in alike.get(prints[handin.id], []) if id_ != handin.id]
        remarks = []
        if handin.empty:
            remarks.append(_("Nothing was handed in."))
        if others:
            remarks.append(_("The same files as: {others}").format(others=", ".join(others)))
        moment = handin.submitted()
        yield Row(
            id=handin.id,
            student=handin.student,
            account=handin.account,
            source=handin.source,
            submitted=moment.isoformat(timespec="seconds") if moment else "",
            fingerprint=prints[handin.id],
            remarks=tuple(remarks),
        )


def _hash(*parts: str) -> str:
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """How a class is to be graded: see ``labcheck grade``."""

    out: Path
    jobs: int
    language: str
    data: str | None = None
    isolation: str = "auto"
    roster: Path | None = None
    cluster: str = ""
    fresh: bool = False


def grade(lab: Lab, folder: Path, wish: Wish, told: Told) -> Summary:
    """Grade the class in ``folder`` into ``wish.out``; raises LabcheckError for what is not a submission's fault."""
    intake = gather(folder, lab.name, tuple(lab.rubric.names))
    with Store.opened(wish.out, new=True) as store:
        if (known := store.about("lab")) not in ("", lab.name):
            raise UsageError(
                _("the results in this folder are of lab {known}").format(known=known),
                place=str(wish.out),
                remedy=_("Give another folder with -o."),
            )
        roster = wish.roster.resolve() if wish.roster else None
        store.tell(
            lab=lab.name, course=str(lab.course.resolve()), language=wish.language, isolation=wish.isolation,
            data=dataset.resolved(wish.data) if wish.data else "", roster=str(roster or store.about("roster")),
        )  # fmt: skip
        batch = _batch(lab, store, wish, told)
        count = batch.grade(intake, fresh=wish.fresh)
        return _published(batch, store, Summary(graded=count, of=len(store), left_out=intake.left_out))


def regrade(out: Path, jobs: int, told: Told, language: str | None = None) -> Summary:
    """Judge the class in ``out`` by its rubric of today, from what was kept; raises LabcheckError."""
    with Store.opened(out) as store:
        lab = Course(Path(store.about("course"))).lab(store.about("lab"))
        spoken = language or store.about("language")
        speak(spoken)
        wish = Wish(
            out=out,
            jobs=jobs,
            language=spoken,
            data=store.about("data") or None,
            isolation=store.about("isolation"),
        )
        batch = _batch(lab, store, wish, told)
        waiting, lacking = batch.regrade()
        store.tell(language=spoken)
        return _published(batch, store, Summary(graded=waiting - len(lacking), of=len(store), lacking=lacking))


def export(out: Path, formats: Sequence[str], worksheet: Path | None, assignment: str) -> Iterator[str]:
    """Write the class in ``out`` for platforms, as it is decided today; what to know, in sentences. Raises LabcheckError."""
    with Store.opened(out) as store:
        lab = Course(Path(store.about("course"))).lab(store.about("lab"))
        publication = _publication(lab, store, out)
        publication.publish(store)
        exported = Export(store=store, publication=publication, worksheet=worksheet, assignment=assignment)
        for name in formats:
            yield from exported.write(name)


def _batch(lab: Lab, store: Store, wish: Wish, told: Told) -> Batch:
    return Batch(
        lab=lab, store=store, publication=_publication(lab, store, wish.out), language=wish.language, data=wish.data,
        isolation=wish.isolation, jobs=wish.jobs, cluster=wish.cluster, told=told,
    )  # fmt: skip


def _publication(lab: Lab, store: Store, out: Path) -> Publication:
    return Publication(
        lab=lab,
        out=out,
        overrides=overrides.read(out),
        roster=roster.read(Path(store.about("roster"))) if store.about("roster") else None,
        template=_template(lab),
    )


def _published(batch: Batch, store: Store, summary: Summary) -> Summary:
    batch.publication.publish(store)
    problems, names, handins, broken = [], set(), [], set()
    for row in store.rows():
        names |= {row.id, row.account, row.student}
        broken |= {each.id for each in row.card.checks if each.outcome is Outcome.broken} if row.card else set()
        handins.append(msgspec.structs.replace(row, card=None))
        if row.problem:
            problems.append(f"{row.id}: {row.problem}")
    known = batch.publication
    absent = known.roster.missing(handins) if known.roster else ()
    return msgspec.structs.replace(
        summary,
        problems=tuple(problems),
        absent=tuple(student.name or student.id for student in absent),
        unknown=known.overrides.unknown(names),
        broken=tuple(sorted(broken)),
        reference_lost=known.reference_lost(store),
    )


def _template(lab: Lab) -> Prints | None:
    """The code that the lab gives to its students, which nobody is asked about."""
    paths = [path for path in sorted(lab.template_dir.glob("*")) if path.suffix in CODE]
    try:
        return prints_of([block for path in paths for block in read(path).blocks], None) if paths else None
    except SubmissionError as error:
        raise CourseError(str(error), place=str(lab.template_dir)) from error
