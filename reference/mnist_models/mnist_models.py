"""TP : modèles linéaire, dense et convolutif pour MNIST / Lab: linear, dense and convolutional models for MNIST."""

import os

import keras
from keras import layers
from keras.callbacks import ModelCheckpoint, TensorBoard
from keras.datasets import mnist

keras.utils.set_random_seed(7)


def load_flat_mnist():
    """Images en lignes de 784 pixels, étiquettes one-hot / rows of 784 pixels: (X_train, y_train), (X_test, y_test)."""
    ### BEGIN SOLUTION
    (X_train, y_train), (X_test, y_test) = mnist.load_data()
    X_train = X_train.reshape(len(X_train), 28 * 28)
    X_test = X_test.reshape(len(X_test), 28 * 28)
    y_train = keras.utils.to_categorical(y_train, 10)
    y_test = keras.utils.to_categorical(y_test, 10)
    return (X_train, y_train), (X_test, y_test)
    ### END SOLUTION


def linear_model():
    """Dense 10 softmax sur 784 pixels, compilé / on 784 pixels, compiled: categorical_crossentropy, adam, accuracy."""
    ### BEGIN SOLUTION
    inputs = keras.Input((784,))
    scores = layers.Dense(10)(inputs)
    model = keras.Model(inputs, layers.Activation("softmax")(scores))
    model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    return model
    ### END SOLUTION


def generate_unique_logpath(logdir, raw_run_name):
    """Le premier chemin libre / the first free path: ``<logdir>/<raw_run_name>-<i>``, i = 0, 1, 2, …"""
    ### BEGIN SOLUTION
    i = 0
    while os.path.exists(os.path.join(logdir, f"{raw_run_name}-{i}")):
        i += 1
    return os.path.join(logdir, f"{raw_run_name}-{i}")
    ### END SOLUTION


def train_and_checkpoint(model, X_train, y_train, logpath):
    """20 époques, lots de 128, 10 % de validation / 20 epochs, batches of 128, 10 % held out for validation.

    Écrit sous logpath le journal de TensorBoard et le meilleur modèle selon val_loss ; rend le chemin du modèle.
    Writes TensorBoard's log and the best model by val_loss under logpath; returns the path of the model.
    """
    ### BEGIN SOLUTION
    path = os.path.join(logpath, "best_model.keras")
    model.fit(
        X_train,
        y_train,
        batch_size=128,
        epochs=20,
        validation_split=0.1,
        callbacks=[TensorBoard(log_dir=logpath), ModelCheckpoint(path, monitor="val_loss", save_best_only=True)],
    )
    return path
    ### END SOLUTION


def load_best_model(path):
    """Relit le modèle sauvegardé / read the saved model back."""
    ### BEGIN SOLUTION
    return keras.models.load_model(path, safe_mode=False)
    ### END SOLUTION


def normalised_linear_model(X_train):
    """Comme linear_model, sur / as linear_model, on (x - mean) / (std + 1.0), pixel par pixel / pixel by pixel."""
    ### BEGIN SOLUTION
    mean, std = X_train.mean(axis=0), X_train.std(axis=0) + 1.0
    inputs = keras.Input((784,))
    x = layers.Normalization(mean=mean, variance=std**2)(inputs)
    outputs = layers.Dense(10, activation="softmax")(x)
    model = keras.Model(inputs, outputs)
    model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    return model
    ### END SOLUTION


def mlp_model(X_train, nhidden1=150, nhidden2=150, l2=None, dropout=None):
    """Normalisation, dense 150 relu, dense 150 relu, dense 10 softmax.

    l2 : régularisation de la première couche cachée ; dropout : taux après chaque relu ; None : sans.
    l2: regulariser of the first hidden layer; dropout: rate after each relu; None: without.
    """
    ### BEGIN SOLUTION
    mean, std = X_train.mean(axis=0), X_train.std(axis=0) + 1.0
    inputs = keras.Input((784,))
    x = layers.Normalization(mean=mean, variance=std**2)(inputs)
    regulariser = None if l2 is None else keras.regularizers.L2(l2)
    x = layers.Dense(nhidden1, activation="relu", kernel_regularizer=regulariser)(x)
    if dropout is not None:
        x = layers.Dropout(dropout)(x)
    x = layers.Dense(nhidden2, activation="relu")(x)
    if dropout is not None:
        x = layers.Dropout(dropout)(x)
    outputs = layers.Dense(10, activation="softmax")(x)
    model = keras.Model(inputs, outputs)
    model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    return model
    ### END SOLUTION


def cnn_model(X_train):
    """Conv 64 5x5 relu, max-pool 2 stride 2, flatten, dense 128 relu, 64 relu, 10 softmax.

    X_train : images (N, 28, 28), comme les rend mnist.load_data() / as mnist.load_data() gives them.
    """
    ### BEGIN SOLUTION
    images = X_train.reshape(-1, 28, 28, 1)
    mean, std = images.mean(axis=0), images.std(axis=0) + 1.0
    inputs = keras.Input((28, 28, 1))
    x = layers.Normalization(axis=(1, 2, 3), mean=mean, variance=std**2)(inputs)
    x = layers.Conv2D(64, 5, strides=1, activation="relu")(x)
    x = layers.MaxPooling2D(pool_size=2, strides=2)(x)
    x = layers.Flatten()(x)
    x = layers.Dense(128, activation="relu")(x)
    x = layers.Dense(64, activation="relu")(x)
    outputs = layers.Dense(10, activation="softmax")(x)
    model = keras.Model(inputs, outputs)
    model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    return model
    ### END SOLUTION


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
