"""TD : perceptrons multi-couches avec Keras / Lab: multi-layer perceptrons with Keras."""

import keras
from dataset_utils import prepare_mnist
from keras import layers, regularizers

keras.utils.set_random_seed(7)


# 1. Lisez dataset_utils.py : les formes de / read dataset_utils.py: the shapes of X_train, y_train, X_test, y_test ;
# "classification" ou "régression" / "classification" or "regression".
### BEGIN SOLUTION
mnist_shapes = ((60000, 784), (60000, 10), (10000, 784), (10000, 10))
boston_shapes = ((404, 13), (404,), (102, 13), (102,))
mnist_task = "classification"
boston_task = "régression"
### END SOLUTION


def perceptron():
    """2. Aucune couche cachée / no hidden layer."""
    ### BEGIN SOLUTION
    model = keras.Sequential([keras.Input((784,)), layers.Dense(10, activation="softmax")])
    model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
    return model
    ### END SOLUTION


def mlp(hidden_layers):
    """3. Des couches cachées de 128 neurones, relu / hidden layers of 128 neurons, relu: mlp(1), mlp(2), mlp(3)."""
    ### BEGIN SOLUTION
    model = keras.Sequential([keras.Input((784,))])
    for _ in range(hidden_layers):
        model.add(layers.Dense(128, activation="relu"))
    model.add(layers.Dense(10, activation="softmax"))
    model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
    return model
    ### END SOLUTION


def wide_mlp():
    """4. Une seule couche cachée, autant de paramètres que / one hidden layer, as many parameters as mlp(3)."""
    ### BEGIN SOLUTION
    # (784 + 1) n + (n + 1) 10 = 134 794 : n = 169,5
    model = keras.Sequential(
        [keras.Input((784,)), layers.Dense(170, activation="relu"), layers.Dense(10, activation="softmax")]
    )
    model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
    return model
    ### END SOLUTION


def train(model, X, y):
    """5. Une dizaine d'époques, 30 % pour la validation / about ten epochs, 30 % for validation: the history."""
    ### BEGIN SOLUTION
    return model.fit(X, y, epochs=10, batch_size=200, validation_split=0.3, verbose=2)
    ### END SOLUTION


def mlp_l1(hidden_layers=3):
    """6. Une régularisation L1 de chaque couche / L1 regularisation of every layer."""
    ### BEGIN SOLUTION
    model = keras.Sequential([keras.Input((784,))])
    for _ in range(hidden_layers):
        model.add(layers.Dense(128, activation="relu", kernel_regularizer=regularizers.L1(0.0001)))
    model.add(layers.Dense(10, activation="softmax", kernel_regularizer=regularizers.L1(0.0001)))
    model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
    return model
    ### END SOLUTION


def mlp_dropout(hidden_layers=3):
    """7. À la place / instead: Drop-Out, 10 %."""
    ### BEGIN SOLUTION
    model = keras.Sequential([keras.Input((784,))])
    for _ in range(hidden_layers):
        model.add(layers.Dense(128, activation="relu"))
        model.add(layers.Dropout(0.1))
    model.add(layers.Dense(10, activation="softmax"))
    model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
    return model
    ### END SOLUTION


if __name__ == "__main__":
    X_train, y_train, X_test, y_test = prepare_mnist()
    models = [perceptron(), mlp(1), mlp(2), mlp(3), wide_mlp(), mlp_l1(), mlp_dropout()]
    for model in models:
        history = train(model, X_train, y_train)
        print(model.count_params(), max(history.history["val_accuracy"]))
