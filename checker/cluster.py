"""The same tasks on many machines: a Dask cluster, each of whose workers has labcheck and a fork server of its own.

What is graded travels as bytes, the course and the data with it; nothing but labcheck has to be on the other machines.
"""

from __future__ import annotations

import atexit
import contextlib
import hashlib
import io
import tempfile
import threading
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from checker.course import Lab
from checker.errors import CourseError, UsageError
from checker.language import _
from checker.pool import Pool
from checker.server import Server
from checker.task import Done, Setup, Task

# so many tasks a thread are on their way: the next is there when one is done, and no more wait in anybody's memory
AHEAD = 2
CONNECT_SECONDS = 30.0
# never older than 1980, which zip cannot say, and the same each time
EPOCH = (1980, 1, 1, 0, 0, 0)


class Common(msgspec.Struct, frozen=True, kw_only=True):
    """What all tasks of a class share: ``course`` is a zip, ``data`` the content of a data file of name ``data_name``."""

    setup: Setup
    course: bytes
    data: bytes = b""
    data_name: str = ""


@dataclass(slots=True)
class Cluster:
    """Runs tasks on the Dask scheduler at ``address`` ("tcp://…:8786"); raises UsageError where there is none."""

    address: str
    lab: Lab
    setup: Setup
    _client: Any = field(init=False, default=None)

    def __enter__(self) -> Cluster:
        try:
            from distributed import Client
        except ImportError as error:
            raise UsageError(
                _("--cluster needs Dask, which is not installed"), remedy='pip install "labcheck[cluster]"'
            ) from error
        try:
            self._client = Client(self.address, timeout=CONNECT_SECONDS, set_as_default=False)
        except (OSError, ValueError) as error:
            raise UsageError(
                _("no Dask scheduler answers at {address}").format(address=self.address),
                remedy=_("Start one with `dask scheduler`, and workers with `dask worker ADDRESS`."),
            ) from error
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def run(self, tasks: Iterable[Task]) -> Iterator[Done]:
        """What came out of each task, as they come, each once: what a lost worker had is done by another.

        Raises CourseError where the course is at fault.
        """
        from distributed import as_completed

        common = self._client.scatter(self._common(), broadcast=True, hash=False)
        waiting = iter(tasks)
        sent: dict[str, int] = {}
        running = as_completed(loop=self._client.loop)

        def send() -> None:
            task = next(waiting, None)
            if task is not None:
                body = msgspec.msgpack.encode(_carried(task))
                future = self._client.submit(graded, common, body, pure=False)
                sent[future.key] = task.number
                running.add(future)

        for _number in range(AHEAD * max(1, sum(self._client.nthreads().values()))):
            send()
        for future in running:
            done = _result(future, sent.pop(future.key))
            future.release()
            if done.course:
                raise CourseError(done.problem)
            # the next is on its way while this one is written down
            send()
            yield done

    def _common(self) -> bytes:
        data = Path(self.setup.data or "")
        is_file = bool(self.setup.data) and data.is_file()
        return msgspec.msgpack.encode(
            Common(
                setup=msgspec.structs.replace(self.setup, server=""),
                course=_zipped(
                    (path, f"{part.parent.name}/{part.name}/{path.relative_to(part).as_posix()}")
                    for part in (self.lab.rubric_dir, self.lab.reference_dir)
                    for path in sorted(part.rglob("*"))
                    if path.is_file() and "__pycache__" not in path.parts
                ),
                data=data.read_bytes() if is_file else b"",
                data_name=data.name if is_file else "",
            )
        )


def _result(future: Any, number: int) -> Done:
    try:
        return msgspec.msgpack.decode(future.result(), type=Done)
    except Exception as error:  # noqa: BLE001 - whatever the cluster raises, the others go on
        return Done(number=number, problem=f"{type(error).__name__}: {error}")


def _carried(task: Task) -> Task:
    """The task with its submission as bytes."""
    if not task.path:
        return task
    path = Path(task.path)
    if path.is_file():
        return msgspec.structs.replace(task, path="", content=_zipped([(path, path.name)]), file=path.name)
    files = (
        each
        for each in sorted(path.rglob("*"))
        if each.is_file() and not each.is_symlink() and not _hidden(each, path)
    )
    named = ((each, each.relative_to(path).as_posix()) for each in files)
    return msgspec.structs.replace(task, path="", content=_zipped(named))


def _hidden(path: Path, root: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(root).parts)


def _zipped(files: Iterable[tuple[Path, str]]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, name in files:
            archive.writestr(zipfile.ZipInfo(name, EPOCH), path.read_bytes())
    return stream.getvalue()


# --- on the worker


@dataclass(slots=True)
class _Station:
    """What a Dask worker keeps between tasks of one class: a fork server, and grading processes, a thread each."""

    common: Common
    _stack: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)
    _idle: list[Pool] = field(default_factory=list)
    _setup: Setup | None = None

    def start(self) -> None:
        folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="labcheck-course-")))
        with zipfile.ZipFile(io.BytesIO(self.common.course)) as archive:
            archive.extractall(folder)
        setup = msgspec.structs.replace(self.common.setup, course=str(folder))
        if self.common.data_name:
            data = folder / self.common.data_name
            data.write_bytes(self.common.data)
            setup = msgspec.structs.replace(setup, data=str(data))
        server = self._stack.enter_context(Server(setup.isolation))
        self._setup = msgspec.structs.replace(setup, server=str(server.folder))

    def run(self, task: Task) -> Done:
        try:
            pool = self._idle.pop()
        except IndexError:
            assert self._setup is not None
            pool = self._stack.enter_context(Pool(self._setup, 1))
        try:
            return next(iter(list(pool.run([task]))))
        except CourseError as error:
            return Done(number=task.number, problem=str(error), course=True)
        finally:
            self._idle.append(pool)

    def close(self) -> None:
        self._stack.close()


_stations: dict[bytes, _Station] = {}
_lock = threading.Lock()


def graded(common: bytes, task: bytes) -> bytes:
    """Run one task in this Dask worker, and answer with its ``Done``: all three as MessagePack."""
    return msgspec.msgpack.encode(_station(common).run(msgspec.msgpack.decode(task, type=Task)))


def _station(common: bytes) -> _Station:
    """The one for this class; those of others are left."""
    name = hashlib.blake2b(common, digest_size=16).digest()
    with _lock:
        if name not in _stations:
            while _stations:
                _stations.popitem()[1].close()
            station = _Station(msgspec.msgpack.decode(common, type=Common))
            station.start()
            if not _stations:
                atexit.register(_leave)
            _stations[name] = station
        return _stations[name]


def _leave() -> None:
    while _stations:
        _stations.popitem()[1].close()
