"""Une copie avec deux erreurs / a hand-in with two mistakes: a second max-pool, and a validation forgotten."""

import keras
from keras import layers
from keras.datasets import mnist

keras.utils.set_random_seed(7)


def get_data_mnist():
    """Charge MNIST / load MNIST: ((X_train, y_train), (X_test, y_test), num_classes)."""
    (X_train, y_train), (X_test, y_test) = mnist.load_data()
    X_train = X_train.reshape(X_train.shape[0], 28, 28, 1).astype("float32") / 255
    X_test = X_test.reshape(X_test.shape[0], 28, 28, 1).astype("float32") / 255
    y_train = keras.utils.to_categorical(y_train)
    y_test = keras.utils.to_categorical(y_test)
    num_classes = y_test.shape[1]
    return (X_train, y_train), (X_test, y_test), num_classes


def small_model():
    """Conv 64 3x3 relu, conv 32 3x3 relu, flatten, dense 10 softmax."""
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(64, (3, 3), activation="relu"),
            layers.Conv2D(32, (3, 3), activation="relu"),
            layers.Flatten(),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    return model


def medium_model():
    """Conv 32 5x5 relu, max-pool 2x2, dropout 0.2, flatten, dense 128 relu, dense 10 softmax."""
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(32, (5, 5), activation="relu"),
            layers.MaxPooling2D(pool_size=(2, 2)),
            layers.Dropout(0.2),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    return model


def large_model():
    """Conv 30 5x5 relu, max-pool 2x2, conv 15 3x3 relu, dropout 0.2, flatten, dense 128, 50 relu, 10 softmax."""
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(30, (5, 5), activation="relu"),
            layers.MaxPooling2D(pool_size=(2, 2)),
            layers.Conv2D(15, (3, 3), activation="relu"),
            layers.MaxPooling2D(pool_size=(2, 2)),
            layers.Dropout(0.2),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dense(50, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    return model


def train_model(model, X_train, y_train, X_test, y_test):
    """10 époques, lots de 200 / 10 epochs, batches of 200, validated on the test set."""
    return model.fit(X_train, y_train, epochs=10, batch_size=200)


def print_model_error_rate(model, X_test, y_test):
    """Affiche / print ``Model score : 97.60%`` and ``Model error rate : 2.40%``."""
    scores = model.evaluate(X_test, y_test, verbose=0)
    print("Model score : %.2f%%" % (scores[1] * 100))
    print("Model error rate : %.2f%%" % (100 - scores[1] * 100))


def save_keras_model(model, filename):
    """Écrit / write ``<filename>.json`` and ``<filename>.weights.h5``."""
    with open(filename + ".json", "w") as file:
        file.write(model.to_json())
    model.save_weights(filename + ".weights.h5")


def load_keras_model(filename):
    """Relit le modèle / read the model back, architecture and weights."""
    with open(filename + ".json") as file:
        model = keras.models.model_from_json(file.read())
    model.load_weights(filename + ".weights.h5")
    return model
