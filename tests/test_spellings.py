"""The Keras 1 and 2 spellings of the handouts and of public hand-ins run, each noted with its line and modern form."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from checker import dataset
from checker.protocol import Block, Budget, Load, Loaded
from checker.runner import SandboxRunner
from checker.server import Server

pytestmark = [pytest.mark.sandbox, pytest.mark.slow]

PREPARED = """
import numpy as np, keras
from keras import backend as K
from keras.layers import *
from keras.callbacks import *
from keras.models import Sequential, load_model
x = np.random.rand(64, 28, 28, 1).astype("float32")
y = keras.utils.to_categorical(np.arange(64) % 10)
model = Sequential([Input((28, 28, 1)), Flatten(), Dense(10, activation="softmax")])
model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
history = model.fit(x, y, validation_split=0.2)
"""
# a line as printed, and a part of what is said of it
SPELLINGS = {
    "from keras.utils import np_utils": "from keras.utils import to_categorical",
    "import keras.utils.np_utils": "keras.utils",
    "from keras.utils.np_utils import to_categorical": "from keras.utils import to_categorical",
    "from keras.layers.convolutional import Conv2D": "from keras.layers import Conv2D",
    "from keras.layers.pooling import MaxPooling2D": "from keras.layers import MaxPooling2D",
    "from keras.layers.core import Dense, Dropout": "from keras.layers import Dense",
    "from keras.layers.normalization import BatchNormalization": "from keras.layers import BatchNormalization",
    "from tensorflow.keras.layers.convolutional import Conv2D": "from tensorflow.keras.layers import Conv2D",
    "from keras.utils.vis_utils import plot_model": "from keras.utils import plot_model",
    "K.set_image_dim_ordering('tf')": "set_image_data_format('channels_last')",
    "assert K.image_dim_ordering() == 'tf'": "image_data_format",
    "history.history['acc']": "history.history['accuracy']",
    "history.history['val_acc']": "history.history['val_accuracy']",
    "model.fit(x, y, nb_epoch=1)": "epochs",
    "model.compile('adam', 'categorical_crossentropy', ['accuracy']); model.fit(x, y)": "metrics=['accuracy']",
    "keras.optimizers.SGD(lr=0.1, decay=1e-6)": "learning_rate",
    "model.save_weights('w.h5')": "w.weights.h5",
    "model.load_weights('w.h5')": "w.weights.h5",
    "assert model.predict_classes(x).shape == (64,)": "np.argmax(model.predict(x)",
    "model.predict_proba(x)": "model.predict",
    "EarlyStopping(monitor='val_acc')": "val_accuracy",
    "model.fit(x, y, validation_split=0.2, callbacks=[ModelCheckpoint('b.hdf5', monitor='val_acc')])": "val_accuracy",
    "model.fit(x, y, validation_split=0.2, callbacks=[ModelCheckpoint('c.hdf5')]); load_model('c.hdf5')": "c.keras",
    "Dense(4, init='uniform')": "kernel_initializer",
    "Dense(output_dim=4)": "units",
    "Conv2D(4, 3, border_mode='same')": "padding",
    "Conv2D(4, 3, dim_ordering='tf')": "channels_last",
    "MaxPooling2D(border_mode='valid')": "padding",
    "assert Convolution2D(32, 5, 5).kernel_size == (5, 5)": "Conv2D(32, (5, 5))",
    "Dropout(p=0.5)": "rate",
    "Input(shape=(28 * 28))": "Input(shape=(784,))",
    "from tensorflow.keras import Input as i; i(shape=(28 * 28))": "Input(shape=(784,))",
    "from tensorflow.keras.layers import Input as j; j(shape=(28 * 28))": "Input(shape=(784,))",
    "from tensorflow.keras.layers import Convolution2D as c; assert c(3, 5, 5).strides == (1, 1)": "Conv2D(3, (5, 5))",
    "lam = Sequential([Input((3,)), Lambda(lambda v: v * 2)]); lam.save('l.keras'); load_model('l.keras')": "safe_mode=False",
    "model.fit_generator((pair for pair in [(x, y)]), steps_per_epoch=1)": "model.fit",
}
# what still runs as it is, with nothing to note
MODERN = [
    "ModelCheckpoint('best.h5')",
    "model.compile('adam', 'categorical_crossentropy', [1.0], ['accuracy'])",
    "Sequential([Dense(4, input_dim=3), Dense(2)])",
    "Sequential([Conv2D(4, 3, input_shape=(28, 28, 1))])",
    "model.fit(x, y, callbacks=[TensorBoard('logs')])",
    "load_model('l.keras', safe_mode=False)",
    "Conv2D(4, (5, 5), padding='same', kernel_initializer='he_normal')",
    "model.save_weights('w.weights.h5'); model.load_weights('w.weights.h5')",
]


@pytest.fixture(scope="module")
def loaded(server: Server) -> Iterator[Loaded]:
    code = "\n".join([PREPARED.strip("\n"), *SPELLINGS, *MODERN]) + "\n"
    data = dataset.load(["mnist"], "embedded").write(server.folder)
    program = Load((Block(code, "lab.py"),), (), Budget(64, 1, 60.0, 64), 1, 120.0, 60.0)
    runner = SandboxRunner(server, program, str(data))
    yield runner.load()
    runner.close()


def line_of(text: str) -> int:
    return [*PREPARED.strip("\n").split("\n"), *SPELLINGS, *MODERN].index(text) + 1


def test_every_spelling_runs(loaded: Loaded) -> None:
    lines = [*PREPARED.strip("\n").split("\n"), *SPELLINGS, *MODERN]
    assert [(lines[f.trace[0].line - 1], f.message) for f in loaded.failures] == []


@pytest.mark.parametrize("printed", SPELLINGS)
def test_a_spelling_is_noted_with_its_line_and_modern_form(loaded: Loaded, printed: str) -> None:
    noted = [r for r in loaded.effects.remarks if r.place and r.place.line == line_of(printed)]
    assert {r.kind for r in noted} == {"old_spelling"}
    assert any(SPELLINGS[printed] in r.details["modern"] for r in noted)


@pytest.mark.parametrize("line", MODERN)
def test_modern_code_is_left_in_peace(loaded: Loaded, line: str) -> None:
    assert [r for r in loaded.effects.remarks if r.place and r.place.line == line_of(line)] == []
