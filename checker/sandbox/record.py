"""What happens while student code runs: text printed, fits, files written, remarks.

``Recorder.watching()`` opens a span; spans nest, and an inner span's effects also belong to the outer one, so
that a call's effects are whole whatever it calls.
"""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from checker.evidence import Effects, FileFacts, FitCall, Remark
from checker.sandbox.origin import Origin

MAX_PRINTED = 256 * 1024
MAX_TEXT_FILE = 2**20
# bytes of text in all files together
MAX_TEXTS = 2 * 2**20
MAX_FILES = 200
MAX_FITS = 200
MAX_REMARKS = 500


class Span:
    """The effects of one evaluation, while they happen."""

    def __init__(self, files: dict[str, tuple[int, int]]) -> None:
        self.printed: list[str] = []
        self.room = MAX_PRINTED
        self.fits: list[FitCall] = []
        self.remarks: dict[Remark, None] = {}
        self.made: list[object] = []
        self.before = files
        self.started = time.monotonic()

    def effects(self, files: tuple[FileFacts, ...]) -> Effects:
        return Effects(
            printed="".join(self.printed),
            fits=tuple(self.fits[:MAX_FITS]),
            files=files,
            remarks=tuple(self.remarks)[:MAX_REMARKS],
            seconds=time.monotonic() - self.started,
            training_seconds=sum(fit.seconds for fit in self.fits),
        )


class _Printed(io.RawIOBase):
    """Standard output and error of student code, kept up to a cap: what is printed must cost no memory."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    def writable(self) -> bool:
        return True

    def write(self, data: object, /) -> int:
        raw = bytes(data)  # type: ignore[call-overload]
        self._recorder.print(raw)
        return len(raw)


class Recorder:
    """Collects the effects of student code; one per child."""

    def __init__(self, origin: Origin, folder: Path) -> None:
        self.origin = origin
        self._folder = folder
        self._spans: list[Span] = []
        self.models: list[Any] = []

    def number(self, model: Any) -> int:
        """The number of ``model`` among all that were compiled or fitted; it is kept from here on."""
        for number, known in enumerate(self.models):
            if known is model:
                return number
        self.models.append(model)
        return len(self.models) - 1

    def capture(self) -> None:
        """Take over ``sys.stdout`` and ``sys.stderr``; descriptors 1 and 2 lead nowhere."""
        sys.stdout = io.TextIOWrapper(_Printed(self), encoding="utf-8", errors="replace", write_through=True)
        sys.stderr = _Nowhere()

    def lay(self, files: Mapping[str, bytes]) -> None:
        """Write ``files`` into the scratch folder, by their path in it, with the folders on the way."""
        for name, data in files.items():
            path = self._folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)

    @contextmanager
    def watching(self) -> Iterator[Span]:
        """A span over the block."""
        span = Span(self._files())
        self._spans.append(span)
        try:
            yield span
        finally:
            self._spans.pop()

    def written(self, span: Span) -> tuple[FileFacts, ...]:
        """The files that changed or appeared in the scratch folder since ``span`` began."""
        changed = [name for name, stamp in self._files().items() if span.before.get(name) != stamp]
        room = MAX_TEXTS
        found = []
        for name in sorted(changed)[:MAX_FILES]:
            found.append(self._describe(name, room))
            room -= len(found[-1].text or "")
        return tuple(found)

    def print(self, raw: bytes) -> None:
        """Keep printed text, up to the cap of each span."""
        for span in self._spans:
            if span.room > 0:
                span.printed.append(raw[: span.room].decode("utf-8", "replace"))
                span.room -= len(raw)
                if span.room <= 0:
                    span.remarks[Remark("output_cut", {"kept": str(MAX_PRINTED)})] = None

    def tell(self, remark: Remark) -> None:
        """Keep a remark, once."""
        for span in self._spans:
            span.remarks[remark] = None

    def fitted(self, fit: FitCall) -> None:
        """Keep a call of ``fit``."""
        for span in self._spans:
            span.fits.append(fit)

    def made(self, layer: object) -> None:
        """Keep that a layer was made."""
        for span in self._spans:
            span.made.append(layer)

    def _files(self) -> dict[str, tuple[int, int]]:
        found: dict[str, tuple[int, int]] = {}
        for path in self._folder.rglob("*"):
            if len(found) >= 10 * MAX_FILES:
                break
            if path.is_file() and not path.is_symlink() and "__pycache__" not in path.parts:
                stat = path.stat()
                found[path.relative_to(self._folder).as_posix()] = (stat.st_mtime_ns, stat.st_size)
        return found

    def _describe(self, name: str, room: int) -> FileFacts:
        path = self._folder / name
        size = path.stat().st_size
        with path.open("rb") as file:
            whole = size <= min(MAX_TEXT_FILE, room)
            head = file.read(size if whole else 16)
        try:
            text = head.decode("utf-8") if whole else None
        except UnicodeDecodeError:
            text = None
        return FileFacts(name, size, head[:16], text)


class _Nowhere(io.TextIOBase):
    """Standard error: warnings and progress of libraries, which never count."""

    def writable(self) -> bool:
        return True

    def write(self, text: str, /) -> int:
        return len(text)
