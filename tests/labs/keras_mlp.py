"""Right forms and known slips of keras_mlp, each as one change to the reference or to the handout's own code."""

from __future__ import annotations

from labs import Slip, cells, reference, swapped

REFERENCE = reference("keras_mlp")
ANSWERS = REFERENCE[REFERENCE.index("mnist_shapes =") : REFERENCE.index("### END SOLUTION")]
HIDDEN = '        model.add(layers.Dense(128, activation="relu"))\n'
OUTPUT = '    model.add(layers.Dense(10, activation="softmax"))\n'
COMPILE = '    model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])\n    return model\n'
PERCEPTRON = '    model = keras.Sequential([keras.Input((784,)), layers.Dense(10, activation="softmax")])\n'
FIT = "    return model.fit(X, y, epochs=10, batch_size=200, validation_split=0.3, verbose=2)\n"


def part(name: str) -> str:
    """The reference's function of that name."""
    begin = REFERENCE.index(f"def {name}(")
    end = REFERENCE.find("\n\n\n", begin)
    return REFERENCE[begin : end if end > 0 else None].strip("\n") + "\n"


def swap(*pairs: str) -> str:
    """The reference with texts replaced."""
    return swapped(REFERENCE, *pairs)


def within(name: str, *pairs: str) -> str:
    """The reference with texts replaced in one function."""
    return swap(part(name), swapped(part(name), *pairs))


def instead(name: str, code: str, before: str = "") -> str:
    """The reference with another function in place of the one of that name."""
    return swap(part(name), before + code)


def training(body: str) -> str:
    """The reference with another body of ``train``."""
    return swap(FIT, body)


def handout(model: str, layers: str, regulariser: str = "", fit: str = "validation_split=0.3, ") -> str:
    """The handout's example with its blanks filled: the layers (width or rate each), then compile and fit."""
    code, first = f"{model} = Sequential()\n", ", input_dim=784"
    for each in layers.split():
        if "." in each:
            code += f"{model}.add(Dropout({each}))\n"
            continue
        activation = "softmax" if each == "10" else "relu"
        code += f'{model}.add(Dense(units={each}, activation="{activation}"{first}{regulariser}))\n'
        first = ""
    return (
        f'{code}{model}.compile(optimizer="sgd", loss="categorical_crossentropy", metrics=["accuracy"])\n'
        f"h = {model}.fit(X_train, y_train, verbose=2, {fit}epochs=10, batch_size=200)\n{model}.count_params()\n"
    )


SEED_IMPORTS = (
    "from keras.models import Sequential\nfrom keras.layers import Dense, Dropout\nfrom keras.regularizers import l1\n"
    "from dataset_utils import prepare_mnist\nX_train, y_train, X_test, y_test = prepare_mnist(True)\n"
)
NETWORKS = ("10", "128 10", "128 128 10", "128 128 128 10", "170 10")
# the handout's questions, one after the other
SEED = "\n".join(
    [
        SEED_IMPORTS,
        *(handout("model", each, fit="") for each in NETWORKS),
        *(handout("model", each) for each in NETWORKS),
        handout("model", "128 128 128 10", ", kernel_regularizer=l1(0.001)"),
        handout("model", "128 0.1 128 0.1 128 0.1 10"),
        ANSWERS,
    ]
)

OPTIONS = """
def build(sizes, l1=None, dropout=0.0, activation="relu"):
    penalty = keras.regularizers.L1(l1) if l1 else None
    inputs = x = keras.Input((784,))
    for size in sizes:
        x = layers.Dense(size, kernel_regularizer=penalty)(x)
        x = layers.Dropout(dropout)(x)
        x = layers.Activation(activation)(x)
    x = layers.Dense(10, kernel_regularizer=penalty)(x)
    model = keras.Model(inputs, layers.Softmax()(x))
    metric = keras.metrics.CategoricalAccuracy()
    model.compile(keras.optimizers.SGD(0.1), keras.losses.CategoricalCrossentropy(), metrics=[metric])
    return model


def perceptron():
    return build([])


def mlp(hidden_layers):
    return build([128] * hidden_layers)


def wide_mlp():
    return build([169])


def train(model, X, y):
    return model.fit(X, y, epochs=12, validation_split=0.3).history


def mlp_l1(hidden_layers=3):
    return build([128] * hidden_layers, l1=0.01)


def mlp_dropout(hidden_layers=3):
    return build([128] * hidden_layers, dropout=1 - 0.9)
"""
DROP, ACTIVATE = "        x = layers.Dropout(dropout)(x)\n", "        x = layers.Activation(activation)(x)\n"
HELPERS = f"import keras\nfrom keras import layers\n\n{ANSWERS}{OPTIONS}"

SUBCLASSED = """
class Net(keras.Model):
    def __init__(self, widths, rate=0.0):
        super().__init__()
        self.hidden = [layers.Dense(width, activation="relu") for width in widths]
        self.drop = layers.Dropout(rate)
        self.out = layers.Dense(10)

    def call(self, x, training=False):
        for layer in self.hidden:
            x = self.drop(layer(x), training=training)
        return keras.ops.softmax(self.out(x))


"""
OLD = """import numpy as np
from keras.models import Sequential
from keras.layers.core import Dense, Dropout, Activation
from keras.regularizers import l1
from keras.optimizers import SGD
from keras.utils import np_utils
from keras.datasets import mnist
(X_train, y_train), (X_test, y_test) = mnist.load_data()
X_train = X_train.reshape(60000, 784) / 255.
Y_train = np_utils.to_categorical(y_train, 10)

def Perceptron():
    model = Sequential()
    model.add(Dense(10, input_dim=784, init='normal'))
    model.add(Activation('softmax'))
    model.compile(optimizer=SGD(lr=0.1), loss='categorical_crossentropy', metrics=['accuracy'])
    return model

def MLP(n, reg=None, p=0.):
    model = Sequential()
    model.add(Dense(output_dim=128, input_dim=784, W_regularizer=reg))
    model.add(Activation('relu'))
    model.add(Dropout(p))
    for i in range(n - 1):
        model.add(Dense(128, W_regularizer=reg))
        model.add(Activation('relu'))
        model.add(Dropout(p))
    model.add(Dense(10, W_regularizer=reg))
    model.add(Activation('softmax'))
    model.compile(optimizer=SGD(lr=0.1), loss='categorical_crossentropy', metrics=['acc'])
    return model

def wide_MLP():
    model = Sequential([Dense(170, input_dim=784, activation='relu'), Dense(10, activation='softmax')])
    model.compile('sgd', 'categorical_crossentropy', metrics=['accuracy'])
    return model

def entrainer(modele, X, y):
    h = modele.fit(X, y, nb_epoch=10, batch_size=200, validation_split=0.3, verbose=0)
    print(h.history['val_acc'][-1])
    return h

def mlp_L1():
    return MLP(3, reg=l1(0.001))

def dropout_mlp():
    return MLP(3, p=0.1)

hist = entrainer(Perceptron(), X_train, Y_train)
"""

SPLIT_BY_HAND = """    from sklearn.model_selection import train_test_split
    X_app, X_val, y_app, y_val = train_test_split(X, y, test_size=0.3, random_state=0)
    return model.fit(X_app, y_app, validation_data=(X_val, y_val), epochs=10)
"""
SQUARE = """(X_train, y_train), (X_test, y_test) = keras.datasets.mnist.load_data()
X_train, X_test = X_train / 255, X_test / 255


def perceptron"""

FORMS: dict[str, str] = {
    "the handout's own script": SEED,
    "a notebook, models by name": cells(
        "%matplotlib inline\nimport matplotlib.pyplot as plt",
        SEED_IMPORTS,
        "X_train.shape, y_train.shape",
        *(handout(f"model{number}", each) for number, each in enumerate(NETWORKS)),
        "plt.plot(h.history['val_accuracy'])\nplt.show()",
        handout("model_reg", "128 128 128 10", ", kernel_regularizer=l1(0.0005)"),
        handout("model_drop", "128 0.1 128 0.1 128 0.1 10"),
        ANSWERS,
    ),
    "helpers with options, the functional way": HELPERS,
    "subclassed": swap(
        "def perceptron():", SUBCLASSED + "def perceptron():",
        part("mlp"), "def mlp(hidden_layers):\n    model = Net([128] * hidden_layers)\n" + COMPILE,
        part("wide_mlp"), "def wide_mlp():\n    model = Net([170])\n" + COMPILE,
        part("mlp_dropout"), "def mlp_dropout(hidden_layers=3):\n    model = Net([128] * hidden_layers, 0.1)\n" + COMPILE,
    ),
    "nested": within(
        "mlp", "    model = keras.Sequential([keras.Input((784,))])\n", "    body = keras.Sequential()\n",
        "        model.add(", "        body.add(",
        OUTPUT, '    model = keras.Sequential([keras.Input((784,)), body, layers.Dense(10, activation="softmax")])\n',
    ),
    "logits": swap(
        PERCEPTRON, PERCEPTRON.replace(', activation="softmax"', ""),
        'loss="categorical_crossentropy"', "loss=keras.losses.CategoricalCrossentropy(from_logits=True)",
        OUTPUT, "    model.add(layers.Dense(10))\n",
        'layers.Dense(10, activation="softmax")]', "layers.Dense(10)]",
        'layers.Dense(10, activation="softmax", ', "layers.Dense(10, ",
    ),
    "a list of widths": within(
        "mlp", "for _ in range(hidden_layers)", "for width in hidden_layers", "layers.Dense(128,", "layers.Dense(width,"
    ),
    "a number and a width": swap(
        "def mlp(hidden_layers)", "def Mlp_Model(nb_neurones, nb_couches)",
        "for _ in range(hidden_layers):\n" + HIDDEN + OUTPUT,
        "for _ in range(nb_couches):\n        model.add(layers.Dense(nb_neurones, activation='relu'))\n" + OUTPUT,
        "def train(model, X, y)", "def entrainer(modele, X_train, y_train, X_test, y_test)",
        "    return model.fit(X, y,", "    return modele.fit(X_train, y_train,",
        "def mlp_l1(hidden_layers=3)", "def MLP_L1(hidden_layers, l1)", "L1(0.0001)", "L1(l1)",
    ),
    "a function for each number": swap(
        part("mlp"),
        "\n".join(
            part("mlp").replace("mlp(hidden_layers)", f"mlp_{number}()").replace("(hidden_layers)", f"({number})")
            for number in (1, 2, 3)
        ),
    ),
    "integer labels": swap(
        "def perceptron", "X_train, y_train, X_test, y_test = prepare_mnist()\ny_train = y_train.argmax(axis=1)\n\n\ndef perceptron",
        'loss="categorical_crossentropy"', 'loss="sparse_categorical_crossentropy"',
    ),
    "images that the models flatten": swap(
        "def perceptron", SQUARE, "keras.Input((784,))", "keras.Input((28, 28)), layers.Flatten()",
        'loss="categorical_crossentropy"', 'loss="sparse_categorical_crossentropy"',
    ),
    "Keras 2": OLD + ANSWERS,
    "169 neurons": within("wide_mlp", "layers.Dense(170", "layers.Dense(169"),
    "the split made by hand": training(SPLIT_BY_HAND),
    "shuffled before": training(
        "    import numpy as np\n    order = np.random.permutation(len(X))\n"
        "    history = model.fit(X[order], y[order], epochs=10, validation_split=0.3)\n    return history.history\n"
    ),
    "ten fits of one epoch": training(
        "    curves = {}\n    for _ in range(10):\n        history = model.fit(X, y, epochs=1, validation_split=0.3)\n"
        "        for name, values in history.history.items():\n            curves.setdefault(name, []).extend(values)\n"
        "    return curves\n"
    ),
    "compiled where it trains": swap(
        COMPILE, "    return model\n",
        "    return model.fit(X, y,",
        '    model.compile("rmsprop", "categorical_crossentropy", metrics=["accuracy"])\n    return model.fit(X, y,',
    ),
    "labels made one-hot where it trains": training(
        "    y = keras.utils.to_categorical(y, 10)\n"
        "    return model, model.fit(X, y, epochs=10, validation_split=0.3)\n"
    ),
    "L1 as a word, and on the biases": within(
        "mlp_l1", "kernel_regularizer=regularizers.L1(0.0001)", 'kernel_regularizer="l1", bias_regularizer="l1"'
    ),
    "L1L2 without L2": within("mlp_l1", "regularizers.L1(0.0001)", "regularizers.l1_l2(l1=0.01, l2=0.0)"),
    "no input shape": swap("keras.Sequential([keras.Input((784,))])", "keras.Sequential()", "keras.Input((784,)), ", ""),
    "widths given and data read at top level": swap(
        "def wide_mlp():", "def wide_mlp(neurones):", "layers.Dense(170", "layers.Dense(neurones",
        "def train(model, X, y)", "def train(model)", "model.fit(X, y,", "model.fit(X_train, y_train,",
        part("mlp"), part("mlp").replace("(hidden_layers)", "(profondeur=1)", 1).replace("range(hidden_layers)", "range(profondeur)"),
    )
    + "X_train, y_train, X_test, y_test = prepare_mnist()\nlarge = wide_mlp(170)\ntrain(large)\n",
    "Boston beside it": SEED.replace("import prepare_mnist", "import prepare_mnist, prepare_boston")
    + "X, y, X_t, y_t = prepare_boston()\nreg = Sequential([Dense(8, activation='relu', input_dim=13), Dense(1)])\n"
    "reg.compile('adam', 'mse')\nreg.fit(X, y, epochs=50, validation_split=0.1)\n",
    "answers in other words": swap(
        ANSWERS,
        "formes_mnist = [[60000, 784], [60000, 10], [10000, 784], [10000, 10]]\n"
        "boston_shapes = {'X_train': (404, 13), 'X_test': (102, 13), 'y_train': (404, 1), 'y_test': (102)}\n"
        "mnist_task = 'Classification multi-classes '\nboston_task = 'REGRESSION'\n",
    ),
    "answers that the arrays give": swap(
        ANSWERS,
        "from dataset_utils import prepare_boston\nmnist_shapes = [array.shape for array in prepare_mnist(local=False)]\n"
        "boston_shapes = tuple(array.shape for array in prepare_boston())\n"
        "mnist_task, boston_task = 'Problème de classification', 're\\u0301gression'\n",
    ),
}  # fmt: skip

SLIPS: dict[str, Slip] = {
    "labels that are not one-hot": Slip(swap("(60000, 10)", "(60000,)"), "datasets", "none of the four arrays has this shape: (60000,)"),
    "images in the shapes": Slip(swap("(60000, 784)", "(60000, 28, 28)"), "datasets", "(60000, 28, 28)"),
    "Boston before it is split": Slip(
        swap("boston_shapes = ((404, 13), (404,), (102, 13), (102,))", "boston_shapes = (506, 13), (506,)"), "datasets", "(506, 13), (506,)"
    ),
    "the training part only": Slip(
        swap("boston_shapes = ((404, 13), (404,), (102, 13), (102,))", "boston_shapes = (404, 13), (404,)"), "datasets", "2 shapes instead of 4"
    ),
    "MNIST taken for regression": Slip(swap('mnist_task = "classification"', 'mnist_task = "régression"'), "datasets", "not a problem of régression"),
    "Boston taken for classification": Slip(swap('"régression"', '"classification"'), "datasets", "not a problem of classification"),
    "both at once": Slip(swap('"régression"', '"classification ou régression"'), "datasets", 'answer "classification" or "regression"'),
    "sigmoid at the end": Slip(within("perceptron", "softmax", "sigmoid"), "perceptron", "activation sigmoid instead of softmax"),
    "no activation at the end": Slip(within("perceptron", ', activation="softmax"', ""), "perceptron", "activation linear instead of softmax"),
    "a hidden layer too soon": Slip(
        within("perceptron", "layers.Dense(10,", 'layers.Dense(128, activation="relu"), layers.Dense(10,'), "perceptron", "this first model has none"
    ),
    "mse": Slip(within("perceptron", "categorical_crossentropy", "mse"), "perceptron", "mean_squared_error"),
    "mse everywhere": Slip(swap('loss="categorical_crossentropy"', 'loss="mse"'), "perceptron", "mean_squared_error"),
    "sparse loss with one-hot labels": Slip(
        within("perceptron", '"categorical', '"sparse_categorical'), "perceptron", "sparse_categorical_crossentropy instead of"
    ),
    "binary loss": Slip(within("perceptron", '"categorical', '"binary'), "perceptron", "binary_crossentropy instead of"),
    "images of another shape": Slip(
        within("perceptron", "keras.Input((784,))", "keras.Input((28, 28)), layers.Flatten()"), "perceptron", "inputs of shape (28, 28) instead of (784,)"
    ),
    "no accuracy": Slip(within("perceptron", ', metrics=["accuracy"]', ""), "perceptron", "accuracy is not asked for"),
    "not compiled": Slip(within("perceptron", COMPILE, "    return model\n"), "perceptron", "not compiled"),
    "one hidden layer too few": Slip(within("mlp", "range(hidden_layers)", "range(hidden_layers - 1)"), "hidden_layers", "there is no hidden layer"),
    "one hidden layer too many": Slip(
        within("mlp", OUTPUT, HIDDEN.replace("        ", "    ", 1) + OUTPUT), "hidden_layers", "one hidden layer too many"
    ),
    "three whatever is asked": Slip(within("mlp", "range(hidden_layers)", "range(3)"), "hidden_layers", "one hidden layer too many"),
    "tanh": Slip(within("mlp", '"relu"', '"tanh"'), "hidden_layers", "activation tanh instead of relu"),
    "tanh in a helper of all": Slip(swapped(HELPERS, DROP, "", ACTIVATE, ACTIVATE + DROP, '"relu"', '"tanh"'), "hidden_layers", "activation tanh instead of relu"),
    "64 neurons in a helper of all": Slip(HELPERS.replace("[128]", "[64]").replace("169", "64"), "hidden_layers equal_params", "64 units instead of 128"),
    "frozen layers": Slip(
        within("mlp", HIDDEN, HIDDEN + "        model.layers[-1].trainable = False\n"), "hidden_layers", "frozen"
    ),
    "one layer used for all": Slip(
        within("mlp", "    for _", '    hidden = layers.Dense(128, activation="relu")\n    model.add(layers.Dense(128, activation="relu"))\n    for _',
               "range(hidden_layers)", "range(hidden_layers - 1)", HIDDEN, "        model = keras.Sequential([model, hidden])\n"),
        "hidden_layers", "shares its weights",
    ),
    "uncompiled networks": Slip(within("mlp", COMPILE, "    return model\n"), "hidden_layers", "not compiled"),
    "no return": Slip(within("mlp", "    return model\n", ""), "hidden_layers", "does it end with `return model`"),
    "128 neurons again": Slip(within("wide_mlp", "layers.Dense(170", "layers.Dense(128"), "equal_params", "101,770 parameters"),
    "as many neurons as all three layers": Slip(within("wide_mlp", "layers.Dense(170", "layers.Dense(384"), "equal_params", "305,290 parameters"),
    "the same network again": Slip(instead("wide_mlp", "def wide_mlp():\n    return mlp(3)\n"), "equal_params", "one layer too many"),
    "a split of 70 %": Slip(swap("validation_split=0.3", "validation_split=0.7"), "validation", "70% of the training set"),
    "no validation": Slip(swap("validation_split=0.3, ", ""), "validation", "keeps no example for validation"),
    "one epoch": Slip(swap("epochs=10, ", ""), "validation", "1 epoch(s)"),
    "a hundred epochs": Slip(swap("epochs=10, ", "epochs=100, "), "validation", "100 epoch(s)"),
    "validated on what it trains on": Slip(swap("validation_split=0.3", "validation_data=(X[:60], y[:60])"), "validation", "are trained on, too"),
    "validated on the test set": Slip(
        "from dataset_utils import prepare_mnist\n_, _, X_test, y_test = prepare_mnist()\n"
        + swap("validation_split=0.3", "validation_data=(X_test, y_test)"), "validation", "do not come from the training set",
    ),
    "trained on a part": Slip(swap("model.fit(X, y,", "model.fit(X[:100], y[:100],"), "validation", "only 100 of the 200"),
    "labels of others": Slip(swap("model.fit(X, y,", "model.fit(X, y[::-1],"), "validation", "the images and labels of the training set"),
    "no history": Slip(swap("    return model.fit(", "    model.fit("), "validation", "does not return the history"),
    "the model for its history": Slip(swap(FIT, FIT.replace("return ", "") + "    return model\n"), "validation", "does not return the history"),
    "no fit": Slip(training("    return model.evaluate(X, y)\n"), "validation", "does not call model.fit"),
    "L1 but for the output": Slip(
        within("mlp_l1", 'activation="softmax", kernel_regularizer=regularizers.L1(0.0001)', 'activation="softmax"'), "l1", "Dense 10, softmax: no L1"
    ),
    "L2": Slip(within("mlp_l1", "L1(", "L2("), "l1", "L2(0.0001) instead of L1"),
    "L1 of the outputs": Slip(within("mlp_l1", "kernel_regularizer", "activity_regularizer"), "l1", "no L1 regulariser"),
    "L1 of the biases": Slip(within("mlp_l1", "kernel_regularizer", "bias_regularizer"), "l1", "no L1 regulariser"),
    "L1 set on layers that are built": Slip(
        instead("mlp_l1", "def mlp_l1(hidden_layers=3):\n    model = mlp(hidden_layers)\n    for layer in model.layers:\n"
                "        layer.kernel_regularizer = regularizers.L1(0.01)\n    return model\n"),
        "l1", "no L1 regulariser",
    ),
    "L1 and L2": Slip(within("mlp_l1", "regularizers.L1(0.0001)", "regularizers.L1L2(0.01, 0.01)"), "l1", "instead of L1"),
    "L1 of no strength": Slip(within("mlp_l1", "L1(0.0001)", "L1(0.0)"), "l1", "no L1 regulariser"),
    "90 % turned off": Slip(within("mlp_dropout", "0.1", "0.9"), "dropout", "a rate of 0.9 instead of 0.1"),
    "10 as a rate": Slip(within("mlp_dropout", "0.1", "10"), "dropout", "10% is written 0.1"),
    "dropout once": Slip(
        within("mlp_dropout", "        model.add(layers.Dropout(0.1))\n", "", OUTPUT, "    model.add(layers.Dropout(0.1))\n" + OUTPUT), "dropout", "Dropout 0.1"
    ),
    "dropout of the output": Slip(within("mlp_dropout", OUTPUT, OUTPUT + "    model.add(layers.Dropout(0.1))\n"), "dropout", "one layer too many"),
    "dropout of the pixels": Slip(
        within("mlp_dropout", "[keras.Input((784,))]", "[keras.Input((784,)), layers.Dropout(0.1)]"), "dropout", "one layer too many"
    ),
    "dropout and L1": Slip(
        within("mlp_dropout", 'layers.Dense(128, activation="relu")', 'layers.Dense(128, activation="relu", kernel_regularizer="l1")'),
        "dropout", "a regulariser that the lab does not ask for",
    ),
    "no dropout": Slip(within("mlp_dropout", "        model.add(layers.Dropout(0.1))\n", ""), "dropout", "Dropout 0.1"),
}  # fmt: skip
