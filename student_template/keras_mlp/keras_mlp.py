"""TD : perceptrons multi-couches avec Keras / Lab: multi-layer perceptrons with Keras."""

import keras
from dataset_utils import prepare_mnist
from keras import layers, regularizers

keras.utils.set_random_seed(7)


# 1. Lisez dataset_utils.py : les formes de / read dataset_utils.py: the shapes of X_train, y_train, X_test, y_test ;
# "classification" ou "régression" / "classification" or "regression".
mnist_shapes = ...  # YOUR CODE HERE
boston_shapes = ...  # YOUR CODE HERE
mnist_task = ...  # YOUR CODE HERE
boston_task = ...  # YOUR CODE HERE


def perceptron():
    """2. Aucune couche cachée / no hidden layer."""
    # YOUR CODE HERE
    raise NotImplementedError()


def mlp(hidden_layers):
    """3. Des couches cachées de 128 neurones, relu / hidden layers of 128 neurons, relu: mlp(1), mlp(2), mlp(3)."""
    # YOUR CODE HERE
    raise NotImplementedError()


def wide_mlp():
    """4. Une seule couche cachée, autant de paramètres que / one hidden layer, as many parameters as mlp(3)."""
    # YOUR CODE HERE
    raise NotImplementedError()


def train(model, X, y):
    """5. Une dizaine d'époques, 30 % pour la validation / about ten epochs, 30 % for validation: the history."""
    # YOUR CODE HERE
    raise NotImplementedError()


def mlp_l1(hidden_layers=3):
    """6. Une régularisation L1 de chaque couche / L1 regularisation of every layer."""
    # YOUR CODE HERE
    raise NotImplementedError()


def mlp_dropout(hidden_layers=3):
    """7. À la place / instead: Drop-Out, 10 %."""
    # YOUR CODE HERE
    raise NotImplementedError()


if __name__ == "__main__":
    X_train, y_train, X_test, y_test = prepare_mnist()
    models = [perceptron(), mlp(1), mlp(2), mlp(3), wide_mlp(), mlp_l1(), mlp_dropout()]
    for model in models:
        history = train(model, X_train, y_train)
        print(model.count_params(), max(history.history["val_accuracy"]))
