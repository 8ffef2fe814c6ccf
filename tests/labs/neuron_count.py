"""Right forms and known slips of neuron_count, as changes to the reference or to the handout's own notebook."""

from __future__ import annotations

from labs import Slip, cells, reference, swapped

REFERENCE = reference("neuron_count")

# the code cells of the handout, a blank line after each
SEED = r"""import numpy as np
import matplotlib.pyplot as plt
import keras

from keras import layers
from keras.models import Sequential
from keras.datasets import mnist

(train_data, train_labels), (test_data, test_labels) = mnist.load_data()

def preprocessing(tableau):
    # normalisation es données dans [0, 1]
    return tableau.astype("float32") / 255.0

X_train = preprocessing(train_data)
X_test = preprocessing(test_data)

# Premier modèle : juste softmax, 10 neurones
nn0 = Sequential([keras.Input(shape=(28,28)),
                  layers.Flatten(),
                  layers.Dense(10, activation='softmax')
                 ])

nn0.summary()

from keras.utils import to_categorical
y_train = to_categorical(train_labels, 10)
y_test = to_categorical(test_labels, 10)

nn0.compile(loss='categorical_crossentropy',
            optimizer='adam',
            metrics=['accuracy']
           )

nn0.fit(X_train, y_train, epochs = 200)

nn0.evaluate(X_test, y_test)

from keras.callbacks import Callback

class Moniteur(Callback):
    # Moniteur hérite la structure générale (code de base) de Callback
    # pour être capable d'intéragir avec model.fit()
    # Ici nous apportons des modifications (redéfinition d'une fonction ou deux)
    # pour avoir une fonctionnalité sur mesure (on customise)
    def on_epoch_end(self, epoch, logs):
        # ces arguments sont remplis automatiquement par model.fit()
        # epoch : numéro d'epoch, logs : info sur l'apprentissage (loss, métriques...)
        if epoch % 5 == 0:
            print(f"Epoch {epoch} finie !")
            print(logs)
            print("\n-----------------")

mon_moniteur = Moniteur() # init d'objet à insérer dans l'apprentissage

nn2 = Sequential([
    keras.Input(shape=(28, 28)),
    layers.Flatten(), # couche Dense exige l'entrée 1D 'plate'
    layers.Dense(1, activation = 'relu'),
    layers.Dense(10, activation = 'softmax')
])

nn2.compile(loss='categorical_crossentropy',
            optimizer='adam',
            metrics=['accuracy'])

nn2.fit(X_train, y_train,
        epochs = 60,  # je n'ai pas encore le contrôle dynamique...
        validation_split = 0.15, # 15 pourcent de X_train sera mis de côté pour avoir validation
        # durant l'apprentissage
        verbose = 0,  # faire taire des messages par défaut (puisqu'on a notre propre Moniteur)
        callbacks = [mon_moniteur]
       )

nn2.evaluate(X_test, y_test)

nn3 = Sequential([
    keras.Input(shape=(28, 28)),
    layers.Flatten(), # couche Dense exige l'entrée 1D 'plate'
    layers.Dense(2, activation = 'relu'),
    layers.Dense(10, activation = 'softmax')
])

nn3.compile(loss='categorical_crossentropy',
            optimizer='adam',
            metrics=['accuracy'])

from keras.callbacks import EarlyStopping

nn3.fit(X_train, y_train,
        epochs = 200,   # limite supérieur, on va s'arrêter bien avant
        validation_split = 0.15, # 15 pourcent de X_train sera mis de côté pour avoir validation
        # durant l'apprentissage
        verbose = 0,  # faire taire des messages par défaut (puisqu'on a notre propre Moniteur)
        callbacks = [mon_moniteur,
                    EarlyStopping(monitor='val_accuracy', patience=10)
                    ])

nn3.evaluate(X_test, y_test)

nn4 = Sequential([
    keras.Input(shape=(28, 28)),
    layers.Flatten(), # couche Dense exige l'entrée 1D 'plate'
    layers.Dense(3, activation = 'relu'),
    layers.Dense(10, activation = 'softmax')
])

nn4.compile(loss='categorical_crossentropy',
            optimizer='adam',
            metrics=['accuracy'])

opt_stop = EarlyStopping(monitor='val_accuracy', # ou 'val_loss'
                        patience=10,
                        restore_best_weights=True)

nn4.fit(X_train, y_train,
        epochs = 300,
        validation_split = 0.15,
        # durant l'apprentissage
        verbose = 0,
        callbacks = [mon_moniteur, opt_stop])

nn4.evaluate(X_test, y_test)
"""

# the handout does not give the two answers; these are for the embedded digits
ANSWERS = "n_min_90 = 45\nn_min_95 = 300\n"
SEED_CELLS = (*SEED.rstrip().split("\n\n"), ANSWERS)

_NN0, _MONITOR, _NN2, _NN3, _NN4 = (
    "# %% [markdown]\n# ## " + part for part in REFERENCE.split("# %% [markdown]\n# ## ")[2:7]
)
_COMPILE = 'compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])'
_STOP = 'EarlyStopping(monitor="val_accuracy", patience=10'


def swap(*pairs: str) -> str:
    """The reference with texts replaced."""
    return swapped(REFERENCE, *pairs)


def monitor(body: str, base: str = "Callback", passed: str = "Moniteur()") -> str:
    """The reference with another monitor."""
    code = REFERENCE.replace(_MONITOR, f"class Moniteur({base}):\n{body}\n\n\n")
    return code.replace("Moniteur()", passed)


def models(code: str) -> str:
    """The reference with ``code`` in the place of its four models and their trainings."""
    text = REFERENCE
    for part in (_NN0, _NN2, _NN3):
        text = text.replace(part, "")
    return text.replace(_NN4, code + "\n\n\n")


# one function that builds, and one that trains, called three times
_HELPERS = """
def construire(n=0):
    modele = Sequential()
    modele.add(layers.Flatten(input_shape=(28, 28)))
    if n:
        modele.add(layers.Dense(n, activation="relu"))
    modele.add(layers.Dense(10, activation="softmax"))
    modele.compile(loss="categorical_crossentropy", optimizer="sgd", metrics=["accuracy"])
    return modele


def apprendre(modele, rappels, **options):
    return modele.fit(x=X_train, y=y_train, batch_size=128, epochs=100, callbacks=rappels, **options)


mon_moniteur = Moniteur()
nn0, nn2, nn3, nn4 = (construire(n) for n in range(4))
apprendre(nn0, None)
apprendre(nn2, mon_moniteur, validation_split=0.15)
apprendre(nn3, [mon_moniteur, EarlyStopping("val_accuracy", 0, 10)], validation_split=0.15)
h = apprendre(nn4, [EarlyStopping(restore_best_weights=True, patience=5)], validation_split=0.2)
print(max(h.history["val_accuracy"]))
"""

# one name for all models
_LOOP = """
for n, options in enumerate([
    {},
    {"validation_split": 0.15, "callbacks": [Moniteur()]},
    {"validation_split": 0.15, "callbacks": [EarlyStopping(monitor="val_accuracy", patience=10)]},
    {"validation_split": 0.15, "callbacks": [EarlyStopping(monitor="val_loss", patience=8, restore_best_weights=True)]},
]):
    entree = keras.Input((28, 28))
    x = layers.Flatten()(entree)
    if n:
        x = layers.Dense(n, activation="relu")(x)
    modele = keras.Model(entree, layers.Dense(10, activation="softmax")(x))
    modele.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    modele.fit(X_train, y_train, epochs=100, verbose=0, **options)
    print(n, modele.evaluate(X_test, y_test, verbose=0))
"""

_SUBCLASSED = """
class Reseau(keras.Model):
    def __init__(self, n):
        super().__init__()
        self.plat = layers.Flatten()
        self.cachee = layers.Dense(n, activation="relu") if n else None
        self.sortie = layers.Dense(10, activation="softmax")

    def call(self, x):
        x = self.plat(x)
        if self.cachee is not None:
            x = self.cachee(x)
        return self.sortie(x)


nn0, nn2, nn3, nn4 = Reseau(0), Reseau(1), Reseau(2), Reseau(3)
for nn in (nn0, nn2, nn3, nn4):
    nn.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
nn0.fit(X_train, y_train, epochs=20)
nn2.fit(X_train, y_train, epochs=20, validation_split=0.15, callbacks=[Moniteur()])
nn3.fit(X_train, y_train, epochs=20, validation_split=0.15, callbacks=[EarlyStopping(monitor="val_accuracy", patience=10)])
arret = EarlyStopping(monitor="val_accuracy", patience=10, restore_best_weights=True)
nn4.fit(X_train, y_train, epochs=20, validation_split=0.15, callbacks=[arret])
"""

FORMS: dict[str, str] = {
    "the handout's own notebook": cells(*SEED_CELLS),
    "the handout's own code as a script": SEED + ANSWERS,
    "tensorflow.keras": swapped(
        SEED + ANSWERS,
        "import keras\n", "from tensorflow import keras\n",
        "from keras import layers", "from tensorflow.keras import layers",
        "from keras.models", "from tensorflow.keras.models",
        "from keras.datasets", "from tensorflow.keras.datasets",
        "from keras.utils", "from tensorflow.keras.utils",
        "from keras.callbacks", "from tensorflow.keras.callbacks",
    ),
    "old spellings": swapped(
        SEED + ANSWERS,
        "from keras.utils import to_categorical", "from keras.utils import np_utils",
        "to_categorical(", "np_utils.to_categorical(",
        "monitor='val_accuracy'", "monitor='val_acc'",
        "epochs = 60", "nb_epoch = 60",
        "    keras.Input(shape=(28, 28)),\n    layers.Flatten()", "    layers.Flatten(input_shape=(28, 28))",
    ),
    "metrics called acc": swapped(
        SEED + ANSWERS,
        "metrics=['accuracy']", "metrics=['acc']",
        "monitor='val_accuracy'", "monitor='val_acc'",
        "            print(logs)\n", "            print(logs['loss'], logs['acc'])\n",
    ),
    "functions, any optimizer, positional arguments": models(_HELPERS),
    "one name for all models, functional": models(_LOOP),
    "subclassed": models(_SUBCLASSED),
    "under a main guard": REFERENCE + 'if __name__ == "__main__":\n    nn0.fit(X_train, y_train, epochs=3)\n',
    "activations as layers": swap(
        'layers.Dense(10, activation="softmax")', 'layers.Dense(10), layers.Softmax()',
        'layers.Dense(1, activation="relu")', 'layers.Dense(1), layers.Activation("relu")',
        'layers.Dense(2, activation="relu")', "layers.Dense(2), layers.ReLU()",
        "modele.add(layers.Dense(10), layers.Softmax())", 'modele.add(layers.Dense(10, activation="softmax"))',
    ),
    "objects in compile, logits": swap(
        'layers.Dense(10, activation="softmax")', "layers.Dense(10)",
        _COMPILE, "compile(loss=keras.losses.CategoricalCrossentropy(from_logits=True), "
        "optimizer=keras.optimizers.RMSprop(0.002), metrics=[keras.metrics.CategoricalAccuracy(name='accuracy')])",
    ),
    "labels as integers": swap(
        "y_train = to_categorical(train_labels, 10)", "y_train = train_labels",
        "y_test = to_categorical(test_labels, 10)", "y_test = test_labels",
        'loss="categorical_crossentropy"', 'loss="sparse_categorical_crossentropy"',
    ),
    "other names": swap(
        "def preprocessing(", "def normaliser(", " preprocessing(", " normaliser(",
        "X_train", "x_train", "X_test", "x_test", "class Moniteur", "class Monitor", "Moniteur()", "Monitor()",
        "nn0", "model0", "nn4", "NN_4", "n_min_90", "N_MIN_90",
    ),
    "no name of the lab but the answers": swap(
        "def preprocessing(", "def vers_flottants(", " preprocessing(", " vers_flottants(",
        "class Moniteur", "class Suivi", "Moniteur()", "Suivi()",
        "nn0", "r0", "nn2", "r1", "nn3", "r2", "nn4", "r3",
    ),
    "a variable bound again": cells(
        *SEED_CELLS[:18], swapped("\n".join(SEED_CELLS[18:22]), "nn3", "nn2"), *SEED_CELLS[23:],
    ),
    "a cell run again, another model at the end": REFERENCE + 'nn2.fit(X_train, y_train, epochs=5)\n'
    'essai = reseau(5)\nentrainer(essai, X_train, y_train)\nmodele = essai\n',
    "a share of the images kept by hand": swap(
        "epochs=60, validation_split=0.15,", "epochs=60, validation_data=(X_train[51000:], y_train[51000:]),",
        "nn2.fit(X_train, y_train,", "nn2.fit(X_train[:51000], y_train[:51000],",
    ),
    "a shuffled share by scikit-learn": swap(
        "nn2.fit(X_train, y_train, epochs=60, validation_split=0.15,",
        "from sklearn.model_selection import train_test_split\n"
        "X_tr, X_val, y_tr, y_val = train_test_split(X_train, y_train, test_size=0.15, random_state=0)\n"
        "nn2.fit(X_tr, y_tr, epochs=60, validation_data=(X_val, y_val),",
    ),
    "a monitor with parameters and its own count": monitor(
        "    def __init__(self, every):\n        super().__init__()\n        self.every = every\n\n"
        "    def on_train_begin(self, logs=None):\n        self.count = 0\n\n"
        "    def on_epoch_end(self, epoch, logs={}):\n        if self.count % self.every == 0:\n"
        "            text = ', '.join(f'{name}={value:.3f}' for name, value in logs.items())\n"
        "            print(f'[{epoch:03d}/{self.params[\"epochs\"]}] {text}')\n        self.count += 1\n",
        passed="Moniteur(5)",
    ),
    "a monitor that begins an epoch, percentages": monitor(
        "    def on_epoch_begin(self, epoch, logs=None):\n        self.now = epoch % 5 == 0\n        if self.now:\n"
        "            print('Époque', epoch)\n\n"
        "    def on_epoch_end(self, epoch, logs=None):\n        if self.now:\n"
        "            print(f\"perte : {logs['loss']:.2f}, exactitude : {logs.get('accuracy'):.1%}\")\n"
    ),
    "a monitor of Keras's own": swap(
        _MONITOR, "Moniteur = keras.callbacks.LambdaCallback(\n"
        "    on_epoch_end=lambda epoch, logs: print(epoch, logs) if epoch % 5 == 0 else None)\n",
        "Moniteur()", "Moniteur",
    ),
    "preprocessing by TensorFlow": swap(
        'return tableau.astype("float32") / 255.0', "return tf.cast(tableau, tf.float32) / 255", "import keras\n", "import keras\nimport tensorflow as tf\n",
    ),
    "preprocessing by NumPy, whole images at once": swap(
        'return tableau.astype("float32") / 255.0',
        "resultat = np.empty(tableau.shape, np.float32)\n    np.multiply(tableau, 1 / 255, out=resultat)\n    return resultat",
        "import keras\n", "import keras\nimport numpy as np\n",
    ),
    "weights restored twice, a checkpoint as well": swap(
        "opt_stop])\n", "opt_stop, keras.callbacks.ModelCheckpoint('best.keras', save_best_only=True)])\n"
        "nn4.fit(X_train, y_train, epochs=9, validation_split=0.15, callbacks=opt_stop)\n",
    ),
    "answers from written results": swap(
        "    n_min_90 = 45\n    n_min_95 = 300\n",
        "    resultats = {16: 0.84, 32: 0.88, 45: 0.901, 128: 0.93, 300: 0.951}\n"
        "    n_min_90 = min(n for n, exactitude in resultats.items() if exactitude >= 0.9)\n"
        "    n_min_95 = np.int64(min(n for n, exactitude in resultats.items() if exactitude >= 0.95))\n",
        "import keras\n", "import keras\nimport numpy as np\n",
    ),
}  # fmt: skip

SLIPS: dict[str, Slip] = {
    "trained on a part of the images": Slip(
        swap("nn0.fit(X_train, y_train, epochs=200)", "nn0.fit(X_train[:50000], y_train[:50000], epochs=200)"), "nn0", "50,000 images only",
    ),
    "validation on the test makes up for no part": Slip(
        swap(
            "nn0.fit(X_train, y_train, epochs=200)",
            "nn0.fit(X_train[:50000], y_train[:50000], epochs=200, validation_data=(X_test, y_test))",
        ),
        "nn0", "50,000 images only",
    ),
    "double precision": Slip(swap('tableau.astype("float32") / 255.0', "tableau / 255.0"), "preprocessing", "float64 array instead of float32"),
    "divided by 256": Slip(swap("/ 255.0", "/ 256.0"), "preprocessing", "0.9961 instead of 1"),
    "not divided": Slip(swap(" / 255.0", ""), "preprocessing", "a pixel of 255 as 255 instead of 1"),
    "in place": Slip(
        swap('return tableau.astype("float32") / 255.0', 'tableau = tableau.astype("float32", copy=False)\n    tableau /= 255\n    return tableau'),
        "preprocessing", "changes the array",
    ),
    "by its own maximum": Slip(swap("/ 255.0", "/ tableau.max()"), "preprocessing", "not by the array's own maximum"),
    "images only": Slip(
        swap('tableau.astype("float32") / 255.0', 'tableau.reshape(len(tableau), 28, 28).astype("float32") / 255.0'),
        "preprocessing", "preprocessing stops with ValueError",
    ),
    "test images as they are": Slip(swap("X_test = preprocessing(test_data)", "X_test = test_data"), "preprocessing", "X_test goes from 0 to 255"),
    "labels in another order": Slip(
        swap("to_categorical(train_labels, 10)", "to_categorical(train_labels[::-1], 10)"), "preprocessing", "training labels in their order",
    ),
    "nothing is returned": Slip(swap("return tableau.astype", "tableau.astype"), "preprocessing", "does not return an array"),
    "preprocessing still to be written": Slip(
        swap('return tableau.astype("float32") / 255.0', "raise NotImplementedError()"), "preprocessing", "preprocessing is still to be written",
    ),
    "no softmax": Slip(REFERENCE.replace(_NN0, swapped(_NN0, '10, activation="softmax"', "10")), "nn0", "activation linear instead of softmax"),
    "sigmoid for softmax": Slip(REFERENCE.replace(_NN0, swapped(_NN0, "softmax", "sigmoid").replace("sigmoid.", "softmax.")), "nn0", "activation sigmoid instead of softmax"),
    "a hidden layer in nn0": Slip(
        REFERENCE.replace(_NN0, swapped(_NN0, 'layers.Dense(10, activation="softmax")', 'layers.Dense(16, activation="relu"), layers.Dense(10, activation="softmax")')),
        "nn0", "16",
    ),
    "no flatten": Slip(REFERENCE.replace(_NN0, swapped(_NN0, "layers.Flatten(), ", "")), "nn0", "latten"),
    "mse": Slip(REFERENCE.replace(_NN0, swapped(_NN0, "categorical_crossentropy", "mse")), "nn0", "mean_squared_error"),
    "sparse loss with one-hot labels": Slip(
        REFERENCE.replace(_NN2, swapped(_NN2, "categorical_crossentropy", "sparse_categorical_crossentropy")), "nn2", "instead of categorical_crossentropy",
    ),
    "no metric": Slip(REFERENCE.replace(_NN0, swapped(_NN0, ', metrics=["accuracy"]', "")), "nn0", "accuracy is not asked for"),
    "not compiled": Slip(REFERENCE.replace(_NN0, swapped(_NN0, f"nn0.{_COMPILE}\n", "")), "nn0", "not compiled"),
    "not trained": Slip(REFERENCE.replace(_NN0, swapped(_NN0, "nn0.fit(X_train, y_train, epochs=200)\n", "")), "nn0", "nn0 is not trained"),
    "trained on the test set": Slip(REFERENCE.replace(_NN0, swapped(_NN0, "fit(X_train, y_train", "fit(X_test, y_test")), "nn0", "on the test set"),
    "images with the labels of others": Slip(
        REFERENCE.replace(_NN0, swapped(_NN0, "fit(X_train, y_train", "fit(X_train, y_train[::-1]")), "nn0", "with their labels",
    ),
    "a learning rate of zero": Slip(
        REFERENCE.replace(_NN0, swapped(_NN0, 'optimizer="adam"', "optimizer=keras.optimizers.Adam(0.0)")), "nn0", "learning rate is 0",
    ),
    "counted from 1": Slip(
        monitor("    def on_epoch_end(self, epoch, logs=None):\n        if (epoch + 1) % 5 == 0:\n            print(epoch + 1, logs)\n"),
        "monitor", "counts epochs from 1",
    ),
    "the number after": Slip(
        monitor("    def on_epoch_end(self, epoch, logs=None):\n        if epoch % 5 == 0:\n            print(f'Epoch {epoch + 1}', logs)\n"),
        "monitor", "prints the number 1",
    ),
    "every epoch": Slip(monitor("    def on_epoch_end(self, epoch, logs=None):\n        print(epoch, logs)\n"), "monitor", "prints at every epoch"),
    "not at the first epoch": Slip(
        monitor("    def on_epoch_end(self, epoch, logs=None):\n        if epoch and epoch % 5 == 0:\n            print(epoch, logs)\n"),
        "monitor", "epochs 5, 10 instead of 0, 5, 10",
    ),
    "no logs": Slip(monitor("    def on_epoch_end(self, epoch, logs=None):\n        if epoch % 5 == 0:\n            print(f'Epoch {epoch} finie !')\n"), "monitor", "does not print its logs"),
    "the loss only": Slip(monitor("    def on_epoch_end(self, epoch, logs=None):\n        if epoch % 5 == 0:\n            print(epoch, logs['loss'])\n"), "monitor", "does not print accuracy"),
    "no number": Slip(monitor("    def on_epoch_end(self, epoch, logs=None):\n        if epoch % 5 == 0:\n            print(logs)\n"), "monitor", "does not print its number"),
    "batches for epochs": Slip(monitor("    def on_train_batch_end(self, batch, logs=None):\n        if batch % 5 == 0:\n            print(batch, logs)\n"), "monitor", "prints nothing"),
    "no Callback": Slip(monitor("    def on_epoch_end(self, epoch, logs=None):\n        if epoch % 5 == 0:\n            print(epoch, logs)\n", base="object"), "monitor", "is not a keras.callbacks.Callback"),
    "logs forgotten": Slip(monitor("    def on_epoch_end(self, epoch):\n        if epoch % 5 == 0:\n            print(epoch)\n"), "monitor", "must have these three parameters"),
    "a metric misspelt": Slip(monitor("    def on_epoch_end(self, epoch, logs=None):\n        if epoch % 5 == 0:\n            print(epoch, logs['precision'])\n"), "monitor", "KeyError"),
    "a monitor never used": Slip(swap("callbacks=[Moniteur()]", "callbacks=[]", "callbacks=[Moniteur(), ", "callbacks=["), "monitor", "No call of fit is given Moniteur"),
    "the class for an object": Slip(swap("callbacks=[Moniteur()]", "callbacks=[Moniteur]", "callbacks=[Moniteur(), ", "callbacks=[Moniteur, "), "monitor", "it takes an object"),
    "no relu": Slip(REFERENCE.replace(_NN2, swapped(_NN2, 'Dense(1, activation="relu")', "Dense(1)")), "nn2", "activation linear instead of relu"),
    "a fifth kept apart": Slip(REFERENCE.replace(_NN2, swapped(_NN2, "validation_split=0.15", "validation_split=0.2")), "nn2", "20.0% of the images apart instead of 15%"),
    "no validation": Slip(REFERENCE.replace(_NN2, swapped(_NN2, "validation_split=0.15, ", "")), "nn2", "keeps no images apart"),
    "validated on the test set": Slip(
        REFERENCE.replace(_NN2, swapped(_NN2, "validation_split=0.15", "validation_data=(X_test, y_test)")), "nn2", "validates on the test set",
    ),
    "the loss watched": Slip(REFERENCE.replace(_NN3, swapped(_NN3, 'monitor="val_accuracy"', 'monitor="val_loss"')), "nn3", "watches val_loss instead of val_accuracy"),
    "the training accuracy watched": Slip(REFERENCE.replace(_NN3, swapped(_NN3, 'monitor="val_accuracy"', 'monitor="accuracy"')), "nn3", "watches accuracy instead of val_accuracy"),
    "nothing to watch": Slip(REFERENCE.replace(_NN3, swapped(_NN3, "    validation_split=0.15,\n", "")), "nn3", "which fit does not measure"),
    "no accuracy to watch": Slip(REFERENCE.replace(_NN3, swapped(_NN3, ', metrics=["accuracy"]', "")), "nn3", "nn3.fit stops with ValueError"),
    "a patience of 5": Slip(REFERENCE.replace(_NN3, swapped(_NN3, "patience=10", "patience=5")), "nn3", "patience is 5 instead of 10"),
    "no early stopping": Slip(REFERENCE.replace(_NN3, swapped(_NN3, f", {_STOP})", "")), "nn3", "is not given an EarlyStopping"),
    "three neurons for two": Slip(REFERENCE.replace(_NN3, swapped(_NN3, "Dense(2,", "Dense(3,")), "nn3", "3"),
    "another model trained": Slip(REFERENCE.replace(_NN3, swapped(_NN3, "nn3.fit", "nn2.fit")), "nn3", "nn3 is not trained"),
    "weights not restored": Slip(REFERENCE.replace(_NN4, swapped(_NN4, ", restore_best_weights=True", "")), "nn4", "does not restore the best weights"),
    "the wrong direction": Slip(REFERENCE.replace(_NN4, swapped(_NN4, "patience=10,", 'patience=10, mode="min",')), "nn4", "in the wrong direction"),
    "trained again": Slip(swap("nn4.evaluate(", "nn4.fit(X_train, y_train, epochs=3)\nnn4.evaluate("), "nn4", "is trained again afterwards"),
    "built anew": Slip(
        swap("nn4.evaluate(X_test, y_test)\n", "nn4 = reseau_de_trois()\nnn4.evaluate(X_test, y_test)\n", "# %% [markdown]\n# ## 4.",
             "def reseau_de_trois():\n    copie = keras.models.Sequential([keras.Input((28, 28)), layers.Flatten(),\n"
             "        layers.Dense(3, activation='relu'), layers.Dense(10, activation='softmax')])\n"
             f"    copie.{_COMPILE}\n    return copie\n\n\n# %% [markdown]\n# ## 4."),
        "nn4", "no longer those that its training left",
    ),
    "a frozen layer": Slip(REFERENCE.replace(_NN4, swapped(_NN4, 'Dense(3, activation="relu")', 'Dense(3, activation="relu", trainable=False)')), "nn4", "frozen"),
    "too few neurons": Slip(swap("    n_min_90 = 45", "    n_min_90 = 3"), "answer", "so narrow a network does not reach 0.90"),
    "too many neurons": Slip(swap("    n_min_90 = 45", "    n_min_90 = 1000"), "answer", "a narrower network reaches 0.90"),
    "far too few for 0.95": Slip(swap("    n_min_95 = 300", "    n_min_95 = 16"), "answer", "does not reach 0.95"),
    "not a number": Slip(swap("    n_min_95 = 300", '    n_min_95 = "beaucoup"'), "answer", "a width is a whole number"),
}  # fmt: skip
