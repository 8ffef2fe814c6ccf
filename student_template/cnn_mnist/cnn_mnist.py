"""TP : trois réseaux convolutifs pour MNIST / Lab: three convolutional networks for MNIST."""

import keras
from keras import layers
from keras.datasets import mnist

keras.utils.set_random_seed(7)


def get_data_mnist():
    """Charge MNIST / load MNIST: ((X_train, y_train), (X_test, y_test), num_classes)."""
    # YOUR CODE HERE
    raise NotImplementedError()


def small_model():
    """Conv 64 3x3 relu, conv 32 3x3 relu, flatten, dense 10 softmax."""
    # YOUR CODE HERE
    raise NotImplementedError()


def medium_model():
    """Conv 32 5x5 relu, max-pool 2x2, dropout 0.2, flatten, dense 128 relu, dense 10 softmax."""
    # YOUR CODE HERE
    raise NotImplementedError()


def large_model():
    """Conv 30 5x5 relu, max-pool 2x2, conv 15 3x3 relu, dropout 0.2, flatten, dense 128, 50 relu, 10 softmax."""
    # YOUR CODE HERE
    raise NotImplementedError()


def train_model(model, X_train, y_train, X_test, y_test):
    """10 époques, lots de 200 / 10 epochs, batches of 200, validated on the test set."""
    # YOUR CODE HERE
    raise NotImplementedError()


def print_model_error_rate(model, X_test, y_test):
    """Affiche / print ``Model score : 97.60%`` and ``Model error rate : 2.40%``."""
    # YOUR CODE HERE
    raise NotImplementedError()


def save_keras_model(model, filename):
    """Écrit / write ``<filename>.json`` and ``<filename>.weights.h5``."""
    # YOUR CODE HERE
    raise NotImplementedError()


def load_keras_model(filename):
    """Relit le modèle / read the model back, architecture and weights."""
    # YOUR CODE HERE
    raise NotImplementedError()


if __name__ == "__main__":
    (X_train, y_train), (X_test, y_test), num_classes = get_data_mnist()
    for build in (small_model, medium_model, large_model):
        model = build()
        train_model(model, X_train, y_train, X_test, y_test)
        print_model_error_rate(model, X_test, y_test)
