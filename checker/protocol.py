"""The messages between the grader and a sandbox child: a closed set, framed, decoded strictly, bounded in size.

A question is an *expression* about the submission (``Call(Name("small_model"))``) and a *view* of its value
(``AsModel``). Expressions are values: a child evaluates each once and keeps it, a fresh child can evaluate it
again, and the pair is the key under which an answer is recorded. Mutation never shows: a call gets fresh copies
of the models and arrays among its arguments, and ``Argument`` names such a copy as the call left it.

A frame is four bytes of length, big-endian, then msgpack. Whatever arrives is hostile until decoded here.
"""

from __future__ import annotations

import hashlib
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
    Shape,
    Tensor,
)

# limits are in seconds of processor time, so that a busy machine fails nobody; what waits is given this many times
# as long on the clock
PATIENCE = 3.0
MAX_FRAME = 256 * 2**20
# what a reply may take beside its arrays: a byte can stand for an empty list, which takes 56 in memory
MAX_PLAIN = 8 * 2**20
HEADER = 4


# --- expressions -----------------------------------------------------------------------------------------------


class Name(msgspec.Struct, frozen=True, tag=True):
    """A top-level name of the submission."""

    name: str


class Call(msgspec.Struct, frozen=True, tag=True):
    """``function(*args, **kwargs)``, after seeding every generator with ``seed``.

    Models and arrays among the arguments are fresh copies. ``files`` are laid into the scratch folder first, by their
    path in it, with the folders on the way. ``brief`` keeps a ``fit`` inside to the few images of
    ``Budget.top_level_samples``: for what is asked of it, where how well it learns does not matter.
    """

    function: Expression
    args: tuple[Expression, ...] = ()
    kwargs: dict[str, Expression] = {}
    seed: int = 0
    brief: bool = False
    files: dict[str, bytes] = {}


class Kept(msgspec.Struct, frozen=True, tag=True):
    """The model of number ``index`` among those that the top level compiled or fitted (``Loaded.models``).

    A name that was bound again no longer leads to the model that it first stood for; this does.
    """

    index: int


class Stored(msgspec.Struct, frozen=True, tag=True):
    """The model that Keras reads from file ``path``, relative to the scratch folder."""

    path: str


class Argument(msgspec.Struct, frozen=True, tag=True):
    """The object that ``call`` received as positional argument ``index`` (or keyword ``index``), as it left it."""

    call: Call
    index: int | str


class Attribute(msgspec.Struct, frozen=True, tag=True):
    """``of.name``: a method of an object that the submission made."""

    of: Expression
    name: str


class Item(msgspec.Struct, frozen=True, tag=True):
    """``of[index]``."""

    of: Expression
    index: int | str


class Rows(msgspec.Struct, frozen=True, tag=True):
    """``of[start:stop]`` along the first axis, as a copy."""

    of: Expression
    start: int
    stop: int


class Constant(msgspec.Struct, frozen=True, tag=True):
    """A plain value: None, bool, int, float, str, or lists and dicts of these; a list that is a ``tuple`` becomes one."""

    value: Plain
    tuple: bool = False


class Array(msgspec.Struct, frozen=True, tag=True):
    """An array that the grader sends."""

    tensor: Tensor


class Rebuilt(msgspec.Struct, frozen=True, tag=True):
    """A model made from a configuration (``model.to_json()``) that the grader sends, not from the submission.

    ``weights`` in Keras's order, or None for fresh ones; compiled with ``loss``, ``optimizer``, ``metrics`` (Keras
    names) where ``loss`` is given.
    """

    config: str
    weights: tuple[Tensor, ...] | None = None
    loss: str = ""
    optimizer: str = "adam"
    metrics: tuple[str, ...] = ()
    eager: bool = False
    seed: int = 0


class Fresh(msgspec.Struct, frozen=True, tag=True):
    """A copy of the model ``of`` with newly initialised weights, compiled as it was."""

    of: Expression
    seed: int = 0


class Trained(msgspec.Struct, frozen=True, tag=True):
    """A fresh copy of model ``of`` after ``fit(x, y, epochs, batch_size)`` by the grader, not by the submission.

    ``eager`` runs the steps without compiling them first, which costs less where they are few. Where ``loss`` is given,
    the copy is compiled with it and ``optimizer`` (Keras names), whatever the model was compiled with.
    """

    of: Expression
    x: Expression
    y: Expression
    epochs: int
    batch_size: int
    seed: int = 0
    eager: bool = False
    loss: str = ""
    optimizer: str = "adam"


class Transplanted(msgspec.Struct, frozen=True, tag=True):
    """A copy of model ``of`` holding ``weights``, in Keras's order; ``input_shape`` builds it if need be."""

    of: Expression
    weights: tuple[Tensor, ...]
    input_shape: Shape | None = None


class After(msgspec.Struct, frozen=True, tag=True):
    """``of``, evaluated once ``before`` was: for what a call leaves behind in files."""

    before: Expression
    of: Expression


Expression = (
    Name
    | Call
    | Kept
    | Stored
    | Argument
    | Attribute
    | Item
    | Rows
    | Constant
    | Array
    | Rebuilt
    | Fresh
    | Trained
    | Transplanted
    | After
)


def trains(expression: Expression) -> bool:
    """Whether evaluating ``expression`` trains a model on the whole budget."""
    match expression:
        case Trained(eager=eager):
            return not eager
        case Call(brief=brief, args=args, kwargs=kwargs):
            return not brief or any(trains(each) for each in (*args, *kwargs.values()))
        case Argument(call=of) | Attribute(of=of) | Item(of=of) | Rows(of=of) | Fresh(of=of) | Transplanted(of=of):
            return trains(of)
        case After(before=before, of=of):
            return trains(before) or trains(of)
    return False


# --- views -----------------------------------------------------------------------------------------------------


class AsKind(msgspec.Struct, frozen=True, tag=True):
    """What sort of value it is: answered with a ``Sort``."""


class AsModel(msgspec.Struct, frozen=True, tag=True):
    """Describe a model; ``input_shape`` (without the batch axis) builds one that is not built yet."""

    input_shape: Shape | None = None


class AsConfig(msgspec.Struct, frozen=True, tag=True):
    """A model's ``to_json()``: answered with a str."""


class AsWeights(msgspec.Struct, frozen=True, tag=True):
    """A model's weights, in Keras's order: answered with tensors."""


class AsArray(msgspec.Struct, frozen=True, tag=True):
    """Describe an array, with the rows asked for; None for evenly spread sample rows."""

    rows: tuple[int, ...] | None = None


class AsPlain(msgspec.Struct, frozen=True, tag=True):
    """A plain value as it is (NumPy scalars become numbers, tuples become lists)."""


class AsPrediction(msgspec.Struct, frozen=True, tag=True):
    """What a model predicts for ``x``: answered with one float32 tensor."""

    x: Expression


View = AsKind | AsModel | AsConfig | AsWeights | AsArray | AsPlain | AsPrediction


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
    plain = msgspec.structs.replace(ask, seconds=0.0)
    return hashlib.blake2b(_encoder.encode(plain), digest_size=16).hexdigest()


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
