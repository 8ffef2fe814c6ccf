"""Right forms and known slips of deep_networks: changes to the reference, to its report, and the handed-in report itself.

``deep_networks_seed.md`` is that report as it was printed, its figures and code whole, its long prose left out.
"""

from __future__ import annotations

import re
from pathlib import Path

from checker.template import notebook
from labs import Slip, reference, swapped

MAIN = "\n\n\n# %%\nif __name__"
REFERENCE = reference("deep_networks").partition(MAIN)[0] + "\n"
PRINTED = Path(__file__).with_name("deep_networks_seed.md").read_text("utf-8")

# what the report does not print, done as its text says
HEAD = """import numpy as np
from keras.datasets import mnist
from keras.utils import np_utils
from keras.models import Sequential, Model
from keras.layers.core import Dense, Dropout, Flatten
from keras.layers import Input
from keras.layers.convolutional import Conv2D, MaxPooling2D
from skimage.feature import hog
from sklearn.metrics import confusion_matrix, f1_score

height, width, n_classes = 28, 28, 10
n_orientations, pix_p_cell = 8, 4
hog_size = int(height * width * n_orientations / (pix_p_cell * pix_p_cell))
(X_train, y_train), (X_test, y_test) = mnist.load_data()
X_raw = X_train.reshape(60000, 784).astype('float32') / 255
Y_train = np_utils.to_categorical(y_train, n_classes)

def hog_features(images, n_orientations=8, pix_p_cell=4):
    X_hog = np.zeros((images.shape[0], int(height * width * n_orientations / (pix_p_cell * pix_p_cell))))
    for i, image in enumerate(images):
        X_hog[i] = hog(image, orientations=n_orientations, pixels_per_cell=(pix_p_cell, pix_p_cell),
                       cells_per_block=(1, 1))
    return X_hog

def confusion(model, X, y):
    return confusion_matrix(np.argmax(y, axis=1), model.predict(X).argmax(axis=1))
"""
COMPILE = "model.compile(loss='categorical_crossentropy', optimizer='rmsprop', metrics=['accuracy'])"
LAST = """model = Sequential()
model.add(Conv2D(16, (3, 3), activation='relu', input_shape=(28, 28, 1)))
model.add(MaxPooling2D(pool_size=(2, 2)))
model.add(Conv2D(32, (3, 3), activation='relu'))
model.add(MaxPooling2D(pool_size=(2, 2)))
model.add(Flatten())
model.add(Dense(32, activation='relu'))
model.add(Dense(1, activation='sigmoid'))
model.compile(loss='binary_crossentropy', optimizer='rmsprop', metrics=['accuracy'])
print('F1 score: %.3f' % 0.912)
"""


def printed(text: str = PRINTED) -> str:
    """The printed report as a script with marks of cells: its blocks of code compiled, the rest as text."""
    parts = [f"# %%\n{HEAD}"]
    for number, part in enumerate(re.split(r"^```$", text, flags=re.MULTILINE)):
        if number % 2 and re.search(r"Sequential|Input\(|model\.add|batch_size", part):
            code = part.strip("\n").replace(" //\n=784", "  # =784")
            parts.append("# %%\n" + code + (f"\n{COMPILE}" if "softmax" in code else "") + "\n")
        elif part.strip():
            parts.append("# %% [markdown]\n" + re.sub(r"^", "# ", part.strip("\n"), flags=re.MULTILINE) + "\n")
    return "\n".join([*parts, f"# %%\n{LAST}"])


CORRECTED = swapped(
    PRINTED,
    "(640 * 10) + 10 = 650", "(64 * 10) + 10 = 650",
    r"(16 * 3 * 3) * 128 = 73\,728", r"(16 * 3 * 3) * 128 = 18\,432",
    r"73\,728 + 144 = 73\,872", r"18\,432 + 144 = 18\,576",
    r"(32 * 3 * 3) * 256 = 294\,912", r"(32 * 3 * 3) * 256 = 73\,728",
    r"(288 * 3) + 294\,912 = 295\,776", r"(288 * 3) + 73\,728 = 74\,592",
)  # fmt: skip
_before, _here, _after = CORRECTED.rpartition("812'650")
CORRECTED = _before + "856'330" + _after


def connected(text: str) -> str:
    """Each layer applied to the pooling layer before it."""
    return swapped(text, "name='l2')(l1)", "name='l2')(l1_mp)", "name='l3')(l2)", "name='l3')(l2_mp)")


def swap(*pairs: str) -> str:
    """The reference with texts replaced."""
    return swapped(REFERENCE, *pairs)


def within(start: str, stop: str, *pairs: str) -> str:
    """The reference with texts replaced between the functions ``start`` and ``stop`` only."""
    begin, end = REFERENCE.index(f"def {start}("), REFERENCE.index(f"def {stop}(")
    return REFERENCE[:begin] + swapped(REFERENCE[begin:end], *pairs) + REFERENCE[end:]


def instead(name: str, body: str, before: str = "") -> str:
    """The reference with another function ``name``."""
    begin = REFERENCE.index(f"def {name}(")
    end = REFERENCE.find("\n\n\n# %%", begin)
    return REFERENCE[:begin] + before + body + (REFERENCE[end:] if end > 0 else "\n")


_RMSPROP = "loss='categorical_crossentropy', optimizer='rmsprop', metrics=['accuracy']"

FORMS: dict[str, str] = {
    "the printed report, corrected": notebook(printed(connected(CORRECTED))),
    "the printed report as a script": printed(connected(CORRECTED)),
    "a deeper network with dropout": swap(
        'layers.Dense(512, activation="sigmoid"),',
        'layers.Dense(512, activation="sigmoid"), layers.Dropout(0.5), layers.Dense(256, activation="relu"), layers.Dropout(0.5),',
        "# | dense_1 (Dense) | (None, 10)   | 5,130   |", "# | dense_1 (Dense) | (None, 256) | 131,328 |\n# | dense_2 (Dense) | (None, 10) | 2,570 |",
        "Total params: 407,050 (1.55 MB)", "Total params: 535,818 (2.04 MB)",
        "- Couche de sortie : $(512 \\times 10) + 10 = 5'130$", "- Puis : $(512 \\times 256) + 256 = 131'328$, $(256 \\times 10) + 10 = 2'570$",
        "407'050 poids", "535'818 poids",
    ),
    "functional, images flattened inside": instead(
        "raw_mlp",
        "def raw_mlp():\n    i = keras.Input((28, 28))\n    x = layers.Flatten()(i)\n    x = layers.Dense(512)(x)\n"
        "    x = layers.Activation('sigmoid')(x)\n    x = layers.Dense(10)(x)\n    model = keras.Model(i, layers.Softmax()(x))\n"
        "    model.compile(loss=keras.losses.CategoricalCrossentropy(), optimizer=keras.optimizers.RMSprop(), metrics=['acc'])\n"
        "    return model\n",
    ),
    "logits": instead(
        "raw_mlp",
        "def raw_mlp():\n    model = keras.Sequential([keras.Input((784,)), layers.Dense(512, 'relu'), layers.Dense(10)])\n"
        "    model.compile(loss=keras.losses.CategoricalCrossentropy(from_logits=True), optimizer='rmsprop')\n    return model\n",
    ),
    "subclassed": instead(
        "cnn",
        "def cnn():\n    model = Net()\n    model.compile(loss='categorical_crossentropy', optimizer='adam', metrics=['accuracy'])\n    return model\n",
        "class Net(keras.Model):\n    def __init__(self):\n        super().__init__()\n"
        "        self.convolutions = [layers.Conv2D(32, 2, padding='same', activation='relu') for _ in range(3)]\n"
        "        self.pool = layers.MaxPooling2D()\n        self.flat = layers.Flatten()\n"
        "        self.hidden = layers.Dense(64, activation='relu')\n        self.out = layers.Dense(10, activation='softmax')\n"
        "    def call(self, x):\n        for convolution in self.convolutions:\n            x = self.pool(convolution(x))\n"
        "        return self.out(self.hidden(self.flat(x)))\n\n\n",
    ),
    "nested, channels first": instead(
        "cnn",
        "def cnn():\n    body = keras.Sequential([layers.Conv2D(32, 2, padding='same', activation='relu', data_format='channels_first'),\n"
        "        layers.MaxPooling2D(data_format='channels_first'), layers.Conv2D(32, 2, padding='same', activation='relu', data_format='channels_first'),\n"
        "        layers.MaxPooling2D(data_format='channels_first'), layers.Conv2D(32, 2, padding='same', activation='relu', data_format='channels_first'),\n"
        "        layers.MaxPooling2D(data_format='channels_first')])\n    i = keras.Input((1, 28, 28))\n"
        "    x = layers.Dense(64, activation='relu')(layers.Flatten()(body(i)))\n    model = keras.Model(i, layers.Dense(10, activation='softmax')(x))\n"
        f"    model.compile({_RMSPROP})\n    return model\n",
    ),
    "two softmax outputs": swap(
        'layers.Dense(1, activation="sigmoid")', 'layers.Dense(2, activation="softmax")',
        'loss="binary_crossentropy"', 'loss="sparse_categorical_crossentropy"',
        "une sortie sigmoid : F1 = 0.92 sur", "deux sorties. Classification :\n#\n#               precision    recall  f1-score   support\n#            0       0.93      0.91      0.92       150\n# sur",
    ),
    "other names, more parameters": swap(
        "def raw_mlp()", "def RawMLP(n_classes, height=28)", "def hog_mlp(hog_size)", "def mlp_hog(hog_size, n_classes)",
        "def hog_features(images, n_orientations=8, pix_p_cell=4)", "def compute_hog(images, n_orientations=8, pix_p_cell=4)",
        "def cnn()", "def cnn_model(input_shape, n_classes)", "def pneumonia_cnn(input_shape)", "def Pneumonia_CNN(input_shape)",
    ),
    "variables instead of functions": REFERENCE.partition("\n# %%\ndef confusion")[0] + (
        "\n# %%\nraw_mlp, hog_mlp, cnn, pneumonia_cnn = raw_mlp(), hog_mlp(392), cnn(), pneumonia_cnn((28, 28, 1))\n"
        "def confusion(model, X, y):\n    from tensorflow.math import confusion_matrix\n"
        "    return confusion_matrix(y.argmax(axis=1), model.predict(X).argmax(axis=1))\n"
    ),
    "compiled where it is trained": swap(
        '    model.compile(loss="categorical_crossentropy", optimizer="rmsprop", metrics=["accuracy"])\n', "",
    ) + "\n\n# %%\ndef train(model, X, y):\n    model.compile(loss='categorical_crossentropy', optimizer='rmsprop')\n"
    "    return model.fit(X, y, epochs=10)\n\n\n(X, y), _ = mnist.load_data()\n"
    "train(raw_mlp(), X.reshape(-1, 784) / 255.0, keras.utils.to_categorical(y))\n",
    "HOG as a list, scaled images, L2": instead(
        "hog_features",
        "def hog_features(images, n_orientations=8, pix_p_cell=4):\n    return [hog(image / 255.0, n_orientations, (pix_p_cell, pix_p_cell),\n"
        "        (1, 1), block_norm='L2').ravel() for image in images]\n",
    ),
    "a notebook": notebook(REFERENCE),
    "the matrix printed, integers taken": instead(
        "confusion",
        "def confusion(model, X, y):\n    predicted = np.argmax(model.predict(X), 1)\n    matrix = np.zeros((10, 10), dtype=int)\n"
        "    for true, guess in zip(y, predicted):\n        matrix[int(true), guess] += 1\n    print('Confusion (250 images)')\n    print(matrix)\n",
    ),
    "tables of Keras 3, after a training": swap(
        "# | Layer (type)    | Output Shape | Param # |\n# | --------------- | ------------ | ------- |\n",
        "# ┏━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━┳━━━━━━━━━┓\n# ┃ Layer (type)    ┃ Output Shape ┃ Param # ┃\n",
        "# | dense (Dense)   | (None, 512)  | 401,920 |\n# | dense_1 (Dense) | (None, 10)   | 5,130   |",
        "# │ dense (Dense)   │ (None, 512)  │ 401,920 │\n# │ dense_1 (Dense) │ (None, 10)   │   5,130 │",
        "Total params: 407,050 (1.55 MB)",
        "Total params: 814,102 (3.11 MB)\n#  Trainable params: 407,050 (1.55 MB)\n#  Non-trainable params: 0 (0.00 B)\n#  Optimizer params: 407,052 (1.55 MB)",
    ),
    "other separators, environ": swap(
        "Le total est de 407'050 poids.", "Le total est de 407\u202f050 poids, soit environ 407'000 poids.",
        "$(512 \\times 10) + 10 = 5'130$", "(512 · 10) + 10 = 5.130", "27 562 paramètres", "**27562 paramètres**",
    ),
    "rescaling and batch normalisation inside": swap(
        'layers.Dense(512, activation="sigmoid"),', 'layers.Rescaling(1 / 255), layers.Dense(512, activation="sigmoid"),',
        "            layers.Conv2D(16, (3, 3), padding=\"same\", activation=\"relu\"),",
        "            layers.Conv2D(16, (3, 3), padding=\"same\"), layers.ReLU(),",
    ),
}  # fmt: skip

SLIPS: dict[str, Slip] = {
    "the printed report, as it is": Slip(notebook(printed()), "cnn report_counts", "nothing reads its output", "lab.ipynb"),
    "the printed report, its total": Slip(printed(connected(swapped(CORRECTED, "856'330", "812'650"))), "report_counts", "812,650 parameters, but the table above it has 856,330"),
    "the printed report, its product": Slip(printed(connected(swapped(CORRECTED, "(64 * 10) + 10 = 650", "(640 * 10) + 10 = 650"))), "report_counts", "(640 * 10) + 10 = 650: the calculation gives 6,410"),
    "dead pooling": Slip(within("cnn", "pneumonia_cnn", "(l1_mp)\n    l2_mp", "(l1)\n    l2_mp"), "cnn", "The layer l1_mp (MaxPooling2D) is written"),
    "another optimizer": Slip(within("raw_mlp", "hog_features", '"rmsprop"', '"adam"'), "optimizer_and_loss", "adam instead of RMSprop"),
    "another loss": Slip(within("raw_mlp", "hog_features", '"categorical_crossentropy"', '"mse"'), "optimizer_and_loss", "categorical_crossentropy"),
    "the optimizer is not named": Slip(swap("**RMSprop**", "une descente de gradient"), "optimizer_and_loss", "does not name: RMSprop"),
    "no hidden layer": Slip(
        swap('            layers.Dense(512, activation="sigmoid"),\n', ""), "raw_mlp", "no hidden dense layer",
    ),
    "a hidden layer without activation": Slip(
        swap('layers.Dense(512, activation="sigmoid")', "layers.Dense(512)"), "raw_mlp", "only a linear classifier",
    ),
    "two hidden neurons, as in the handout": Slip(
        swap('layers.Dense(512, activation="sigmoid")', 'layers.Dense(2, activation="sigmoid")'), "raw_mlp", "recognises",
    ),
    "sigmoid at the end": Slip(
        within("raw_mlp", "hog_features", 'activation="softmax"', 'activation="sigmoid"'), "raw_mlp", "sigmoid instead of softmax",
    ),
    "nine classes": Slip(within("cnn", "pneumonia_cnn", "layers.Dense(10,", "layers.Dense(9,"), "cnn", "9 outputs instead of 10"),
    "a learning rate of zero": Slip(
        within("hog_mlp", "cnn", 'optimizer="rmsprop"', "optimizer=keras.optimizers.RMSprop(0.0)"), "hog_mlp", "recognises",
    ),
    "frozen layers": Slip(
        within("hog_mlp", "cnn", "    model.compile(", "    model.layers[0].trainable = False\n    model.compile("), "hog_mlp", "frozen",
    ),
    "a fixed HOG size": Slip(swap("keras.Input((hog_size,))", "keras.Input((392,))"), "hog_mlp", "does not follow hog_size"),
    "HOG of larger blocks": Slip(swap("cells_per_block=(1, 1)", "cells_per_block=(2, 2)"), "hog_features", "(6, 1152) instead of (6, 392)"),
    "HOG of larger cells": Slip(swap("cell = (pix_p_cell, pix_p_cell)", "cell = (7, 7)"), "hog_features", "(6, 128) instead of (6, 392)"),
    "orientations ignored": Slip(swap("orientations=n_orientations", "orientations=8"), "hog_features", "For 16 orientations"),
    "gradients of another image": Slip(swap("hog(image, or", "hog(image.T, or"), "hog_features", "are not the HOG"),
    "one convolution": Slip(
        within("cnn", "pneumonia_cnn", '(l1_mp)\n    l2_mp', '(l1_mp)\n    l2 = l1_mp\n    l2_mp', 'name="l3")(l2_mp)', 'name="l3")(l2_mp)\n    l3 = l2_mp'),
        "cnn", "1 convolution(s)",
    ),
    "two filters, two neurons": Slip(
        within("cnn", "pneumonia_cnn", "layers.Conv2D(32", "layers.Conv2D(2", "layers.Dense(64", "layers.Dense(2"), "cnn", "recognises",
    ),
    "a wrong product": Slip(swap("(392 * 64) + 64$ (biais) = 25'152", "(392 * 64) + 64$ (biais) = 25'088"), "report_counts", "the calculation gives 25,152"),
    "a table that does not add up": Slip(swap("Total params: 407,050 (1.55 MB)", "Total params: 407,051 (1.55 MB)"), "report_counts", "its numbers add up to 407,050"),
    "a total of an older model": Slip(swap("27 562 paramètres", "46 698 paramètres"), "report_counts", "46,698"),
    "a number that no model has": Slip(swap("En tout, 25'802 poids", "En tout, 25'812 poids"), "report_counts", "none of the models handed in"),
    "no report at all": Slip(
        re.sub(r"# %% \[markdown\]\n(?:#.*\n)+", "", REFERENCE), "optimizer_and_loss report_counts pneumonia", "No report was found",
    ),
    "a turned matrix": Slip(swap("confusion_matrix(truth, predicted, labels", "confusion_matrix(predicted, truth, labels"), "confusion", "true classes in columns"),
    "a matrix of other data": Slip(swap("model.predict(X, verbose=0)", "model.predict(X[::-1], verbose=0)"), "confusion", "not right for the model"),
    "a sigmoid with two outputs": Slip(swap('layers.Dense(1, activation="sigmoid")', 'layers.Dense(2, activation="sigmoid")'), "pneumonia", "sigmoid instead of softmax"),
    "one output with softmax": Slip(swap('layers.Dense(1, activation="sigmoid")', 'layers.Dense(1, activation="softmax")'), "pneumonia", "softmax instead of sigmoid"),
    "the loss of ten classes": Slip(swap('loss="binary_crossentropy"', 'loss="categorical_crossentropy"'), "pneumonia", "does not go with 1 output"),
    "F1 left out": Slip(swap("F1 = 0.92 sur les images de validation", "le score F1 reste à mesurer"), "pneumonia", "F1 score is given neither"),
    "X-rays never learned": Slip(
        within("pneumonia_cnn", "confusion", 'optimizer="rmsprop"', "optimizer=keras.optimizers.RMSprop(10.0)"), "pneumonia", "recognises",
    ),
}  # fmt: skip
