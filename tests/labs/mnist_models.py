"""Right forms and known slips of mnist_models, each as one change to the reference or to the handout's own code."""

from __future__ import annotations

from labs import Slip, cells, reference, swapped

REFERENCE = reference("mnist_models")

# the code of the handout, its blanks filled in as its text says
SEED = """from tensorflow.keras.datasets import mnist
from tensorflow.keras.utils import to_categorical
from tensorflow.keras import Input
from tensorflow.keras.layers import Dense, Activation
from tensorflow.keras.models import Model
import os
from tensorflow.keras.callbacks import TensorBoard
from tensorflow.keras.callbacks import ModelCheckpoint
import h5py
from tensorflow.keras.models import load_model
from tensorflow.keras.layers import Lambda
from tensorflow.keras import regularizers
from tensorflow.keras.layers import Dropout
from tensorflow.keras.layers import Conv2D, MaxPooling2D, Flatten
import matplotlib.pyplot as plt
import numpy as np

(X_train, y_train), (X_test, y_test) = mnist.load_data()

print("X_train.shape = ", X_train.shape)
print("y_train.shape = ", y_train.shape)
print("X_test.shape = ", X_test.shape)
print("y_test.shape = ", y_test.shape)

# ces deux ligne de code nous permettent de visualiser la première image
plt.imshow(X_train[0], cmap = plt.cm.binary)
plt.show()

num_train = X_train.shape[0]
num_test  = X_test.shape[0]

img_height = X_train.shape[1]
img_width  = X_train.shape[2]
X_train = X_train.reshape((num_train, img_width * img_height))
X_test  = X_test.reshape((num_test, img_width * img_height))

y_train = to_categorical(y_train, num_classes=10)
y_test  = to_categorical(y_test, num_classes=10)
print(y_train[:3])

num_classes = 10
xi = Input(shape=(img_height*img_width,))
xo = Dense(num_classes)(xi)
yo = Activation('softmax')(xo)
model = Model(inputs=[xi], outputs=[yo])

model.summary()

model.compile(loss='categorical_crossentropy',
              optimizer='adam',
              metrics=['accuracy'])

model.fit(X_train, y_train,
          batch_size=128,
          epochs=20,
          verbose=1,
          validation_split=0.1)

score = model.evaluate(X_test, y_test, verbose=0)
print('Test loss:', score[0])
print('Test accuracy:', score[1])

def generate_unique_logpath(logdir, raw_run_name):
    i = 0
    while(True):
        run_name = raw_run_name + "-" + str(i)
        log_path = os.path.join(logdir, run_name)
        if not os.path.isdir(log_path):
            return log_path
        i = i + 1

# définition du callback de surveillance et de sauvegarde sur tensorboard
run_name = "linear"
logpath = generate_unique_logpath("./logs_linear", run_name)
tbcb = TensorBoard(log_dir=logpath)
# définition du callback de sauvegarde du meilleur modèle
checkpoint_filepath = os.path.join(logpath, "best_model.h5")
checkpoint_cb = ModelCheckpoint(checkpoint_filepath, save_best_only=True)

model.fit(X_train, y_train,
        batch_size=128,
        epochs=20,
        verbose=1,
        validation_split=0.1,
        callbacks=[tbcb, checkpoint_cb])

score = model.evaluate(X_test, y_test, verbose=0)
print('Test loss:', score[0])
print('Test accuracy:', score[1])

with h5py.File(checkpoint_filepath, 'a') as f:
    if 'optimizer_weights' in f.keys():
        del f['optimizer_weights']

model = load_model(checkpoint_filepath)
score = model.evaluate(X_test, y_test, verbose=0)
print('Test loss:', score[0])
print('Test accuracy:', score[1])

xi = Input(shape=(img_height*img_width,), name="input")

mean = X_train.mean(axis=0) # normalisation des données
std = X_train.std(axis=0) + 1.0
x1 = Lambda(lambda image, mu, std: (image - mu) / std,
             arguments={'mu': mean, 'std': std})(xi)
xo = Dense(num_classes, name="y")(x1)
yo = Activation('softmax', name="y_act")(xo)
model = Model(inputs=[xi], outputs=[yo])

model.summary()

model.compile(loss='categorical_crossentropy', optimizer='adam', metrics=['accuracy'])
model.fit(X_train, y_train, batch_size=128, epochs=20, verbose=1, validation_split=0.1)

num_classes = 10
nhidden1=150
nhidden2=150
input_shape = (img_height*img_width)

xi = Input(shape=input_shape)

mean = X_train.mean(axis=0)
std = X_train.std(axis=0) + 1.0
x = Lambda(lambda image, mu, std: (image - mu) / std,
            arguments={'mu': mean, 'std': std})(xi)

x = Dense(nhidden1)(x)
x = Activation('relu')(x)
x = Dense(nhidden2)(x)
x = Activation('relu')(x)
x = Dense(num_classes)(x)
y = Activation('softmax')(x)
model = Model(inputs=[xi], outputs=[y])

model.summary()

model.compile(loss='categorical_crossentropy', optimizer='adam', metrics=['accuracy'])
model.fit(X_train, y_train, batch_size=128, epochs=20, verbose=1, validation_split=0.1)

l2_reg = 1e-5
x = Lambda(lambda image, mu, std: (image - mu) / std,
            arguments={'mu': mean, 'std': std})(xi)
x = Dense(nhidden1, kernel_regularizer=regularizers.l2(l2_reg))(x)
x = Activation('relu')(x)
x = Dense(nhidden2)(x)
x = Activation('relu')(x)
x = Dense(num_classes)(x)
y = Activation('softmax')(x)
model = Model(inputs=[xi], outputs=[y])
model.compile(loss='categorical_crossentropy', optimizer='adam', metrics=['accuracy'])
model.fit(X_train, y_train, batch_size=128, epochs=20, verbose=1, validation_split=0.1)

x = Lambda(lambda image, mu, std: (image - mu) / std,
            arguments={'mu': mean, 'std': std})(xi)
x = Dense(nhidden1)(x)
x = Activation('relu')(x)
x = Dropout(0.5)(x)
x = Dense(nhidden2)(x)
x = Activation('relu')(x)
x = Dropout(0.5)(x)
x = Dense(num_classes)(x)
y = Activation('softmax')(x)
model = Model(inputs=[xi], outputs=[y])
model.compile(loss='categorical_crossentropy', optimizer='adam', metrics=['accuracy'])
model.fit(X_train, y_train, batch_size=128, epochs=20, verbose=1, validation_split=0.1)

(X_train, y_train), (X_test, y_test) = mnist.load_data()

num_train = X_train.shape[0]
num_test = X_test.shape[0]

img_height = X_train.shape[1]
img_width = X_train.shape[2]
X_train = X_train.reshape((num_train, img_height, img_width))
X_test = X_test.reshape((num_test, img_height, img_width))
img_rows = img_height
img_cols = img_width
input_shape = (img_rows, img_cols, 1)

xi = Input(shape=input_shape)
mean = X_train.mean(axis=0)
std = X_train.std(axis=0) + 1.0
x = Lambda(lambda image, mu, std: (image - mu) / std,
            arguments={'mu': mean, 'std': std})(xi)
x = Conv2D(filters=64,
            kernel_size=5, strides=1)(x)
x = Activation('relu')(x)
x = MaxPooling2D(pool_size=2, strides=2)(x)

x = Flatten()(x)
x = Dense(128)(x)
x = Activation('relu')(x)

x = Dense(64)(x)
x = Activation('relu')(x)
y = Dense(10, activation='softmax')(x)
model = Model(inputs=[xi], outputs=[y])
model.compile(loss='categorical_crossentropy', optimizer='adam', metrics=['accuracy'])
"""
# with the mean of shape (28, 28, 1)
SEED_MENDED = swapped(
    SEED,
    "X_train.reshape((num_train, img_height, img_width))",
    "X_train.reshape((num_train, img_height, img_width, 1))",
)

_NORMALISED = REFERENCE[REFERENCE.index("def normalised_linear") : REFERENCE.index("def mlp_model")]
_MLP = REFERENCE[REFERENCE.index("def mlp_model") : REFERENCE.index("def cnn_model")]
_CNN = REFERENCE[REFERENCE.index("def cnn_model") :]
_COMPILE = '    model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])\n    return model\n\n\n'
_LAYER = "layers.Normalization(mean=mean, variance=std**2)(inputs)"
_IMAGES = "layers.Normalization(axis=(1, 2, 3), mean=mean, variance=std**2)(inputs)"
_TRAIN = REFERENCE[REFERENCE.index("def train_and") : REFERENCE.index("def load_best")]


def swap(*pairs: str) -> str:
    """The reference with texts replaced."""
    return swapped(REFERENCE, *pairs)


def normalised_by(layer: str, before: str = "") -> str:
    """The reference with another way to normalise in all three models."""
    code = swap(_LAYER, layer, _IMAGES, layer)
    return code.replace("def load_flat_mnist", f"{before}\n\n\ndef load_flat_mnist")


def part(old: str, *pairs: str) -> str:
    """The reference with texts replaced in one of its functions."""
    return REFERENCE.replace(old, swapped(old, *pairs))


def mlp(body: str, before: str = "") -> str:
    """The reference with another ``mlp_model``."""
    head = "def mlp_model(X_train, nhidden1=150, nhidden2=150, l2=None, dropout=None):\n"
    return REFERENCE.replace(_MLP, before + head + body + _COMPILE)


def saving(body: str, before: str = "") -> str:
    """The reference with another ``train_and_checkpoint``."""
    return REFERENCE.replace(
        _TRAIN, f"{before}def train_and_checkpoint(model, X_train, y_train, logpath):\n{body}\n\n\n"
    )


SUBCLASSED = """class Net(keras.Model):
    def __init__(self, mean, std, nhidden1, nhidden2, regulariser, rate):
        super().__init__()
        self.mean, self.std, self.rate = mean, std, rate
        self.first = layers.Dense(nhidden1, kernel_regularizer=regulariser)
        self.second = layers.Dense(nhidden2)
        self.last = layers.Dense(10)
        self.drops = [layers.Dropout(rate or 0.0), layers.Dropout(rate or 0.0)]

    def call(self, x, training=None):
        x = (x - self.mean) / self.std
        x = self.drops[0](keras.ops.relu(self.first(x)), training=training)
        x = self.drops[1](keras.ops.relu(self.second(x)), training=training)
        return keras.ops.softmax(self.last(x))


"""

FORMS: dict[str, str] = {
    "the handout's own code, its channels mended": SEED_MENDED,
    "the handout as a notebook": cells("%load_ext tensorboard\n!pip install keras", *SEED_MENDED.split("\n\n\n")[:1], "%tensorboard --logdir logs_linear"),
    "lambda with arguments": normalised_by(
        "layers.Lambda(lambda image, mu, sigma: (image - mu) / sigma, arguments={'mu': mean, 'sigma': std})(inputs)"
    ),
    "lambda over local names": normalised_by(
        "layers.Lambda(lambda image: (image - mean) / std, output_shape=inputs.shape[1:])(inputs)"
    ),
    "operators on symbolic tensors": normalised_by("(inputs - mean) / std"),
    "keras.ops": normalised_by("keras.ops.divide(keras.ops.subtract(inputs, mean), std)"),
    "multiplied by the inverse": normalised_by("(inputs + (-mean)) * (1.0 / std)"),
    "tensorflow functions in a lambda": normalised_by(
        "layers.Lambda(lambda image: tf.divide(tf.cast(image, tf.float32) - mean, std))(inputs)", "import tensorflow as tf"
    ),
    "rescaling by arrays": normalised_by("layers.Rescaling(scale=(1 / std).tolist(), offset=(-mean / std).tolist())(inputs)"),
    "a layer of its own": normalised_by(
        "Standardise(mean, std)(inputs)",
        "class Standardise(layers.Layer):\n    def __init__(self, mean, std):\n        super().__init__()\n"
        "        self.mean, self.std = mean.astype('float32'), std.astype('float32')\n\n"
        "    def call(self, x):\n        return (x - self.mean) / self.std\n",
    ),
    "a layer with weights of its own": normalised_by(
        "Standardise(mean, std)(inputs)",
        "class Standardise(layers.Layer):\n    def __init__(self, mean, std):\n        super().__init__()\n"
        "        self.mean = self.add_weight(shape=mean.shape, trainable=False, initializer='zeros')\n"
        "        self.std = self.add_weight(shape=std.shape, trainable=False, initializer='ones')\n"
        "        self.mean.assign(mean)\n        self.std.assign(std)\n\n"
        "    def call(self, x):\n        return (x - self.mean) / self.std\n",
    ),
    "a subclassed perceptron": mlp(
        "    regulariser = keras.regularizers.l2(l2) if l2 else None\n"
        "    model = Net(X_train.mean(axis=0).astype('float32'), X_train.std(axis=0).astype('float32') + 1.0,\n"
        "        nhidden1, nhidden2, regulariser, dropout)\n    model.build((None, 784))\n",
        SUBCLASSED,
    ),
    "sequential, dropout before relu, both layers regularised": mlp(
        "    model = keras.Sequential([keras.Input((784,)),\n"
        "        layers.Normalization(mean=X_train.mean(axis=0), variance=(X_train.std(axis=0) + 1.0) ** 2)])\n"
        "    for units in (nhidden1, nhidden2):\n"
        "        model.add(layers.Dense(units, kernel_regularizer=keras.regularizers.l2(l2) if l2 else None))\n"
        "        model.add(layers.Dropout(dropout or 0.0))\n        model.add(layers.ReLU())\n"
        "    model.add(layers.Dense(10))\n    model.add(layers.Softmax())\n"
    ),
    "other names of the options": part(
        _MLP, "l2=None, dropout=None", "l2_reg=None, dropout_rate=None", "if l2 is None else keras.regularizers.L2(l2)",
        "if l2_reg is None else keras.regularizers.L1L2(l1=0.0, l2=l2_reg)", "if dropout is not None", "if dropout_rate is not None",
        "layers.Dropout(dropout)", "layers.Dropout(dropout_rate)",
    ),
    "a helper, other names, more parameters": swap(
        "def linear_model():", "def Linear_Classifier(num_classes):", "def cnn_model(X_train):", "def vanilla_CNN(X_train, num_classes):",
        "def normalised_linear_model(X_train)", "def normalized_linear_model(X_train, num_classes=10)",
        "def train_and_checkpoint(model, X_train, y_train, logpath)", "def train_model(X_train, y_train, model, logpath)",
    ),
    "images with a channel axis only": part(
        _CNN, "    images = X_train.reshape(-1, 28, 28, 1)\n", "    images = X_train\n", "keras.Input((28, 28, 1))", "keras.Input(X_train.shape[1:])",
        "axis=(1, 2, 3), mean=mean, variance=std**2", "axis=None, mean=float(mean.mean()), variance=float(std.mean()) ** 2",
    ),
    "a convolution on (28, 28)": part(
        _CNN, "images = X_train.reshape(-1, 28, 28, 1)", "images = X_train.reshape(-1, 28, 28)", "keras.Input((28, 28, 1))", "keras.Input((28, 28))",
        _IMAGES, "layers.Reshape((28, 28, 1))((inputs - mean) / std)",
    ),
    "a convolution without normalisation": part(_CNN, _IMAGES, "inputs"),
    "a convolution with an adapted normalisation": part(
        _CNN, f"    x = {_IMAGES}\n", "    norm = layers.Normalization()\n    norm.adapt(images.astype('float32'))\n    x = norm(inputs)\n"
    ),
    "scaled data, as float32": swap(
        "X_train.reshape(len(X_train), 28 * 28)", "X_train.reshape(-1, 784).astype('float32') / 255",
        "X_test.reshape(len(X_test), 28 * 28)", "X_test.reshape(-1, 784).astype('float32') / 255",
    ),
    "validation data split off by hand": part(
        _TRAIN, "        X_train,\n        y_train,\n", "        X_train[: int(0.9 * len(X_train))],\n        y_train[: int(0.9 * len(y_train))],\n",
        "validation_split=0.1", "validation_data=(X_train[int(0.9 * len(X_train)) :], y_train[int(0.9 * len(y_train)) :])",
    ),
    "pathlib": swap(
        "    i = 0\n    while os.path.exists(os.path.join(logdir, f\"{raw_run_name}-{i}\")):\n        i += 1\n"
        "    return os.path.join(logdir, f\"{raw_run_name}-{i}\")\n",
        "    return next(p for p in (Path(logdir) / f'{raw_run_name}-{i}' for i in itertools.count()) if not p.exists())\n",
        'os.path.join(logpath, "best_model.keras")', 'Path(logpath) / "best" / "model.keras"', "import os\n", "import itertools\nfrom pathlib import Path\n",
    ),
    "h5, and the optimizer's weights taken out": swap(
        "best_model.keras", "best_model.h5",
        "    return keras.models.load_model(path, safe_mode=False)\n",
        "    with h5py.File(path, 'a') as f:\n        if 'optimizer_weights' in f.keys():\n            del f['optimizer_weights']\n    return load_model(path)\n",
        "import keras\n", "import h5py\nimport keras\nfrom tensorflow.keras.models import load_model\n",
    ),
    "a lambda read without safe_mode": swapped(
        normalised_by("layers.Lambda(lambda image, mu, sigma: (image - mu) / sigma, arguments={'mu': mean, 'sigma': std})(inputs)"),
        "keras.models.load_model(path, safe_mode=False)", "keras.models.load_model(path)",
    ),
    "a callback of its own": saving(
        "    path = os.path.join(logpath, 'best.keras')\n"
        "    model.fit(X_train, y_train, batch_size=128, epochs=20, validation_split=0.1, callbacks=[TensorBoard(logpath), KeepBest(path)])\n"
        "    return path",
        "class KeepBest(keras.callbacks.Callback):\n    def __init__(self, path):\n        super().__init__()\n        self.path, self.best = path, float('inf')\n\n"
        "    def on_epoch_end(self, epoch, logs=None):\n        if logs['val_loss'] < self.best:\n            self.best = logs['val_loss']\n"
        "            self.model.save(self.path)\n\n\n",
    ),
    "logits": swap('layers.Dense(10, activation="softmax")', "layers.Dense(10)", 'layers.Activation("softmax")(scores)', "scores",
        'loss="categorical_crossentropy"', "loss=keras.losses.CategoricalCrossentropy(from_logits=True)"),
}  # fmt: skip

SLIPS: dict[str, Slip] = {
    "trained on a part of the images": Slip(
        swap("        X_train,\n        y_train,\n", "        X_train[:100],\n        y_train[:100],\n"), "checkpoint", "only 100 images instead of 256",
    ),
    "the handout's own channels": Slip(SEED, "cnn", "28 channels"),
    "a mean of (28, 28) against (28, 28, 1)": Slip(
        part(_CNN, "images = X_train.reshape(-1, 28, 28, 1)", "images = X_train.reshape(-1, 28, 28)", _IMAGES, "(inputs - mean) / std"),
        "cnn", "28 channels",
    ),
    "a mean of whatever is given": Slip(
        part(_CNN, "images = X_train.reshape(-1, 28, 28, 1)", "images = X_train", _IMAGES, "(inputs - mean) / std"), "cnn", "28 channels",
    ),
    "images not flattened": Slip(swap("X_train.reshape(len(X_train), 28 * 28)", "X_train"), "data", "(60000, 28, 28)"),
    "pixels transposed": Slip(swap("X_train.reshape(len(X_train), 28 * 28)", "X_train.T.reshape(len(X_train), 28 * 28)"), "data", "in their order"),
    "integer labels": Slip(swap("    y_test = keras.utils.to_categorical(y_test, 10)\n", ""), "data", "not one-hot"),
    "four arrays": Slip(swap("return (X_train, y_train), (X_test, y_test)", "return X_train, y_train, X_test, y_test"), "data", "must return"),
    "no softmax": Slip(swap('layers.Activation("softmax")(scores)', "scores"), "linear_model", "linear instead of softmax"),
    "a relu before the softmax": Slip(swap("scores = layers.Dense(10)", "scores = layers.Dense(10, activation='relu')"), "linear_model", "relu"),
    "binary loss": Slip(
        REFERENCE.replace('loss="categorical_crossentropy"', 'loss="binary_crossentropy"', 1), "linear_model", "binary_crossentropy"),
    "counting from 1": Slip(swap("    i = 0\n", "    i = 1\n"), "logpath", "linear-0"),
    "the folder is made": Slip(swap(
        "        i += 1\n    return os.path.join(logdir, f\"{raw_run_name}-{i}\")\n",
        "        i += 1\n    path = os.path.join(logdir, f\"{raw_run_name}-{i}\")\n    os.makedirs(path)\n    return path\n"), "logpath", "creates that folder"),
    "the number of folders": Slip(swap(
        "    i = 0\n    while os.path.exists(os.path.join(logdir, f\"{raw_run_name}-{i}\")):\n        i += 1\n",
        "    i = len(os.listdir(logdir)) if os.path.isdir(logdir) else 0\n"), "logpath", "labcheck_gap/linear-1"),
    "a loop that never ends": Slip(swap("        i += 1\n", "        pass\n"), "logpath", "never ends"),
    "the name without the folder": Slip(swap('return os.path.join(logdir, f"{raw_run_name}-{i}")', 'return f"{raw_run_name}-{i}"'), "logpath", "labcheck_none/linear-0"),
    "five epochs": Slip(swap("epochs=20", "epochs=5"), "checkpoint", "5 epochs instead of 20"),
    "no batch size": Slip(swap("        batch_size=128,\n", ""), "checkpoint", "32 instead of 128"),
    "epochs and batch size swapped": Slip(swap("epochs=20", "epochs=128", "batch_size=128", "batch_size=20"), "checkpoint", "swapped"),
    "no validation": Slip(swap("        validation_split=0.1,\n", ""), "checkpoint", "validation_split is missing"),
    "a fifth for validation": Slip(swap("validation_split=0.1", "validation_split=0.2"), "checkpoint", "20% of the training images"),
    "no TensorBoard": Slip(swap("TensorBoard(log_dir=logpath), ", ""), "checkpoint", "no TensorBoard"),
    "TensorBoard elsewhere": Slip(swap("TensorBoard(log_dir=logpath)", "TensorBoard()"), "checkpoint", "instead of logpath"),
    "no checkpoint": Slip(swap(', ModelCheckpoint(path, monitor="val_loss", save_best_only=True)', ""), "checkpoint", "no ModelCheckpoint"),
    "the last model": Slip(swap(", save_best_only=True", ""), "checkpoint", "save_best_only"),
    "another quantity": Slip(swap('monitor="val_loss"', 'monitor="loss"'), "checkpoint", "watches loss"),
    "the worst model": Slip(swap('monitor="val_loss"', 'monitor="val_loss", mode="max"'), "checkpoint", "smallest"),
    "the model beside the folder": Slip(swap('os.path.join(logpath, "best_model.keras")', '"best_model.keras"'), "checkpoint", "not under logpath"),
    "no path returned": Slip(swap("    return path\n    ### END SOLUTION\n\n\ndef load_best", "    ### END SOLUTION\n\n\ndef load_best"), "checkpoint", "returns no path"),
    "saved after the last epoch": Slip(saving(
        "    path = os.path.join(logpath, 'last.keras')\n"
        "    model.fit(X_train, y_train, batch_size=128, epochs=20, validation_split=0.1, callbacks=[TensorBoard(logpath)])\n"
        "    model.save(path)\n    return path"), "checkpoint", "val_loss is smallest"),
    "loading rebuilds": Slip(swap("keras.models.load_model(path, safe_mode=False)", "linear_model()"), "load_best", "not those of the file"),
    "nothing loaded": Slip(swap("return keras.models.load_model(path, safe_mode=False)", "keras.models.load_model(path, safe_mode=False)"), "load_best", "does not return a Keras model"),
    "no + 1.0": Slip(part(_NORMALISED, "X_train.std(axis=0) + 1.0", "X_train.std(axis=0) + 1e-7"), "normalisation", "+ 1.0 is missing"),
    "no + 1.0 in both models": Slip(
        part(_NORMALISED + _MLP, "X_train.std(axis=0) + 1.0", "X_train.std(axis=0) + 1e-7"), "normalisation", "+ 1.0 is missing"),
    "one mean for all pixels": Slip(
        part(_NORMALISED, "X_train.mean(axis=0), X_train.std(axis=0) + 1.0", "X_train.mean(), X_train.std() + 1.0"), "normalisation", "axis=0"),
    "statistics of the module's own images": Slip(
        part(_NORMALISED, "mean, std = X_train.mean(axis=0), X_train.std(axis=0) + 1.0",
            "(images, _), _ = load_flat_mnist()\n    mean, std = images.mean(axis=0), images.std(axis=0) + 1.0"), "normalisation", "other images of the module"),
    "not normalised at all": Slip(part(_NORMALISED, _LAYER, "inputs"), "normalisation", "does not normalise"),
    "divided by 255": Slip(part(_NORMALISED, _LAYER, "layers.Rescaling(1 / 255)(inputs)"), "normalisation", "divided by 255"),
    "batch normalisation": Slip(part(_NORMALISED, _LAYER, "layers.BatchNormalization()(inputs)"), "normalisation", "BatchNormalization"),
    "adapted instead": Slip(
        part(_NORMALISED, f"    x = {_LAYER}\n", "    norm = layers.Normalization()\n    norm.adapt(X_train)\n    x = norm(inputs)\n"), "normalisation", "+ 1.0 is missing"),
    "normalised after the dense layer": Slip(
        part(_NORMALISED, "layers.Dense(10, activation=\"softmax\")(x)", "layers.Softmax()((layers.Dense(10)(inputs) - mean[:10]) / std[:10])"), "normalisation", "one layer too many"),
    "a perceptron on raw pixels": Slip(part(_MLP, _LAYER, "inputs"), "mlp", "does not normalise"),
    "one hidden layer": Slip(
        part(_MLP, "    x = layers.Dense(nhidden2, activation=\"relu\")(x)\n    if dropout is not None:\n        x = layers.Dropout(dropout)(x)\n", ""), "mlp", "Dense 150, relu"),
    "a hidden layer without relu": Slip(part(_MLP, 'layers.Dense(nhidden2, activation="relu")', "layers.Dense(nhidden2)"), "mlp", "linear instead of relu"),
    "l1 instead of l2": Slip(swap("keras.regularizers.L2(l2)", "keras.regularizers.L1(l2)"), "regularisation", "another regulariser: L1"),
    "a fixed factor": Slip(swap("keras.regularizers.L2(l2)", "keras.regularizers.L2(1e-5)"), "regularisation", "another regulariser"),
    "the bias regularised": Slip(swap("kernel_regularizer=regulariser", "bias_regularizer=regulariser"), "regularisation", "no L2 regulariser"),
    "l2 always": Slip(swap("None if l2 is None else keras.regularizers.L2(l2)", "keras.regularizers.L2(l2 or 1e-5)"), "regularisation", "Without the argument l2"),
    "a fixed rate": Slip(swap("layers.Dropout(dropout)", "layers.Dropout(0.5)"), "regularisation", "a rate of 0.5"),
    "one dropout": Slip(
        part(_MLP, "    x = layers.Dense(nhidden2, activation=\"relu\")(x)\n    if dropout is not None:\n        x = layers.Dropout(dropout)(x)\n",
            "    x = layers.Dense(nhidden2, activation=\"relu\")(x)\n"), "regularisation", "1 Dropout layer(s)"),
    "dropout always": Slip(swap("if dropout is not None:\n        x = layers.Dropout(dropout)(x)", "if True:\n        x = layers.Dropout(dropout or 0.5)(x)"), "regularisation", "Without the argument dropout"),
    "no options": Slip(part(_MLP, ", l2=None, dropout=None", "", "    \"\"\"Norm", "    l2 = dropout = None\n    \"\"\"Norm"), "regularisation", "no parameter l2"),
    "a kernel of 3": Slip(swap("layers.Conv2D(64, 5,", "layers.Conv2D(64, 3,"), "cnn", "a kernel of 3 × 3 instead of 5 × 5"),
    "a stride of 1 when pooling": Slip(swap("pool_size=2, strides=2", "pool_size=2, strides=1"), "cnn", "strides of 1 × 1 instead of 2 × 2"),
    "no compile": Slip(part(_CNN, '    model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])\n', ""), "cnn", "not compiled"),
    "rows for a convolution": Slip(part(_CNN, "images = X_train.reshape(-1, 28, 28, 1)", "images = X_train.reshape(-1, 784)", "keras.Input((28, 28, 1))", "keras.Input((784,))",
        "axis=(1, 2, 3), ", ""), "cnn", "channel axis"),
}  # fmt: skip
