"""What a child keeps of what it computed, seen in its answers: data given up are made again, and fresh models are fresh."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from checker.course import NameSpec
from checker.handle import Model
from checker.protocol import Block, Budget, Load
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
X, Y = np.eye(4, dtype="float32"), np.eye(3, dtype="float32")[[0, 1, 2, 0]]


@pytest.fixture
def module(server: Server) -> Iterator[Module]:
    load = Load((Block(PROGRAM, "lab.py"),), (), Budget(64, 1, 30.0, 64), 1, 60.0, 20.0)
    runner = SandboxRunner(server, load, "")
    names = ("data", "count", "model", "own")
    yield Module(runner, {name: NameSpec(kind="function") for name in names}, {}, 30.0)
    runner.close()


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


@pytest.mark.parametrize("name", ["model", "own"])
def test_a_fresh_model_that_was_trained_is_made_again_for_who_asks_for_it(module: Module, name: str) -> None:
    made: Model = getattr(module, name)()
    before = made.fresh(1).predict(X)
    after = made.trained(X, Y, epochs=3, batch_size=4, seed=1, eager=True).predict(X)
    assert not np.allclose(before, after)
    # with another input, since what was answered for that one is known
    assert np.allclose(made.fresh(1).predict(X[:2]), before[:2], atol=1e-6)
