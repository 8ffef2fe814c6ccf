"""Les jeux de données du TD / the data sets of this lab."""

import os
from pathlib import Path

import keras
import numpy as np
from keras.datasets import boston_housing, mnist

# sur le réseau, le dossier des fichiers déjà téléchargés / on the network, the folder of files already downloaded
SHARED = os.environ.get("LAB_DATA")


def find(name, local):
    """Sur une machine du réseau, prend le fichier déjà téléchargé / on a machine of the network, take the shared file."""
    if SHARED and not local:
        keras.utils.get_file(name, origin=(Path(SHARED) / name).as_uri())


def prepare_mnist(local=True):
    """Rend / return X_train, y_train, X_test, y_test ; local=False sur / on a machine of the network."""
    find("mnist.npz", local)
    (X_train, y_train), (X_test, y_test) = mnist.load_data()
    X_train = X_train.reshape(X_train.shape[0], 28 * 28).astype("float32") / 255
    X_test = X_test.reshape(X_test.shape[0], 28 * 28).astype("float32") / 255
    y_train = keras.utils.to_categorical(y_train, 10)
    y_test = keras.utils.to_categorical(y_test, 10)
    return X_train, y_train, X_test, y_test


def prepare_boston(local=True):
    """Rend / return X_train, y_train, X_test, y_test ; local=False sur / on a machine of the network."""
    find("boston_housing.npz", local)
    (X_train, y_train), (X_test, y_test) = boston_housing.load_data()
    mean, deviation = np.mean(X_train, axis=0), np.std(X_train, axis=0)
    X_train = (X_train - mean) / deviation
    X_test = (X_test - mean) / deviation
    return X_train, y_train, X_test, y_test
