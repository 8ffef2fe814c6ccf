"""Two ways to write a model are one architecture, or are not; the proof by predictions agrees with the graph each time.

Every form is a function of one program that a single child runs, set beside the network that it is a form of.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from checker import dataset
from checker.course import NameSpec
from checker.handle import Model
from checker.likeness import computes_alike, is_right
from checker.protocol import Block, Budget, Load
from checker.runner import SandboxRunner
from checker.server import Server
from checker.student import Module

pytestmark = pytest.mark.sandbox

IMPORTS = """
import keras
import numpy as np
import tensorflow as tf
from keras import Input, Model, Sequential, layers, ops
from keras.layers import *

def compiled(model, loss="categorical_crossentropy", optimizer="adam", metrics=("accuracy",)):
    model.compile(loss=loss, optimizer=optimizer, metrics=list(metrics))
    return model
"""
# the networks that the forms are set beside
BASES = {
    "mlp": "m = Sequential([Input((784,)), Dense(12, activation='relu'), Dense(10, activation='softmax')])",
    "cnn": """m = Sequential([Input((28, 28, 1)), Conv2D(4, (3, 3), activation='relu'), MaxPooling2D(2), Dropout(0.2),
                    Flatten(), Dense(10, activation='softmax')])""",
    "scaled": """m = Sequential([Input((28, 28, 1)), Rescaling(1 / 255), Conv2D(4, (3, 3), activation='relu'), Flatten(),
                       Dense(10, activation='softmax')])""",
    "hidden dropout": """m = Sequential([Input((784,)), Dense(12, activation='relu'), Dropout(0.3),
                               Dense(10, activation='softmax')])""",
    "images": "m = Sequential([Input((28, 28)), Flatten(), Dense(12, activation='relu'), Dense(10, activation='softmax')])",
    "twins": """x = Input((784,)); a = Dense(12, activation='relu')(x); b = Dense(12, activation='relu')(x)
m = Model(x, Dense(10, activation='softmax')(Add()([a, b])))""",
}  # fmt: skip


@dataclass(frozen=True)
class Form:
    """Code that binds ``m``, the base that it is beside, and whether it is the same network."""

    base: str
    same: bool
    code: str


def same(base: str, code: str) -> Form:
    return Form(base, same=True, code=code)


def other(base: str, code: str) -> Form:
    return Form(base, same=False, code=code)


FORMS = {
    "Functional": same("mlp", "x = Input((784,)); m = Model(x, Dense(10, activation='softmax')(Dense(12, activation='relu')(x)))"),
    "Sequential in Functional": same("mlp", """
        x = Input((784,)); body = Sequential([Dense(12), Activation('relu')])
        m = Model(x, Dense(10, activation='softmax')(body(x)))"""),
    "Functional in Sequential": same("mlp", """
        x = Input((784,)); body = Model(x, Dense(12, activation='relu')(x))
        m = Sequential([Input((784,)), body, Dense(10), Softmax()])"""),
    "three deep": same("cnn", """
        m = Sequential([Input((28, 28, 1)), Sequential([Sequential([Conv2D(4, 3), ReLU()]), MaxPooling2D()]),
                        Sequential([Dropout(0.2), Flatten()]), Dense(10, activation='softmax')])"""),
    "subclassed": same("mlp", """
        class Net(Model):
            def __init__(self):
                super().__init__(); self.a = Dense(12, activation='relu'); self.b = Dense(10, activation='softmax')
            def call(self, x):
                return self.b(self.a(x))
        m = Net(); m.build((None, 784))"""),
    "subclassed, layers in a list": same("mlp", """
        class Net(Model):
            def __init__(self):
                super().__init__(); self.stack = [Dense(12, activation='relu'), Dense(10, activation='softmax')]
            def call(self, x):
                for layer in self.stack:
                    x = layer(x)
                return x
        m = Net(); m(np.zeros((1, 784)))"""),
    "subclassed, built lazily": same("cnn", """
        class Net(Model):
            def __init__(self):
                super().__init__()
                self.conv, self.pool, self.drop = Conv2D(4, 3, activation='relu'), MaxPooling2D(), Dropout(0.2)
                self.flat, self.out = Flatten(), Dense(10, activation='softmax')
            def call(self, x, training=None):
                return self.out(self.flat(self.drop(self.pool(self.conv(x)), training=training)))
        m = Net()"""),
    "subclassed, activations as functions": same("mlp", """
        class Net(Model):
            def __init__(self):
                super().__init__(); self.a = Dense(12); self.b = Dense(10)
            def call(self, x):
                return tf.nn.softmax(self.b(tf.nn.relu(self.a(x))))
        m = Net(); m.build((None, 784))"""),
    "a Sequential built by its first call": same("mlp", """
        m = Sequential([Dense(12, activation='relu'), Dense(10, activation='softmax')]); m(np.zeros((2, 784)))"""),
    "Keras's functions of activation": same("mlp", """
        m = Sequential([Input((784,)), Dense(12, activation=keras.activations.relu), Dense(10, activation=keras.activations.softmax)])"""),
    "TensorFlow's functions of activation": same("mlp", """
        m = Sequential([Input((784,)), Dense(12, activation=tf.nn.relu), Dense(10, activation=tf.nn.softmax)])"""),
    "ops as functions of activation": same("mlp", """
        m = Sequential([Input((784,)), Dense(12, activation=ops.relu), Dense(10, activation=ops.softmax)])"""),
    "ops in a Functional model": same("mlp", """
        x = Input((784,)); m = Model(x, ops.softmax(Dense(10)(ops.relu(Dense(12)(x)))))"""),
    "ReLU and Softmax layers": same("mlp", "m = Sequential([Input((784,)), Dense(12), ReLU(), Dense(10), Softmax()])"),
    "a linear activation": same("mlp", """
        m = Sequential([Input((784,)), Dense(12), Activation('linear'), Activation('relu'), Dense(10), Softmax()])"""),
    "dropout that drops nothing": same("mlp", """
        m = Sequential([Input((784,)), Dense(12, activation='relu'), Dropout(0.0), Dense(10, activation='softmax')])"""),
    "Reshape for Flatten": same("cnn", """
        m = Sequential([Input((28, 28, 1)), Conv2D(4, 3, activation='relu'), MaxPooling2D(), Dropout(0.2), Reshape((-1,)),
                        Dense(10, activation='softmax')])"""),
    "Flatten before Dropout": same("cnn", """
        m = Sequential([Input((28, 28, 1)), Conv2D(4, 3, activation='relu'), MaxPooling2D(), Flatten(), Dropout(0.2),
                        Dense(10, activation='softmax')])"""),
    "the defaults in words": same("cnn", """
        m = Sequential([Input((28, 28, 1)), Conv2D(4, (3, 3), strides=(1, 1), padding='valid', use_bias=True, activation='relu'),
                        MaxPooling2D(pool_size=(2, 2), strides=2, padding='valid'), Dropout(rate=0.2), Flatten(),
                        Dense(10, activation='softmax')])"""),
    "channels first": same("cnn", """
        m = Sequential([Input((1, 28, 28)), Conv2D(4, 3, activation='relu', data_format='channels_first'),
                        MaxPooling2D(2, data_format='channels_first'), Dropout(0.2), Flatten(),
                        Dense(10, activation='softmax')])"""),
    "Permute from channels first": same("cnn", """
        m = Sequential([Input((1, 28, 28)), Permute((2, 3, 1)), Conv2D(4, 3, activation='relu'), MaxPooling2D(), Dropout(0.2),
                        Flatten(), Dense(10, activation='softmax')])"""),
    "the channel axis added inside": same("cnn", """
        m = Sequential([Input((28, 28)), Reshape((28, 28, 1)), Conv2D(4, 3, activation='relu'), MaxPooling2D(), Dropout(0.2),
                        Flatten(), Dense(10, activation='softmax')])"""),
    "dropout before the relu it belongs to": same(
        "hidden dropout",
        """
        m = Sequential([Input((784,)), Dense(12), Dropout(0.3), Activation('relu'), Dense(10, activation='softmax')])""",
    ),
    "channels first, Flatten told so": same(
        "cnn",
        """
        m = Sequential([Input((1, 28, 28)), Conv2D(4, 3, activation='relu', data_format='channels_first'),
                        MaxPooling2D(2, data_format='channels_first'), Dropout(0.2), Flatten(data_format='channels_first'),
                        Dense(10, activation='softmax')])""",
    ),
    "channels first, flattened by Reshape": same(
        "cnn",
        """
        m = Sequential([Input((1, 28, 28)), Conv2D(4, 3, activation='relu', data_format='channels_first'),
                        MaxPooling2D(2, data_format='channels_first'), Dropout(0.2), Reshape((-1,)),
                        Dense(10, activation='softmax')])""",
    ),
    "scaled by an operator": same("scaled", """
        x = Input((28, 28, 1)); y = x / 255.0
        m = Model(x, Dense(10, activation='softmax')(Flatten()(Conv2D(4, 3, activation='relu')(y))))"""),
    "scaled by Lambda": same("scaled", """
        m = Sequential([Input((28, 28, 1)), Lambda(lambda t: t / 255.0), Conv2D(4, 3, activation='relu'), Flatten(),
                        Dense(10, activation='softmax')])"""),
    "scaled by Normalization": same("scaled", """
        m = Sequential([Input((28, 28, 1)), Normalization(mean=0.0, variance=255.0 ** 2), Conv2D(4, 3, activation='relu'),
                        Flatten(), Dense(10, activation='softmax')])"""),
    "scaled by ops": same("scaled", """
        x = Input((28, 28, 1)); y = ops.multiply(x, 1 / 255)
        m = Model(x, Dense(10, activation='softmax')(Flatten()(Conv2D(4, 3, activation='relu')(y))))"""),
    "flattened by ops": same("images", """
        x = Input((28, 28)); y = ops.reshape(x, (-1, 784))
        m = Model(x, Dense(10, activation='softmax')(Dense(12, activation='relu')(y)))"""),
    "added by an operator": same("twins", """
        x = Input((784,)); m = Model(x, Dense(10, activation='softmax')(Dense(12, activation='relu')(x) + Dense(12, activation='relu')(x)))"""),
    "added by ops": same("twins", """
        x = Input((784,)); m = Model(x, Dense(10, activation='softmax')(ops.add(Dense(12, activation='relu')(x), Dense(12, activation='relu')(x))))"""),

    "a layer called twice": other("twins", """
        x = Input((784,)); one = Dense(12, activation='relu'); m = Model(x, Dense(10, activation='softmax')(Add()([one(x), one(x)])))"""),
    "one branch only": other("twins", """
        x = Input((784,)); a = Dense(12, activation='relu')(x); b = Dense(12, activation='relu')(x)
        m = Model(x, Dense(10, activation='softmax')(Add()([a, a])))"""),
    "concatenated": other("twins", """
        x = Input((784,)); a = Dense(12, activation='relu')(x); b = Dense(12, activation='relu')(x)
        m = Model(x, Dense(10, activation='softmax')(Concatenate()([a, b])))"""),
    "multiplied": other("twins", """
        x = Input((784,)); a = Dense(12, activation='relu')(x); b = Dense(12, activation='relu')(x)
        m = Model(x, Dense(10, activation='softmax')(a * b))"""),
    "tanh": other("mlp", "m = Sequential([Input((784,)), Dense(12, activation='tanh'), Dense(10, activation='softmax')])"),
    "leaky": other("mlp", "m = Sequential([Input((784,)), Dense(12), LeakyReLU(), Dense(10, activation='softmax')])"),
    "relu up to 6": other("mlp", "m = Sequential([Input((784,)), Dense(12), ReLU(max_value=6), Dense(10, activation='softmax')])"),
    "two softmaxes": other("mlp", "m = Sequential([Input((784,)), Dense(12, activation='relu'), Dense(10, activation='softmax'), Softmax()])"),
    "no softmax": other("mlp", "m = Sequential([Input((784,)), Dense(12, activation='relu'), Dense(10)])"),
    "sigmoid at the end": other("mlp", "m = Sequential([Input((784,)), Dense(12, activation='relu'), Dense(10, activation='sigmoid')])"),
    "softmax over the batch": other("mlp", """
        x = Input((784,)); m = Model(x, ops.softmax(Dense(10)(Dense(12, activation='relu')(x)), axis=0))"""),
    "softmax over the wrong axis": other("images", """
        m = Sequential([Input((28, 28)), Flatten(), Dense(12, activation='relu'), Dense(10), Reshape((10, 1)), Softmax(axis=-1), Reshape((10,))])"""),
    "no bias": other("mlp", "m = Sequential([Input((784,)), Dense(12, activation='relu', use_bias=False), Dense(10, activation='softmax')])"),
    "frozen": other("mlp", "m = Sequential([Input((784,)), Dense(12, activation='relu', trainable=False), Dense(10, activation='softmax')])"),
    "frozen afterwards": other("mlp", """
        m = Sequential([Input((784,)), Dense(12, activation='relu'), Dense(10, activation='softmax')]); m.layers[0].trainable = False"""),
    "zeros at first": other(
        "mlp",
        "m = Sequential([Input((784,)), Dense(12, activation='relu', kernel_initializer='zeros'), Dense(10, activation='softmax')])",
    ),
    "zeros at first in the last layer": same(
        "mlp",
        "m = Sequential([Input((784,)), Dense(12, activation='relu'), Dense(10, activation='softmax', kernel_initializer='zeros')])",
    ),
    "an identity": same(
        "mlp",
        "m = Sequential([Input((784,)), Dense(12), Identity(), Activation('relu'), Dense(10), Identity(), Softmax()])",
    ),
    "regularised": other("mlp", "m = Sequential([Input((784,)), Dense(12, activation='relu', kernel_regularizer='l2'), Dense(10, activation='softmax')])"),
    "a layer too many": other("mlp", "m = Sequential([Input((784,)), Dense(12, activation='relu'), Dense(12, activation='relu'), Dense(10, activation='softmax')])"),
    "padded": other("cnn", """
        m = Sequential([Input((28, 28, 1)), Conv2D(4, 3, activation='relu', padding='same'), MaxPooling2D(), Dropout(0.2), Flatten(),
                        Dense(10, activation='softmax')])"""),
    "strides of two": other("cnn", """
        m = Sequential([Input((28, 28, 1)), Conv2D(4, 3, strides=2, activation='relu'), MaxPooling2D(), Dropout(0.2), Flatten(),
                        Dense(10, activation='softmax')])"""),
    "averages": other("cnn", """
        m = Sequential([Input((28, 28, 1)), Conv2D(4, 3, activation='relu'), AveragePooling2D(2), Dropout(0.2), Flatten(),
                        Dense(10, activation='softmax')])"""),
    "global averages": other("cnn", """
        m = Sequential([Input((28, 28, 1)), Conv2D(4, 3, activation='relu'), MaxPooling2D(), Dropout(0.2),
                        GlobalAveragePooling2D(), Dense(10, activation='softmax')])"""),
    "dropout before the pooling": other("cnn", """
        m = Sequential([Input((28, 28, 1)), Conv2D(4, 3, activation='relu'), Dropout(0.2), MaxPooling2D(), Flatten(),
                        Dense(10, activation='softmax')])"""),
    "whole channels dropped": other("cnn", """
        m = Sequential([Input((28, 28, 1)), Conv2D(4, 3, activation='relu'), MaxPooling2D(), SpatialDropout2D(0.2), Flatten(),
                        Dense(10, activation='softmax')])"""),
    "transposed before flattening": other("images", """
        m = Sequential([Input((28, 28)), Permute((2, 1)), Flatten(), Dense(12, activation='relu'), Dense(10, activation='softmax')])"""),
    "a pooling that leads nowhere": other("cnn", """
        x = Input((28, 28, 1)); c = Conv2D(4, 3, activation='relu')(x); p = MaxPooling2D()(c)
        m = Model(x, Dense(10, activation='softmax')(Flatten()(Dropout(0.2)(c))))"""),
}  # fmt: skip

# what a network is compiled with, beside the mlp compiled with strings
COMPILED = {
    "strings": (True, "compiled(m)"),
    "objects": (True, "compiled(m, keras.losses.CategoricalCrossentropy(), keras.optimizers.Adam(), [keras.metrics.CategoricalAccuracy()])"),
    "functions": (True, "compiled(m, keras.losses.categorical_crossentropy, 'Adam', ['acc'])"),
    "the class of the optimizer, its rate written out": (True, "compiled(m, optimizer=keras.optimizers.Adam(learning_rate=0.001))"),
    "logits in the loss": (True, "m = Sequential(m.layers[:-1] + [Dense(10)]); compiled(m, keras.losses.CategoricalCrossentropy(from_logits=True))"),
    "logits in the loss, softmax in the model": (False, "compiled(m, keras.losses.CategoricalCrossentropy(from_logits=True))"),
    "softmax in neither": (False, "m = Sequential(m.layers[:-1] + [Dense(10)]); compiled(m)"),
    "mse": (False, "compiled(m, 'mse')"),
    "a learning rate of zero": (False, "compiled(m, optimizer=keras.optimizers.Adam(0.0))"),
    "another learning rate": (True, "compiled(m, optimizer=keras.optimizers.Adam(0.003))"),
    "sgd": (False, "compiled(m, optimizer='sgd')"),
    "no accuracy": (False, "compiled(m, metrics=['mse'])"),
    "not compiled": (False, "pass"),
}  # fmt: skip


def function(name: str, code: str) -> str:
    return f"def {name}():\n{textwrap.indent(textwrap.dedent(code).strip(), '    ')}\n    return m\n"


def program() -> str:
    parts = [IMPORTS, *(function(f"base_{name.replace(' ', '_')}", code) for name, code in BASES.items())]
    parts += [function(f"form_{number}", form.code) for number, form in enumerate(FORMS.values())]
    mlp = BASES["mlp"]
    parts += [function(f"compiled_{n}", f"{mlp}\n{code}") for n, (_same, code) in enumerate(COMPILED.values())]
    return "\n".join(parts)


@pytest.fixture(scope="module")
def module(server: Server) -> Iterator[Module]:
    code = program()
    names = [line[4:-3] for line in code.splitlines() if line.startswith("def ") and line.endswith("():")]
    budget = Budget(64, 1, 30.0, 64)
    load = Load((Block(code, "forms.py"),), (), budget, 1, 60.0, 20.0)
    file = str(dataset.load([]).write(Path(server.folder)))
    runner = SandboxRunner(server, load, file)
    yield Module(runner, {name: NameSpec(kind="function") for name in names}, {}, 30.0)
    runner.close()


def model(module: Module, name: str, base: str) -> Model:
    found = getattr(module, name)()
    assert isinstance(found, Model), found
    found.input_shape = {"mlp": (784,), "twins": (784,), "hidden dropout": (784,), "images": (28, 28)}.get(
        base, (28, 28, 1)
    )
    return found


@pytest.mark.parametrize("name", FORMS)
def test_a_form_is_the_same_network_or_is_not_and_both_proofs_say_so(module: Module, name: str) -> None:
    form = FORMS[name]
    found = model(module, f"form_{list(FORMS).index(name)}", form.base)
    expected = model(module, f"base_{form.base.replace(' ', '_')}", form.base)
    assert (found.architecture == expected.architecture) is form.same, (
        found.architecture.unreadable, found.architecture.units, expected.architecture.units
    )  # fmt: skip
    if form.same:
        assert computes_alike(found, expected)


@pytest.mark.parametrize("name", COMPILED)
def test_a_network_is_compiled_as_asked_or_is_not(module: Module, name: str) -> None:
    number = list(COMPILED).index(name)
    found, expected = model(module, f"compiled_{number}", "mlp"), model(module, "compiled_0", "mlp")
    assert is_right(found, expected) is COMPILED[name][0]
