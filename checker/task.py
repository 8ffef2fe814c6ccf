"""What a grading process is told to do and what it answers: plain messages, the same over a pipe and over a network."""

from __future__ import annotations

import struct
from typing import IO, TypeVar

import msgspec

from checker.scorecard import Scorecard

HEADER = struct.Struct("<Q")
Message = TypeVar("Message")


class Setup(msgspec.Struct, frozen=True, kw_only=True):
    """What holds for all tasks of a process.

    ``course`` is the folder of the course, ``server`` that of a running fork server to share, "" for one of its own.
    """

    course: str
    lab: str
    language: str
    data: str | None = None
    isolation: str = "auto"
    server: str = ""


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """A submission to grade, at ``path`` or, where the process is on another machine, as ``content``, a zip of a folder, or
    of its only ``file``.

    ``evidence`` (see ``Grading.evidence``) is what is known of it already, and ``work`` the submission that it is of, as
    ``packed``; ``replay`` forbids to run what is not in there. ``keep`` asks for both to be given back. The other fields
    are those of ``session.Request``.
    """

    number: int
    id: str
    path: str = ""
    content: bytes = b""
    file: str = ""
    evidence: dict[str, bytes] = {}
    work: bytes = b""
    replay: bool = False
    keep: bool = False
    hidden: bool = True
    until_caught: bool = False
    first: tuple[str, ...] = ()


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """What came out of a task: a scorecard, or in ``problem`` what prevented one, which is not the submission's fault.

    ``lacking`` is True where a replay was asked something that is not in the evidence. ``sandbox`` is True where the
    problem is the fork server, ``course`` where it is the course: every other submission would meet it.
    """

    number: int
    card: Scorecard | None = None
    problem: str = ""
    sandbox: bool = False
    course: bool = False
    lacking: bool = False
    evidence: dict[str, bytes] = {}
    work: bytes = b""


def send(stream: IO[bytes], message: msgspec.Struct) -> None:
    """Write one message: its length in bytes (8, little-endian), then msgpack."""
    body = msgspec.msgpack.encode(message)
    stream.write(HEADER.pack(len(body)))
    stream.write(body)
    stream.flush()


def receive(stream: IO[bytes], kind: type[Message]) -> Message | None:
    """Read one message of ``kind``; None at the end of the stream, also where that ends in the middle of one."""
    head = stream.read(HEADER.size)
    if len(head) < HEADER.size:
        return None
    (size,) = HEADER.unpack(head)
    body = stream.read(size)
    return msgspec.msgpack.decode(body, type=kind) if len(body) == size else None
