"""What a child keeps of what it computed, seen in its answers: data given up are made again, and fresh models are fresh."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from checker.course import NameSpec
from checker.handle import Model
from checker.protocol import Block, Budget, Load, SourceFile
from checker.runner import SandboxRunner
from checker.server import Server
from checker.student import Module

pytestmark = pytest.mark.sandbox

PROGRAM = """
import keras
import numpy as np
from keras import Input, Sequential, layers

made = []

def data():
    made.append("data")
    return (np.full((600, 100, 100), 2.0), np.arange(600)), [np.zeros((600, 100, 100)), "name"]

def count():
    return len(made)

def model():
    m = Sequential([Input((4,)), layers.Dense(3, activation="softmax")])
    m.compile(loss="categorical_crossentropy", optimizer="adam")
    return m

class Own(keras.Model):
    def __init__(self, size, **more):
        super().__init__(**more)
        self.dense = layers.Dense(size, activation="softmax")

    def call(self, x):
        return self.dense(x)

    def get_config(self):
        raise NotImplementedError

def own():
    m = Own(3)
    m.compile(loss="categorical_crossentropy", optimizer="adam")
    return m
"""
# a second call would give another thing
ONCE = {
    "a global is bound anew": "raw = np.ones((600, 100, 100))\ndef data():\n    global raw\n    x, raw = raw, None\n    return x, 0\n",
    "a global is changed in place": "raw = np.full((600, 100, 100), 4.0)\ndef data():\n    x = raw\n    x /= 2\n    return x[:], 0\n",
    "a global is changed in place, and copied": "raw = [np.full((600, 100, 100), 4.0)]\ndef data():\n    x = raw[0]\n    x /= 2\n    return x.copy(), 0\n",
    "a generator goes on": "rng = np.random.default_rng(1)\ndef data():\n    return rng.normal(size=(600, 100, 100)), 0\n",
    "an iterator goes on": "parts = iter([3.0, 5.0])\ndef data():\n    return np.full((600, 100, 100), next(parts)), 0\n",
    "a default goes on": "def data(rng=np.random.RandomState(1)):\n    return rng.normal(size=(600, 100, 100)), 0\n",
    "a file is left": """
import os
def data():
    x = np.full((600, 100, 100), 7.0 if os.path.exists("there") else 2.0)
    open("there", "w").close()
    return x, 0
""",
}  # fmt: skip
X, Y = np.eye(4, dtype="float32"), np.eye(3, dtype="float32")[[0, 1, 2, 0]]


@contextmanager
def running(server: Server, code: str, **beside: str) -> Iterator[Module]:
    files = {"lab": code, **beside}
    sources = tuple(SourceFile(f"{name}.py", text.encode()) for name, text in files.items())
    load = Load((Block(code, "lab.py"),), sources, Budget(64, 1, 30.0, 64), 1, 60.0, 20.0)
    runner = SandboxRunner(server, load, "")
    names = ("data", "count", "model", "own")
    yield Module(runner, {name: NameSpec(kind="function") for name in names}, {}, 30.0)
    runner.close()


@pytest.fixture
def module(server: Server) -> Iterator[Module]:
    with running(server, PROGRAM) as found:
        yield found


def test_large_data_are_given_up_once_a_model_is_looked_at_and_made_again_when_asked_for(module: Module) -> None:
    (images, labels), (_zeros, name) = module.data()
    assert (images.facts.maximum, name) == (2.0, "name")
    assert module.model().parameters == 15
    # what is small in them stays
    assert labels.facts.maximum == 599
    assert module.count.run().value == 1
    assert images.rows_at([7]).maximum == 2.0
    # another seed, since what was answered for this one is known
    assert module.count.run(seed=2).value == 2
    # and then it is kept
    assert module.model.run(seed=2).value.facts.parameters == 15
    assert images.rows_at([8]).maximum == 2.0
    assert module.count.run(seed=3).value == 2


@pytest.mark.parametrize("code", ONCE.values(), ids=ONCE)
def test_data_that_would_not_come_again_are_kept(server: Server, code: str) -> None:
    with running(server, PROGRAM + code) as module:
        images, _nothing = module.data()
        before = images.values_at([7])
        assert module.model().parameters == 15
        assert np.array_equal(images.values_at(range(7, 9))[0], before[0])


def test_data_that_a_module_beside_the_submission_makes_are_kept(server: Server) -> None:
    beside = "import numpy as np\nraw = [np.full((600, 100, 100), 4.0)]\ndef data():\n    raw[0] /= 2\n    return raw[0].copy(), 0\n"
    with running(server, PROGRAM + "from helper import data\n", helper=beside) as module:
        images, _nothing = module.data()
        before = images.facts.maximum
        assert module.model().parameters == 15
        assert images.rows_at([7]).maximum == before


@pytest.mark.parametrize("name", ["model", "own"])
def test_a_fresh_model_that_was_trained_is_made_again_for_who_asks_for_it(module: Module, name: str) -> None:
    made: Model = getattr(module, name)()
    before = made.fresh(1).predict(X)
    after = made.trained(X, Y, epochs=3, batch_size=4, seed=1, eager=True).predict(X)
    assert not np.allclose(before, after)
    # with another input, since what was answered for that one is known
    assert np.allclose(made.fresh(1).predict(X[:2]), before[:2], atol=1e-6)
