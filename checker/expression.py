"""What can be asked about a submission: *expressions* over it, and *views* of their values.

``Call(Name("small_model"))`` is an expression, ``AsModel()`` a view. Expressions are values: a child evaluates each
once and keeps it, a fresh child can evaluate it again, and the pair is the key under which an answer is recorded.
Mutation never shows: a call gets fresh copies of the models and arrays among its arguments, and ``Argument`` names
such a copy as the call left it.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Any

import msgspec

from checker.evidence import Plain, Shape, Tensor


class Name(msgspec.Struct, frozen=True, tag=True):
    """A top-level name of the submission."""

    name: str


class Call(msgspec.Struct, frozen=True, tag=True):
    """``function(*args, **kwargs)``, after seeding every generator with ``seed``.

    Models and arrays among the arguments are fresh copies. ``files`` are laid into the scratch folder first, by their
    path in it, with the folders on the way. ``brief`` keeps a ``fit`` inside to the few images of
    ``protocol.Budget.top_level_samples``: for what is asked of it, where how well it learns does not matter.
    """

    function: Expression
    args: tuple[Expression, ...] = ()
    kwargs: dict[str, Expression] = {}
    seed: int = 0
    brief: bool = False
    files: dict[str, bytes] = {}


class Kept(msgspec.Struct, frozen=True, tag=True):
    """The model of number ``index`` among those that the top level compiled or fitted (``protocol.Loaded.models``).

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


_encoder = msgspec.msgpack.Encoder()


# a training set is in many questions
LARGE = 2**16


def digest(*parts: Expression | View) -> str:
    """A digest that is the same for the same expressions and views, in any process."""
    return hashlib.blake2b(_encoder.encode(tuple(map(_small, parts))), digest_size=16).hexdigest()


def _small(part: Any) -> Any:
    """``part`` with digests for its large arrays."""
    if isinstance(part, Tensor):
        return (part.shape, part.dtype, _sum(part.data)) if len(part.data) > LARGE else part
    if isinstance(part, tuple):
        return tuple(map(_small, part))
    if isinstance(part, dict):
        return {key: _small(value) for key, value in part.items()}
    if isinstance(part, msgspec.Struct):
        return type(part).__name__, *(_small(getattr(part, name)) for name in part.__struct_fields__)
    return part


@lru_cache(maxsize=32)
def _sum(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=16).digest()


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
    """What sort of value it is: answered with a ``protocol.Sort``."""


class AsModel(msgspec.Struct, frozen=True, tag=True):
    """Describe a model; ``input_shape`` (without the batch axis) builds one that is not built yet."""

    input_shape: Shape | None = None


class AsConfig(msgspec.Struct, frozen=True, tag=True):
    """A model's ``to_json()``: answered with a str."""


class AsWeights(msgspec.Struct, frozen=True, tag=True):
    """A model's weights, in Keras's order: answered with tensors."""


class AsDigest(msgspec.Struct, frozen=True, tag=True):
    """A digest of a model's weights, as in ``FitCall``: answered with a str."""


class AsArray(msgspec.Struct, frozen=True, tag=True):
    """Describe an array, with the rows asked for; None for evenly spread sample rows."""

    rows: tuple[int, ...] | None = None


class AsPlain(msgspec.Struct, frozen=True, tag=True):
    """A plain value as it is (NumPy scalars become numbers, tuples become lists)."""


class AsPrediction(msgspec.Struct, frozen=True, tag=True):
    """What a model predicts for ``x``: answered with one float32 tensor."""

    x: Expression


View = AsKind | AsModel | AsConfig | AsWeights | AsDigest | AsArray | AsPlain | AsPrediction
