"""The wire: what is not of the protocol is refused, whatever its size."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from checker.errors import ProtocolError
from checker.evidence import Effects, Tensor
from checker.expression import AsKind, Name
from checker.protocol import HEADER, MAX_PLAIN, Answered, Ask, Tensors, Value, decode_reply, encode, key


def body(message: Answered) -> bytes:
    return encode(message)[HEADER:]


def test_a_large_array_crosses_whole() -> None:
    array = np.arange(2**22, dtype=np.float32)
    sent = Answered(Tensors((Tensor.of(array),)), Effects(printed="done"))
    received = decode_reply(body(sent))
    assert len(body(sent)) > MAX_PLAIN
    assert received == sent


@pytest.mark.parametrize(
    "message",
    [
        Answered(Value([[]] * (MAX_PLAIN + 1))),
        Answered(Tensors(()), Effects(printed="x" * (MAX_PLAIN + 1))),
    ],
    ids=["plain data", "effects"],
)
def test_what_is_large_and_no_array_is_refused(message: Answered) -> None:
    with pytest.raises(ProtocolError):
        decode_reply(body(message))


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"\xc1",
        msgspec.msgpack.encode({"type": "Unknown"}),
        msgspec.msgpack.encode({"type": "Answered", "answer": {"type": "Text", "text": 3}}),
        msgspec.msgpack.encode({"type": "Ask"}),
        b"\x91" * 100_000,
    ],
)
def test_nonsense_is_refused(sent: bytes) -> None:
    with pytest.raises(ProtocolError):
        decode_reply(sent)


def test_a_tensor_whose_bytes_do_not_fit_is_refused() -> None:
    with pytest.raises(ProtocolError, match="shape"):
        Tensor((2, 3), "float32", b"1234").array()
    with pytest.raises(ProtocolError, match="dtype"):
        Tensor((1,), "object", b"12345678").array()


def test_a_question_has_one_key_whatever_time_it_is_given() -> None:
    short, long = (Ask(Name("x"), AsKind(), seconds) for seconds in (1.0, 2.0))
    assert key(short) == key(long)
    assert key(short) != key(Ask(Name("y"), AsKind(), 1.0))
