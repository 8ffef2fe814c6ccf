"""Lab: how strong is this concrete? A small regression."""

import keras
import numpy as np
from keras import layers
from keras.callbacks import EarlyStopping

keras.utils.set_random_seed(3)


def standardise(X_train, X_test):
    """Mean 0 and standard deviation 1, column by column, by the training set alone."""
    ### BEGIN SOLUTION
    mean, std = X_train.mean(axis=0), X_train.std(axis=0)
    return (X_train - mean) / std, (X_test - mean) / std
    ### END SOLUTION


def regressor(n_features):
    """Dense 32 relu, dense 16 relu, one output without activation; mse, adam, mae."""
    ### BEGIN SOLUTION
    model = keras.Sequential(
        [
            keras.Input((n_features,)),
            layers.Dense(32, activation="relu"),
            layers.Dense(16, activation="relu"),
            layers.Dense(1),
        ]
    )
    model.compile(loss="mse", optimizer="adam", metrics=["mae"])
    return model
    ### END SOLUTION


def fit_regressor(model, X, y):
    """30 epochs, batches of 16, a fifth for validation; stops after 5 epochs without a better val_loss."""
    ### BEGIN SOLUTION
    stop = EarlyStopping(monitor="val_loss", patience=5, restore_best_weights=True)
    return model.fit(X, y, epochs=30, batch_size=16, validation_split=0.2, callbacks=[stop], verbose=0)
    ### END SOLUTION


def rmse(y_true, y_pred):
    """The root of the mean squared error, a float."""
    ### BEGIN SOLUTION
    return np.sqrt(np.mean((np.ravel(y_true) - np.ravel(y_pred)) ** 2))
    ### END SOLUTION
