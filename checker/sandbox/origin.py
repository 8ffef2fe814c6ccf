"""Where student code stands: from Python frames to the places of the submission."""

from __future__ import annotations

import linecache
import sys
from pathlib import Path
from types import FrameType, TracebackType

from checker.evidence import Place
from checker.protocol import Block

OURS = str(Path(__file__).parent)
# Keras wraps every method in this one to shorten its tracebacks: a frame of it says nothing about who called
WRAPPERS = ("traceback_utils.py", "keras_export.py")


class Origin:
    """Maps the file names that code objects carry to the submission's files and cells."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._blocks: dict[str, tuple[str, int | None]] = {}

    def filename(self, block: Block) -> str:
        """The file name to compile ``block`` under; its source is made known to tracebacks and ``inspect``."""
        name = str(self.home / block.file)
        if block.cell is not None:
            name = f"<{block.file}, cell {block.cell}>"
        self._blocks[name] = (block.file, block.cell)
        lines = block.code.splitlines(keepends=True)
        linecache.cache[name] = (len(block.code), None, lines, name)
        return name

    def place(self, filename: str, line: int) -> Place | None:
        """The place in the submission, or None for code that is not the submission's."""
        if filename in self._blocks:
            file, cell = self._blocks[filename]
            return Place(file, line, cell)
        path = Path(filename)
        if path.is_absolute() and path.is_relative_to(self.home):
            return Place(path.relative_to(self.home).as_posix(), line)
        return None

    def of_frame(self, frame: FrameType) -> Place | None:
        """The place that ``frame`` is at."""
        return self.place(frame.f_code.co_filename, frame.f_lineno)

    def caller(self) -> Place | None:
        """The line of the submission that directly called into the library now running, else None."""
        frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - the one way to walk up cheaply
        while frame is not None:
            name = frame.f_code.co_filename
            # a class's __new__ runs on behalf of whoever makes the object
            if not (name.startswith(OURS) or name.endswith(WRAPPERS) or frame.f_code.co_name == "__new__"):
                return self.of_frame(frame)
            frame = frame.f_back
        return None

    def innermost(self) -> Place | None:
        """The innermost line of the submission now running, however deep in libraries we are."""
        frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - as above
        while frame is not None:
            if place := self.of_frame(frame):
                return place
            frame = frame.f_back
        return None

    def trace(self, traceback: TracebackType | None) -> tuple[Place, ...]:
        """The submission's lines on ``traceback``, outermost first."""
        places = []
        while traceback is not None:
            if place := self.place(traceback.tb_frame.f_code.co_filename, traceback.tb_lineno):
                places.append(place)
            traceback = traceback.tb_next
        return tuple(places)
