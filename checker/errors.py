"""The errors that labcheck raises on purpose, by who must act, each with its exit code.

LabcheckError
├── UsageError        whoever typed the command
├── CourseError       the instructor: a course folder, a rubric or a data source is wrong
├── SubmissionError   the student: the submission cannot be read
└── SandboxError      whoever runs the machine: the sandbox cannot start, or may not
    └── ProtocolError the sandbox said something that is not of the protocol

A submission that fails is a result, not an error.
"""

from __future__ import annotations

from typing import ClassVar

FULL_MARKS = 0
NOT_FULL_MARKS = 1
CANNOT_GRADE = 2
CANNOT_READ = 3


class LabcheckError(Exception):
    """What is wrong, where, and what to do; the text is shown as it is, without a traceback.

    ``place`` is where (``file``, ``file:line`` or ``file, cell 3``), ``remedy`` what to do about it.
    """

    exit_code: ClassVar[int] = CANNOT_GRADE

    def __init__(self, what: str, *, place: str = "", remedy: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.place = place
        self.remedy = remedy

    def __str__(self) -> str:
        where = f"{self.place}: " if self.place else ""
        cure = f"\n{self.remedy}" if self.remedy else ""
        return f"{where}{self.what}{cure}"


class UsageError(LabcheckError):
    """The command line asks for something that cannot be."""


class CourseError(LabcheckError):
    """The course folder, a rubric, a reference or a data source is wrong."""


class SubmissionError(LabcheckError):
    """The submission cannot be read: no code, broken JSON, a syntax error.

    ``file``, ``line`` and ``cell`` point at the fault when it has a place, ``source`` is that line.
    """

    exit_code: ClassVar[int] = CANNOT_READ

    def __init__(
        self,
        what: str,
        *,
        file: str = "",
        line: int | None = None,
        cell: int | None = None,
        source: str = "",
        remedy: str = "",
    ) -> None:
        super().__init__(what, place=_place(file, line, cell), remedy=remedy)
        self.file = file
        self.line = line
        self.cell = cell
        self.source = source


class SandboxError(LabcheckError):
    """The sandbox cannot start, died, or cannot isolate as strictly as asked."""


class ProtocolError(SandboxError):
    """Bytes from the sandbox that the protocol does not allow; the text names the field."""


def _place(file: str, line: int | None, cell: int | None) -> str:
    parts = [file] if file else []
    if cell is not None:
        parts.append(f"cell {cell}")
    if line is not None:
        parts.append(f"line {line}")
    return ", ".join(parts)
