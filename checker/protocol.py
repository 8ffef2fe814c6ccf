"""The messages between the grader and a sandbox child: a closed set, framed, decoded strictly, bounded in size.

A frame is four bytes of length, big-endian, then msgpack. Whatever arrives is hostile until decoded here.
"""

from __future__ import annotations

from typing import Protocol, TypeVar

import msgspec

from checker.errors import ProtocolError
from checker.evidence import (
    ArrayFacts,
    Definition,
    Effects,
    Failure,
    ModelFacts,
    Place,
    Plain,
    Tensor,
)
from checker.expression import Expression, View, digest

# limits are in seconds of processor time, so that a busy machine fails nobody; what waits is given this many times
# as long on the clock
PATIENCE = 3.0
MAX_FRAME = 256 * 2**20
# what a reply may take beside its arrays: a byte can stand for an empty list, which takes 56 in memory
MAX_PLAIN = 8 * 2**20
HEADER = 4


# --- requests and replies --------------------------------------------------------------------------------------


class SourceFile(msgspec.Struct, frozen=True):
    """A file of the submission, to lay into the scratch folder under ``path`` (relative)."""

    path: str
    data: bytes


class Block(msgspec.Struct, frozen=True):
    """A run of code with one origin: a script, or one notebook cell (``cell`` counts from 1).

    ``code`` is what runs, with as many lines as the original, so that line numbers are those of the origin.
    """

    code: str
    file: str
    cell: int | None = None


class Budget(msgspec.Struct, frozen=True):
    """What one ``fit`` may cost: training images, epochs, and seconds of processor time.

    ``top_level_samples`` bounds a ``fit`` outside any question, which only has to show that it runs.
    """

    samples: int
    epochs: int
    seconds: float
    top_level_samples: int


class Load(msgspec.Struct, frozen=True, tag=True):
    """Run the submission's top level, statement by statement, but for the statements in ``skip``.

    A statement is known by (block number, line), both of the block's own. ``statement_seconds`` bounds one (see
    ``PATIENCE``), and past ``seconds`` in all only definitions are still run. ``definitions_only`` runs nothing else from the start.
    ``old_spellings`` is False where a rubric refuses Keras 2 spellings.
    """

    blocks: tuple[Block, ...]
    files: tuple[SourceFile, ...]
    budget: Budget
    seed: int
    seconds: float
    statement_seconds: float
    skip: tuple[tuple[int, int], ...] = ()
    definitions_only: bool = False
    old_spellings: bool = True


class Ask(msgspec.Struct, frozen=True, tag=True):
    """Evaluate ``subject`` and answer with ``view`` of it, within ``seconds`` (see ``PATIENCE``)."""

    subject: Expression
    view: View
    seconds: float


Request = Load | Ask


class Ready(msgspec.Struct, frozen=True, tag=True):
    """The first message of a child, before any student code: what holds it, and the versions it runs."""

    isolation: dict[str, Plain]
    versions: dict[str, str]


class Began(msgspec.Struct, frozen=True, tag=True):
    """An event while loading: the statement at ``line`` of block ``block`` begins."""

    block: int
    line: int


class Loaded(msgspec.Struct, frozen=True, tag=True):
    """The top level ran: what it defined, what happened, and the statements that raised.

    ``models`` are where the models that it compiled or fitted stand, in that order: see ``Kept``.
    """

    definitions: tuple[Definition, ...]
    effects: Effects
    failures: tuple[Failure, ...]
    models: tuple[Place | None, ...] = ()


class Sort(msgspec.Struct, frozen=True, tag=True):
    """The sort of a value: "model", "array", "history", "function", "class", "none", "plain", "sequence", "other".

    ``python_type`` is its type's name; ``length`` that of a sequence; ``items`` the sorts of up to 16 members.
    """

    sort: str
    python_type: str
    length: int | None = None
    items: tuple[Sort, ...] = ()


class Text(msgspec.Struct, frozen=True, tag=True):
    """A str."""

    text: str


class Tensors(msgspec.Struct, frozen=True, tag=True):
    """Arrays, in order."""

    tensors: tuple[Tensor, ...]


class Value(msgspec.Struct, frozen=True, tag=True):
    """A plain value."""

    value: Plain


class Model(msgspec.Struct, frozen=True, tag=True):
    """A model, described."""

    facts: ModelFacts


class Described(msgspec.Struct, frozen=True, tag=True):
    """An array, described."""

    facts: ArrayFacts


class Refused(msgspec.Struct, frozen=True, tag=True):
    """The view does not fit the value: a model was asked for and ``found`` is what there is."""

    wanted: str
    found: Sort


class Failed(msgspec.Struct, frozen=True, tag=True):
    """Student code did not come to its end."""

    failure: Failure


Answer = Sort | Text | Tensors | Value | Model | Described | Refused | Failed


class Answered(msgspec.Struct, frozen=True, tag=True):
    """The answer to an ``Ask``; ``effects`` are those of the outermost call in its subject."""

    answer: Answer
    effects: Effects = Effects()


Reply = Ready | Began | Loaded | Answered


# --- the fork server -------------------------------------------------------------------------------------------


class Spawn(msgspec.Struct, frozen=True, tag=True):
    """To the fork server: fork a child that holds the data of the file ``data``, isolated in mode "auto" or "none"."""

    data: str
    isolation: str


class Spawned(msgspec.Struct, frozen=True, tag=True):
    """From the fork server, with the child's end of the conversation as a file descriptor beside it."""

    pid: int


class Kill(msgspec.Struct, frozen=True, tag=True):
    """To the fork server: end this child of yours and all it started."""

    pid: int


class Exited(msgspec.Struct, frozen=True, tag=True):
    """From the fork server: a child ended, with an exit code, or minus the signal that killed it."""

    pid: int
    code: int


Control = Spawn | Spawned | Kill | Exited

_encoder = msgspec.msgpack.Encoder()
_requests: msgspec.msgpack.Decoder[Request] = msgspec.msgpack.Decoder(Request)
_controls: msgspec.msgpack.Decoder[Control] = msgspec.msgpack.Decoder(Control)
_replies: msgspec.msgpack.Decoder[Reply] = msgspec.msgpack.Decoder(Reply)


class Stream(Protocol):
    """A connected byte stream, as sockets are."""

    def sendall(self, data: bytes, /) -> None: ...
    def recv(self, size: int, /) -> bytes: ...


def encode(message: Request | Reply | Control) -> bytes:
    """The frame of ``message``; raises ProtocolError where it would be over ``MAX_FRAME`` bytes."""
    body = _encoder.encode(message)
    if len(body) > MAX_FRAME:
        raise ProtocolError(f"a message of {len(body)} bytes")
    return len(body).to_bytes(HEADER, "big") + body


class _Large(msgspec.Struct, frozen=True, tag="Answered"):
    """An ``Answered`` of arrays: the one reply that may be large, and only in their bytes."""

    answer: Tensors | Described
    effects: msgspec.Raw = msgspec.Raw()


_larges = msgspec.msgpack.Decoder(_Large)
_effects = msgspec.msgpack.Decoder(Effects)


def decode_reply(body: bytes) -> Reply:
    """The reply in ``body`` (without its header); raises ProtocolError, naming the field, where it is none."""
    if len(body) <= MAX_PLAIN:
        return _decode(_replies, body)
    large = _decode(_larges, body)
    if len(large.effects) > MAX_PLAIN:
        raise ProtocolError(f"effects of {len(large.effects)} bytes")
    return Answered(large.answer, _decode(_effects, bytes(large.effects)) if len(large.effects) else Effects())


def decode_control(body: bytes) -> Control:
    """The fork server's message in ``body``; raises ProtocolError where it is none."""
    return _decode(_controls, body)


def decode_request(body: bytes) -> Request:
    """The request in ``body`` (without its header); raises ProtocolError, naming the field, where it is none."""
    return _decode(_requests, body)


def read_frame(stream: Stream) -> bytes:
    """The body of the next frame; raises EOFError at the end of the stream, ProtocolError over ``MAX_FRAME``."""
    size = int.from_bytes(_read(stream, HEADER), "big")
    if size > MAX_FRAME:
        raise ProtocolError(f"a frame of {size} bytes is announced")
    return _read(stream, size)


def key(ask: Ask) -> str:
    """A digest that is the same for the same question, whatever time it is given."""
    return digest(ask.subject, ask.view)


_T = TypeVar("_T")


def _decode(decoder: msgspec.msgpack.Decoder[_T], body: bytes) -> _T:
    try:
        return decoder.decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ProtocolError(f"not a message of the protocol: {error}") from error


def _read(stream: Stream, size: int) -> bytes:
    chunks: list[bytes] = []
    while size:
        chunk = stream.recv(min(size, 2**20))
        if not chunk:
            raise EOFError
        chunks.append(chunk)
        size -= len(chunk)
    return b"".join(chunks)
