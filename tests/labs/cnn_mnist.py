"""Right forms and known slips of cnn_mnist, each as one change to the reference or to the handout's own code."""

from __future__ import annotations

from labs import Slip, cells, reference, swapped

REFERENCE = reference("cnn_mnist")

# the code of the handout, its blanks filled in as its text says
SEED = """import numpy as np
from keras.datasets import mnist
from keras.utils import np_utils
from keras import backend as K
K.set_image_data_format('channels_first')
# fix random seed for reproducibility
seed = 7
np.random.seed(seed)
from keras.models import Sequential
from keras.layers import Dense
from keras.layers import Dropout
from keras.layers import Flatten
from keras.layers.convolutional import Conv2D
from keras.layers.convolutional import MaxPooling2D
from keras.models import model_from_json

def get_data_mnist():
    #load data
    (X_train, y_train), (X_test, y_test) = mnist.load_data()
    # reshape to be [samples][pixels][width][height]
    X_train = X_train.reshape(X_train.shape[0], 1, 28, 28).astype('float32')
    X_test = X_test.reshape(X_test.shape[0], 1, 28, 28).astype('float32')
    X_train = X_train / 255
    X_test = X_test / 255
    #one hot encode outputs
    y_train = np_utils.to_categorical(y_train)
    y_test = np_utils.to_categorical(y_test)
    num_classes = y_test.shape[1]
    return (X_train, y_train), (X_test, y_test), num_classes

num_classes = 10

def Small_model():
    # create model
    model = Sequential()
    model.add(Conv2D(64, (3, 3), input_shape=(1, 28, 28),
    activation='relu'))
    model.add(Conv2D(32, (3, 3), activation='relu'))
    model.add(Flatten())
    model.add(Dense(num_classes, activation='softmax'))
    model.compile(loss='categorical_crossentropy', optimizer='adam', metrics=['accuracy'])
    return model

def medium_CNN():
    model = Sequential()
    model.add(Conv2D(32, (5, 5), input_shape=(1, 28, 28), activation='relu'))
    model.add(MaxPooling2D(pool_size=(2, 2)))
    model.add(Dropout(0.2))
    model.add(Flatten())
    model.add(Dense(128, activation='relu'))
    model.add(Dense(num_classes, activation='softmax'))
    model.compile(loss='categorical_crossentropy', optimizer='adam', metrics=['accuracy'])
    return model

def large_CNN():
    model = Sequential()
    model.add(Conv2D(30, (5, 5), input_shape=(1, 28, 28), activation='relu'))
    model.add(MaxPooling2D(pool_size=(2, 2)))
    model.add(Conv2D(15, (3, 3), activation='relu'))
    model.add(Dropout(0.2))
    model.add(Flatten())
    model.add(Dense(128, activation='relu'))
    model.add(Dense(50, activation='relu'))
    model.add(Dense(num_classes, activation='softmax'))
    model.compile(loss='categorical_crossentropy', optimizer='adam', metrics=['accuracy'])
    return model

def train_model(model, X_train, y_train, X_test, y_test):
    model.fit(X_train, y_train, validation_data=(X_test, y_test), epochs=10, batch_size=200)

def print_model_error_rate(model, X_test, y_test):
    # Final evaluation of the model
    scores = model.evaluate(X_test, y_test, verbose=0)
    print("Model score : %.2f%%" % (scores[1]*100))
    print("Model error rate : %.2f%%" % (100-scores[1]*100))

# This function saves a model on the drive using two files: a json and a h5
def save_keras_model(model, filename):
    # serialize model to JSON
    model_json = model.to_json()
    with open(filename+".json", "w") as json_file:
        json_file.write(model_json)
    # serialize weights to HDF5
    model.save_weights(filename+".h5")

def load_keras_model(filename):
    # load json and create model
    json_file = open(filename+".json", 'r')
    loaded_model_json = json_file.read()
    json_file.close()
    loaded_model = model_from_json(loaded_model_json)
    # load weights into new model
    loaded_model.load_weights(filename+".h5")
    return loaded_model
"""

_SMALL = REFERENCE[REFERENCE.index("def small_model") : REFERENCE.index("def medium_model")]
_COMPILE = '    model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])\n    return model\n\n\n'


def small(body: str, before: str = "") -> str:
    """The reference with another ``small_model``."""
    return REFERENCE.replace(_SMALL, f"{before}def small_model():\n{body}{_COMPILE}")


def swap(*pairs: str) -> str:
    """The reference with texts replaced."""
    return swapped(REFERENCE, *pairs)


def at_top_level() -> str:
    """No functions for the models: one name bound to each in turn, compiled and trained at top level."""
    parts = [
        REFERENCE[: REFERENCE.index("def small_model")],
        "(X_train, y_train), (X_test, y_test), n = get_data_mnist()\n",
    ]
    for name, after in (("small", "medium_model"), ("medium", "large_model"), ("large", "train_model")):
        body = REFERENCE[REFERENCE.index(f"def {name}_model") : REFERENCE.index(f"def {after}")]
        lines = [line[4:] for line in body.splitlines()[2:] if "###" not in line and "return" not in line]
        fit = "history = model.fit(X_train, y_train, validation_data=(X_test, y_test), epochs=10, batch_size=200)"
        parts += ["\n".join(lines), fit]
    return "\n".join([*parts, REFERENCE[REFERENCE.index("def print_model") :]])


FORMS: dict[str, str] = {
    "the handout's own code": SEED,
    "layers added one by one": small(
        "    model = keras.Sequential()\n    model.add(layers.Conv2D(64, 3, activation='relu', input_shape=(28, 28, 1)))\n"
        "    model.add(layers.Conv2D(32, 3, activation='relu'))\n    model.add(layers.Flatten())\n"
        "    model.add(layers.Dense(10, activation='softmax'))\n"
    ),
    "functional": small(
        "    i = keras.Input((28, 28, 1))\n    x = layers.Conv2D(64, 3, activation='relu')(i)\n"
        "    x = layers.Conv2D(32, 3, activation='relu')(x)\n    x = layers.Flatten()(x)\n"
        "    model = keras.Model(i, layers.Dense(10, activation='softmax')(x))\n"
    ),
    "activations as layers": small(
        "    model = keras.Sequential([keras.Input((28, 28, 1)), layers.Conv2D(64, 3), layers.ReLU(),\n"
        "        layers.Conv2D(32, 3), layers.Activation('relu'), layers.Flatten(), layers.Dense(10), layers.Softmax()])\n"
    ),
    "nested": small(
        "    body = keras.Sequential([layers.Conv2D(64, 3, activation='relu'), layers.Conv2D(32, 3, activation='relu')])\n"
        "    i = keras.Input((28, 28, 1))\n"
        "    model = keras.Model(i, layers.Dense(10, activation='softmax')(layers.Flatten()(body(i))))\n"
    ),
    "subclassed": small(
        "    model = Net()\n",
        "class Net(keras.Model):\n    def __init__(self):\n        super().__init__()\n"
        "        self.parts = [layers.Conv2D(64, 3, activation='relu'), layers.Conv2D(32, 3, activation='relu'),\n"
        "            layers.Flatten(), layers.Dense(10, activation='softmax')]\n"
        "    def call(self, x):\n        for part in self.parts:\n            x = part(x)\n        return x\n\n\n",
    ),
    "reshape for flatten, no effect layers": small(
        "    model = keras.Sequential([keras.Input((28, 28, 1)), layers.Conv2D(64, 3, activation='relu', name='a'),\n"
        "        layers.Dropout(0.0), layers.Conv2D(32, (3, 3), strides=1, padding='valid', activation='relu'),\n"
        "        layers.Activation('linear'), layers.Reshape((-1,)), layers.Dense(10, activation='softmax')])\n"
    ),
    "objects in compile": swap(
        'loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"]',
        "loss=keras.losses.CategoricalCrossentropy(), optimizer=keras.optimizers.Adam(), "
        'metrics=[keras.metrics.CategoricalAccuracy(name="accuracy")]',
    ),
    "dropout after flatten": swap(
        "            layers.Dropout(0.2),\n            layers.Flatten(),\n",
        "            layers.Flatten(),\n            layers.Dropout(0.2),\n",
    ),
    "logits": swap(
        'layers.Dense(10, activation="softmax")',
        "layers.Dense(10)",
        'loss="categorical_crossentropy"',
        "loss=keras.losses.CategoricalCrossentropy(from_logits=True)",
    ),
    "other names, more parameters": swap(
        "def medium_model()",
        "def mediumCNN(num_classes)",
        "def large_model()",
        "def Large_CNN(input_shape=(28, 28, 1))",
        "def train_model(model, X_train, y_train, X_test, y_test)",
        "def train_model(X_train, y_train, X_test, y_test, model)",
    ),
    "normalised by the maximum, in a second function": swap(
        'X_train.reshape(X_train.shape[0], 28, 28, 1).astype("float32") / 255',
        'X_train.reshape(X_train.shape[0], 28, 28, 1).astype("float32")',
        'X_test.reshape(X_test.shape[0], 28, 28, 1).astype("float32") / 255',
        'X_test.reshape(X_test.shape[0], 28, 28, 1).astype("float32")',
        "def small_model():",
        "def get_data_mnist2():\n    (a, b), (c, d), n = get_data_mnist()\n"
        "    return (a / a.max(), b), (c / a.max(), d), n\n\n\ndef small_model():",
    ),
    "models at top level, one name for all": at_top_level(),
    "an old notebook": cells(
        "%matplotlib inline\n!pip install keras\nimport matplotlib.pyplot as plt",
        *SEED.split("\n\n"),
        "(X_train, y_train), (X_test, y_test), num_classes = get_data_mnist()\nmodel = Small_model()\n"
        "model.summary()\ntrain_model(model, X_train, y_train, X_test, y_test)\nplt.imshow(X_train[0, 0])\nplt.show()",
        "print_model_error_rate(model, X_test, y_test)\ninput('Continuer ? ')",
    ),
    "tensorflow.keras": swap(
        "import keras\nfrom keras import layers\nfrom keras.datasets import mnist\n",
        "import tensorflow as tf\nfrom tensorflow import keras\nfrom tensorflow.keras import layers\n"
        "from tensorflow.keras.datasets import mnist\n",
    ),
    "rescaling inside every model": swap(
        '.astype("float32") / 255',
        '.astype("float32")',
        "keras.Input((28, 28, 1)),\n",
        "keras.Input((28, 28, 1)),\n            layers.Rescaling(1 / 255),\n",
    ),
    "ten fits of one epoch": swap(
        "    return model.fit(X_train, y_train, validation_data=(X_test, y_test), epochs=10, batch_size=200)\n",
        "    for _ in range(10):\n"
        "        model.fit(x=X_train, y=y_train, validation_data=(X_test, y_test), batch_size=200, epochs=1)\n",
    ),
    "a tf.data pipeline": swap(
        "    return model.fit(X_train, y_train, validation_data=(X_test, y_test), epochs=10, batch_size=200)\n",
        "    import tensorflow as tf\n    train = tf.data.Dataset.from_tensor_slices((X_train, y_train)).shuffle(1000).batch(200)\n"
        "    test = tf.data.Dataset.from_tensor_slices((X_test, y_test)).batch(200)\n"
        "    return model.fit(train, validation_data=test, epochs=10)\n",
    ),
    "shuffled before the training": swap(
        "    return model.fit(",
        "    import numpy as np\n    order = np.random.permutation(len(X_train))\n"
        "    X_train, y_train = X_train[order], y_train[order]\n    return model.fit(",
    ),
    "the whole model as .h5": swap(
        'model.save_weights(filename + ".weights.h5")',
        'model.save(filename + ".h5")',
        'model.load_weights(filename + ".weights.h5")',
        'model.load_weights(filename + ".h5")',
    ),
    "printed otherwise": swap(
        'print("Model score : %.2f%%" % (scores[1] * 100))',
        "print(f'evaluated on {len(X_test)} images')\n    print(f'MODEL SCORE:   {scores[1]:.2%}')",
    ),
    "keras.ops and tf.nn in call": small(
        "    model = Net()\n",
        "import tensorflow as tf\n\n\nclass Net(keras.Model):\n    def __init__(self, **kwargs):\n"
        "        super().__init__(**kwargs)\n        self.a = layers.Conv2D(64, 3)\n        self.b = layers.Conv2D(32, 3)\n"
        "        self.c = layers.Dense(10)\n"
        "    def call(self, x):\n        x = tf.nn.relu(self.a(x))\n        x = keras.ops.relu(self.b(x))\n"
        "        x = keras.ops.reshape(x, (-1, 24 * 24 * 32))\n        return keras.ops.softmax(self.c(x))\n\n\n",
    ),
}

SLIPS: dict[str, Slip] = {
    "a second max-pool": Slip(
        swap(
            'layers.Conv2D(15, (3, 3), activation="relu"),',
            'layers.Conv2D(15, (3, 3), activation="relu"), layers.MaxPooling2D(),',
        ),
        "large_model", "59,933 parameters",
    ),
    "no relu": Slip(
        swap('layers.Conv2D(32, (3, 3), activation="relu")', "layers.Conv2D(32, (3, 3))"),
        "small_model", "activation linear instead of relu",
    ),
    "image shape with channels first": Slip(
        swapped(SEED, "input_shape=(1, 28, 28),\n", "input_shape=(28, 28, 1),\n"),
        "small_model", "with channels_first, input_shape is (1, 28, 28)",
    ),
    "no softmax": Slip(
        swap(
            'layers.Flatten(),\n            layers.Dense(10, activation="softmax")',
            "layers.Flatten(),\n            layers.Dense(10)",
        ),
        "small_model", "activation linear instead of softmax",
    ),
    "sigmoid at the end": Slip(
        swap(
            'layers.Flatten(),\n            layers.Dense(10, activation="softmax")',
            'layers.Flatten(),\n            layers.Dense(10, activation="sigmoid")',
        ),
        "small_model", "activation sigmoid instead of softmax",
    ),
    "mse": Slip(
        _SMALL and REFERENCE.replace(_SMALL, _SMALL.replace('"categorical_crossentropy"', '"mse"')),
        "small_model", "mean_squared_error",
    ),
    "sparse loss with one-hot labels": Slip(
        REFERENCE.replace(_SMALL, _SMALL.replace('"categorical_crossentropy"', '"sparse_categorical_crossentropy"')),
        "small_model", "sparse_categorical_crossentropy",
    ),
    "only the training set normalised": Slip(
        swap(
            'X_test.reshape(X_test.shape[0], 28, 28, 1).astype("float32") / 255',
            'X_test.reshape(X_test.shape[0], 28, 28, 1).astype("float32")',
        ),
        "normalisation", "X_test goes up to 255",
    ),
    "divided twice": Slip(swap('astype("float32") / 255', 'astype("float32") / 255 / 255'), "normalisation", "twice"),
    "to_categorical on the images": Slip(
        swap("    X_train = X_train.reshape", "    X_train = keras.utils.to_categorical(X_train)\n    X_train = X_train.reshape"),
        "data", "to_categorical was applied to the images",
    ),
    "to_categorical on normalised images": Slip(
        swap("    num_classes = y_test", "    X_train = keras.utils.to_categorical(X_train[..., 0] > 0)\n    num_classes = y_test"),
        "data", "to_categorical was applied to the images",
    ),
    "data and models of another layout": Slip(
        swap("X_train.shape[0], 28, 28, 1", "X_train.shape[0], 1, 28, 28", "X_test.shape[0], 28, 28, 1", "X_test.shape[0], 1, 28, 28"),
        "data", "data and models must agree",
    ),
    "rescaled inside a model as well": Slip(
        small(_SMALL.partition("BEGIN SOLUTION\n")[2].partition("    model.compile")[0].replace("keras.Input((28, 28, 1)),", "keras.Input((28, 28, 1)), layers.Rescaling(1 / 255),")),
        "normalisation", "divides them by 255 again",
    ),
    "shuffled apart from the labels": Slip(
        swap("    return model.fit(", "    import numpy as np\n    X_train = np.random.permutation(X_train)\n    return model.fit("),
        "training", "not given X_train, y_train",
    ),
    "trained on a part": Slip(
        swap("model.fit(X_train, y_train,", "model.fit(X_train[:1000], y_train[:1000],"), "training", "1,000 images instead of 2,000",
    ),
    "no validation": Slip(swap("validation_data=(X_test, y_test), ", ""), "training", "validation_data"),
    "five epochs": Slip(swap("epochs=10,", "epochs=5,"), "training", "5 epochs instead of 10"),
    "a wrong kernel": Slip(swap("layers.Conv2D(32, (5, 5)", "layers.Conv2D(32, (3, 3)"), "medium_model", "a kernel of 3 × 3 instead of 5 × 5"),
    "frozen layers": Slip(
        swap("    model.compile(", "    model.layers[0].trainable = False\n    model.compile("),
        "small_model medium_model large_model", "frozen",
    ),
    "a learning rate of zero": Slip(
        small(_SMALL.partition("BEGIN SOLUTION\n")[2].partition("    model.compile")[0]).replace('optimizer="adam"', "optimizer=keras.optimizers.Adam(0.0)", 1),
        "small_model", "learning rate is 0",
    ),
    "labels misaligned": Slip(
        swap("    y_test = keras.utils.to_categorical(y_test)", "    y_train = y_train[::-1]\n    y_test = keras.utils.to_categorical(y_test)"),
        "data", "y_train",
    ),
    "no compile": Slip(
        swapped(REFERENCE, '            layers.Dense(50, activation="relu"),\n            layers.Dense(10, activation="softmax"),\n        ]\n    )\n    model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])\n',
        '            layers.Dense(50, activation="relu"),\n            layers.Dense(10, activation="softmax"),\n        ]\n    )\n'),
        "large_model", "not compiled",
    ),
    "a fixed file name": Slip(swap('filename + ".json"', '"model.json"'), "save_load", "json"),
    "a constant rate": Slip(swap("(scores[1] * 100)", "(97.60)", "(100 - scores[1] * 100)", "(2.40)"), "error_rate", "97.60"),
    "error rate as score": Slip(
        swap('"Model score : %.2f%%" % (scores[1] * 100)', '"Model score : %.2f%%" % (100 - scores[1] * 100)'),
        "error_rate", "printed as score",
    ),
    "weights never loaded": Slip(
        swap('    model.load_weights(filename + ".weights.h5")\n', ""), "save_load", "fresh weights",
    ),
    "loading rebuilds": Slip(
        REFERENCE[: REFERENCE.index("def load_keras_model")] + "def load_keras_model(filename):\n    return small_model()\n",
        "save_load", "fresh weights",
    ),
    "transpose instead of reshape": Slip(
        swap("X_train.reshape(X_train.shape[0], 28, 28, 1)", "X_train.transpose(0, 2, 1).reshape(-1, 28, 28, 1)"),
        "data", "transpose moves pixels",
    ),
    "images on the last axis": Slip(
        swap("X_train.reshape(X_train.shape[0], 28, 28, 1)", "X_train.reshape(28, 28, 60000)"),
        "data", "(28, 28, 60000)",
    ),
    "epochs and batch size swapped": Slip(
        swap("epochs=10, batch_size=200", "epochs=200, batch_size=10"), "training", "swapped",
    ),
    "trained on the test set": Slip(swap("model.fit(X_train, y_train,", "model.fit(X_test, y_test,"), "training", "test set"),
}  # fmt: skip
