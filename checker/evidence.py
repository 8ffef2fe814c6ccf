"""What a run of a submission showed: frozen plain data, the only thing that crosses the wall.

Nothing here judges. Every type is a ``msgspec.Struct`` so that the same declaration is the wire format, the
stored evidence and the Python object. Arrays travel as ``Tensor``: shape, dtype and raw little-endian bytes.
"""

from __future__ import annotations

import math
from enum import StrEnum
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from checker.errors import ProtocolError

TENSOR_DTYPES = frozenset(
    [
        "bool",
        "int8",
        "int16",
        "int32",
        "int64",
        "uint8",
        "uint16",
        "uint32",
        "uint64",
        "float16",
        "float32",
        "float64",
    ]
)

Shape = tuple[int | None, ...]
# JSON-like: None, bool, int, float, str, lists and dicts of these; a Keras configuration is one
Plain = Any


class Ending(StrEnum):
    """How a run ended, whatever it was worth."""

    finished = "finished"
    raised = "raised"
    timed_out = "timed_out"
    out_of_memory = "out_of_memory"
    killed = "killed"
    garbled = "garbled"


class Place(msgspec.Struct, frozen=True):
    """A line of a submission: ``line`` counts from 1 in ``file``, or in notebook ``cell`` (from 1) when given."""

    file: str
    line: int
    cell: int | None = None


class Passage(msgspec.Struct, frozen=True):
    """A run of a report's text: ``line`` (from 1) of ``file``, or of its ``cell``, is where it begins."""

    text: str
    file: str
    line: int = 1
    cell: int | None = None


class Tensor(msgspec.Struct, frozen=True):
    """An array as bytes: C order, little-endian, dtype one of ``TENSOR_DTYPES``."""

    shape: tuple[int, ...]
    dtype: str
    data: bytes

    @classmethod
    def of(cls, array: npt.ArrayLike) -> Tensor:
        """Copy ``array`` (any shape, a dtype of ``TENSOR_DTYPES``); raises TypeError for other dtypes."""
        plain = np.asarray(array)
        plain = np.ascontiguousarray(plain).reshape(plain.shape)
        if plain.dtype.name not in TENSOR_DTYPES:
            raise TypeError(f"an array of {plain.dtype} cannot cross")
        return cls(
            plain.shape, plain.dtype.name, plain.astype(plain.dtype.newbyteorder("<"), copy=False).tobytes()
        )

    def array(self) -> npt.NDArray[Any]:
        """The array, read-only; raises ProtocolError where shape, dtype and bytes do not agree."""
        if self.dtype not in TENSOR_DTYPES:
            raise ProtocolError(f"tensor of dtype {self.dtype!r}")
        if any(size < 0 for size in self.shape) or math.prod(self.shape) * np.dtype(self.dtype).itemsize != len(
            self.data
        ):
            raise ProtocolError(f"tensor of shape {self.shape} with {len(self.data)} bytes")
        return np.frombuffer(self.data, dtype=np.dtype(self.dtype).newbyteorder("<")).reshape(self.shape)


class Weight(msgspec.Struct, frozen=True):
    """One variable of a layer: ``shape`` of ints, ``trainable`` as the optimizer sees it."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    trainable: bool


class Operation(msgspec.Struct, frozen=True):
    """One node of a model's graph: a layer called once, or a ``keras.ops`` function.

    ``kind`` is the Keras class name ("Conv2D", "InputLayer"), for an operation of ``keras.ops`` its class name in
    ``keras.src.ops`` ("Relu", "Add", "Softmax"), for a class of the submission's own ``custom:<name>``.
    ``layer`` identifies the layer object: two operations with the same ``layer`` share their weights.
    ``inputs`` are ids of the operations it reads, in order. ``output_shape`` has None for the batch axis.
    ``nested`` is the inner graph when the layer is itself a model with a readable graph.
    ``place`` is the line of the submission where the layer was made.
    """

    id: int
    kind: str
    name: str
    config: dict[str, Plain]
    inputs: tuple[int, ...]
    output_shape: Shape
    weights: tuple[Weight, ...]
    layer: int
    trainable: bool
    place: Place | None = None
    nested: Graph | None = None


class Graph(msgspec.Struct, frozen=True):
    """A model's operations in topological order; ``inputs`` and ``outputs`` are operation ids."""

    operations: tuple[Operation, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


class Setting(msgspec.Struct, frozen=True):
    """A loss, optimizer, metric, callback or schedule: its Keras name in snake_case, and its configuration.

    A function or class of the submission's own is named ``custom:<name>``.
    """

    name: str
    config: dict[str, Plain] = {}


class Compiled(msgspec.Struct, frozen=True):
    """What ``compile`` was given; ``learning_rate`` is None where it is a schedule."""

    loss: tuple[Setting, ...]
    optimizer: Setting
    metrics: tuple[Setting, ...]
    learning_rate: float | None
    place: Place | None = None


class ModelFacts(msgspec.Struct, frozen=True):
    """A model, described. Counts are in scalars, and None while the model is not built.

    ``graph`` is None where the model's operations could not be read, and ``unreadable`` says why.
    ``idle`` are layers made while the model was, that lie on no path from its input to its output.
    ``number`` is the model's among those that were compiled or fitted, as in ``FitCall``, None for one that was not.
    ``overrides`` are the methods of Keras's training that its class has of its own ("train_step", "fit", …).
    ``weights`` lists every variable in Keras's own order (that of ``get_weights``).
    """

    class_name: str
    name: str
    graph: Graph | None
    unreadable: str
    input_shape: Shape | None
    output_shape: Shape | None
    parameters: int | None
    trainable_parameters: int | None
    weights: tuple[Weight, ...]
    compiled: Compiled | None
    idle: tuple[Operation, ...] = ()
    overrides: tuple[str, ...] = ()
    number: int | None = None
    place: Place | None = None


class ArrayFacts(msgspec.Struct, frozen=True):
    """An array, described: ``rows`` are the rows (first axis) that were asked for, as they are.

    ``minimum`` and ``maximum`` are None for an empty or non-numeric array; ``finite`` is False with any NaN or inf.
    ``source`` is the Python type it came as ("ndarray", "EagerTensor", "list", …).
    """

    shape: tuple[int, ...]
    dtype: str
    minimum: float | None
    maximum: float | None
    finite: bool
    source: str
    rows: Tensor | None = None


class FitCall(msgspec.Struct, frozen=True):
    """One call of ``Model.fit``: what was asked, and what the budget let run.

    ``x``, ``y``, ``validation_x``, ``validation_y`` hold sample rows (see ``sample_rows``); None where not given or
    not an array. ``batch_size`` is None where it was not given. ``history`` is that of the epochs that ran.
    ``model`` is the number of the model among all that were compiled or fitted (see ``expression.Kept``);
    ``parameters`` and ``trainable_parameters`` are its counts. ``others`` names further arguments that were given
    and change what is learned ("class_weight", "sample_weight", "steps_per_epoch", "initial_epoch"). Where a callback
    of the submission's own raised, what ran is the same call without those. ``weights`` is a digest of the model's
    weights as the call left them.
    """

    model: int
    parameters: int | None
    trainable_parameters: int | None
    compiled: Compiled | None
    epochs: int
    batch_size: int | None
    validation_split: float
    shuffle: bool
    x: ArrayFacts | None
    y: ArrayFacts | None
    validation_x: ArrayFacts | None
    validation_y: ArrayFacts | None
    callbacks: tuple[Setting, ...]
    others: tuple[str, ...]
    ran_epochs: int
    ran_samples: int | None
    history: dict[str, tuple[float, ...]]
    seconds: float
    place: Place | None = None
    weights: str = ""


class FileFacts(msgspec.Struct, frozen=True):
    """A file that student code wrote in its scratch folder: path relative to it, size in bytes, its first bytes.

    ``text`` is the whole content where it is UTF-8 and at most 1 MiB (2 MiB for all files of a call).
    """

    path: str
    size: int
    head: bytes
    text: str | None = None


class Remark(msgspec.Struct, frozen=True):
    """Something met while running: ``kind`` is a word of a closed list kept by the grader, ``details`` fill its text."""

    kind: str
    details: dict[str, str] = {}
    place: Place | None = None

    def __hash__(self) -> int:
        return hash((self.kind, tuple(self.details.items()), self.place))


class Effects(msgspec.Struct, frozen=True):
    """What happened while something was evaluated: text printed (capped), fits, files written, remarks.

    ``seconds`` is wall time in the child, ``training_seconds`` the part of it inside ``fit``.
    """

    printed: str = ""
    fits: tuple[FitCall, ...] = ()
    files: tuple[FileFacts, ...] = ()
    remarks: tuple[Remark, ...] = ()
    seconds: float = 0.0
    training_seconds: float = 0.0


class Failure(msgspec.Struct, frozen=True):
    """Student code that did not come to its end: how, what Python said, and the lines of the submission it passed.

    ``trace`` runs from the outermost line to the innermost; only lines of the submission are in it.
    """

    ending: Ending
    error: str = ""
    message: str = ""
    trace: tuple[Place, ...] = ()


class Definition(msgspec.Struct, frozen=True):
    """A top-level name of the submission: ``kind`` is "function", "class", "model", "array", "plain" or "other".

    ``parameters`` are a function's parameter names; ``required`` those without a default.
    """

    name: str
    kind: str
    parameters: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    place: Place | None = None


def sample_rows(length: int, count: int = 16) -> tuple[int, ...]:
    """Up to ``count`` row numbers spread evenly over ``length`` rows, first and last among them."""
    if length <= count:
        return tuple(range(length))
    return tuple(int(i) for i in np.linspace(0, length - 1, count).round())
