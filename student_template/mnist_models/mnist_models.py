"""TP : modèles linéaire, dense et convolutif pour MNIST / Lab: linear, dense and convolutional models for MNIST."""

import os

import keras
from keras import layers
from keras.callbacks import ModelCheckpoint, TensorBoard
from keras.datasets import mnist

keras.utils.set_random_seed(7)


def load_flat_mnist():
    """Images en lignes de 784 pixels, étiquettes one-hot / rows of 784 pixels: (X_train, y_train), (X_test, y_test)."""
    # YOUR CODE HERE
    raise NotImplementedError()


def linear_model():
    """Dense 10 softmax sur 784 pixels, compilé / on 784 pixels, compiled: categorical_crossentropy, adam, accuracy."""
    # YOUR CODE HERE
    raise NotImplementedError()


def generate_unique_logpath(logdir, raw_run_name):
    """Le premier chemin libre / the first free path: ``<logdir>/<raw_run_name>-<i>``, i = 0, 1, 2, …"""
    # YOUR CODE HERE
    raise NotImplementedError()


def train_and_checkpoint(model, X_train, y_train, logpath):
    """20 époques, lots de 128, 10 % de validation / 20 epochs, batches of 128, 10 % held out for validation.

    Écrit sous logpath le journal de TensorBoard et le meilleur modèle selon val_loss ; rend le chemin du modèle.
    Writes TensorBoard's log and the best model by val_loss under logpath; returns the path of the model.
    """
    # YOUR CODE HERE
    raise NotImplementedError()


def load_best_model(path):
    """Relit le modèle sauvegardé / read the saved model back."""
    # YOUR CODE HERE
    raise NotImplementedError()


def normalised_linear_model(X_train):
    """Comme linear_model, sur / as linear_model, on (x - mean) / (std + 1.0), pixel par pixel / pixel by pixel."""
    # YOUR CODE HERE
    raise NotImplementedError()


def mlp_model(X_train, nhidden1=150, nhidden2=150, l2=None, dropout=None):
    """Normalisation, dense 150 relu, dense 150 relu, dense 10 softmax.

    l2 : régularisation de la première couche cachée ; dropout : taux après chaque relu ; None : sans.
    l2: regulariser of the first hidden layer; dropout: rate after each relu; None: without.
    """
    # YOUR CODE HERE
    raise NotImplementedError()


def cnn_model(X_train):
    """Conv 64 5x5 relu, max-pool 2 stride 2, flatten, dense 128 relu, 64 relu, 10 softmax.

    X_train : images (N, 28, 28), comme les rend mnist.load_data() / as mnist.load_data() gives them.
    """
    # YOUR CODE HERE
    raise NotImplementedError()


if __name__ == "__main__":
    (X_train, y_train), (X_test, y_test) = load_flat_mnist()
    (images_train, _), (images_test, _) = mnist.load_data()
    for name, model, x_train, x_test in (
        ("linear", linear_model(), X_train, X_test),
        ("normalised", normalised_linear_model(X_train), X_train, X_test),
        ("mlp", mlp_model(X_train), X_train, X_test),
        ("mlp-l2", mlp_model(X_train, l2=1e-5), X_train, X_test),
        ("mlp-dropout", mlp_model(X_train, dropout=0.5), X_train, X_test),
        ("cnn", cnn_model(images_train), images_train[..., None], images_test[..., None]),
    ):
        logpath = generate_unique_logpath("./logs", name)
        best = load_best_model(train_and_checkpoint(model, x_train, y_train, logpath))
        print(name, best.evaluate(x_test, y_test, verbose=0))
