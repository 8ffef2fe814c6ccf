"""TP : réseaux de neurones profonds / Lab: deep neural networks (MLP, HOG, CNN, chest X-rays)."""

import keras
import numpy as np
from keras import layers
from keras.datasets import mnist
from skimage.feature import hog
from sklearn.metrics import confusion_matrix, f1_score

keras.utils.set_random_seed(7)


# %% [markdown]
# ## Partie 1 : l'algorithme d'apprentissage / the learning algorithm
#
# Quel algorithme ajuste les poids, et quelle fonction de perte est minimisée ? / Which algorithm, which loss?
#
### BEGIN SOLUTION
# L'algorithme est **RMSprop** ; la fonction de perte est **categorical\_crossentropy**.
### END SOLUTION

# %% [markdown]
# ## Partie 2 : les pixels / raw pixels
#
# Topologie, poids couche par couche (calcul à la main), exactitude / topology, weights by hand, accuracy:
#
### BEGIN SOLUTION
# | Layer (type)    | Output Shape | Param # |
# | --------------- | ------------ | ------- |
# | dense (Dense)   | (None, 512)  | 401,920 |
# | dense_1 (Dense) | (None, 10)   | 5,130   |
#
# Total params: 407,050 (1.55 MB)
#
# - Première couche : $(784 \times 512) + 512 = 401'920$
# - Couche de sortie : $(512 \times 10) + 10 = 5'130$
#
# Le total est de 407'050 poids. Test accuracy: 0.9726
### END SOLUTION


# %%
def raw_mlp():
    """784 pixels, couches cachées, softmax / 784 pixels, hidden layers, softmax; RMSprop, categorical_crossentropy."""
    ### BEGIN SOLUTION
    model = keras.Sequential(
        [
            keras.Input((784,)),
            layers.Dense(512, activation="sigmoid"),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(loss="categorical_crossentropy", optimizer="rmsprop", metrics=["accuracy"])
    return model
    ### END SOLUTION


# %%
def hog_features(images, n_orientations=8, pix_p_cell=4):
    """Images (N, 28, 28) -> (N, hog_size) : cellules de pix_p_cell pixels, blocs d'une cellule / blocks of one cell."""
    ### BEGIN SOLUTION
    cell = (pix_p_cell, pix_p_cell)
    return np.array(
        [
            hog(image, orientations=n_orientations, pixels_per_cell=cell, cells_per_block=(1, 1))
            for image in images
        ],
        dtype="float32",
    )
    ### END SOLUTION


# %% [markdown]
# ## Partie 2 : le HOG / HOG features
#
# Topologie, poids couche par couche, exactitude / topology, weights by hand, accuracy:
#
### BEGIN SOLUTION
# - Première couche : $(392 * 64) + 64$ (biais) = 25'152, où hog_size = 392
# - Le dropout n'a pas de poids.
# - Couche de sortie : $(64 * 10) + 10$ (biais) = 650
#
# En tout, 25'802 poids ; avec 16 orientations, $(784 * 64) + 64 + 650 = 50'890$ poids.
### END SOLUTION


# %%
def hog_mlp(hog_size):
    """Le vecteur HOG, une couche cachée, softmax / the HOG vector, a hidden layer, softmax."""
    ### BEGIN SOLUTION
    model = keras.Sequential(
        [
            keras.Input((hog_size,)),
            layers.Dense(64, activation="relu"),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(loss="categorical_crossentropy", optimizer="rmsprop", metrics=["accuracy"])
    return model
    ### END SOLUTION


# %% [markdown]
# ## Partie 2 : le CNN / the CNN
#
# Topologie, poids couche par couche, exactitude / topology, weights by hand, accuracy:
#
### BEGIN SOLUTION
# ```
#  l0 (InputLayer)             [(None, 28, 28, 1)]       0
#  l1 (Conv2D)                 (None, 28, 28, 32)        160
#  l1_mp (MaxPooling2D)        (None, 14, 14, 32)        0
#  l2 (Conv2D)                 (None, 14, 14, 32)        4128
#  l2_mp (MaxPooling2D)        (None, 7, 7, 32)          0
#  l3 (Conv2D)                 (None, 7, 7, 32)          4128
#  l3_mp (MaxPooling2D)        (None, 3, 3, 32)          0
#  flat (Flatten)              (None, 288)               0
#  l4 (Dense)                  (None, 64)                18496
#  l5 (Dense)                  (None, 10)                650
# =================================================================
# Total params: 27,562
# Trainable params: 27,562
# Non-trainable params: 0
# ```
#
# - l1 : $((2 * 2 * 1) + 1) * 32 = 160$ ; l2 et l3 : $((2 * 2 * 32) + 1) * 32 = 4128$
# - entrée aplatie : 3 × 3 × 32 = 288 ; l4 : (288 × 64) + 64 = 18 496
#
# La somme donne 27 562 paramètres.
### END SOLUTION


# %%
def cnn():
    """Images (28, 28, 1), convolutions et pooling / convolutions and pooling, softmax."""
    ### BEGIN SOLUTION
    l0 = keras.Input((28, 28, 1), name="l0")
    l1 = layers.Conv2D(32, (2, 2), padding="same", activation="relu", name="l1")(l0)
    l1_mp = layers.MaxPooling2D(pool_size=(2, 2), name="l1_mp")(l1)
    l2 = layers.Conv2D(32, (2, 2), padding="same", activation="relu", name="l2")(l1_mp)
    l2_mp = layers.MaxPooling2D(pool_size=(2, 2), name="l2_mp")(l2)
    l3 = layers.Conv2D(32, (2, 2), padding="same", activation="relu", name="l3")(l2_mp)
    l3_mp = layers.MaxPooling2D(pool_size=(2, 2), name="l3_mp")(l3)
    flat = layers.Flatten(name="flat")(l3_mp)
    l4 = layers.Dense(64, activation="relu", name="l4")(flat)
    l5 = layers.Dense(10, activation="softmax", name="l5")(l4)
    model = keras.Model(inputs=l0, outputs=l5)
    model.compile(loss="categorical_crossentropy", optimizer="rmsprop", metrics=["accuracy"])
    return model
    ### END SOLUTION


# %% [markdown]
# ## Partie 4 : les radios / chest X-rays
#
# Topologie, et F1 sur les images de validation / topology, and F1 on the validation images:
#
### BEGIN SOLUTION
# Deux convolutions, une sortie sigmoid : F1 = 0.92 sur les images de validation.
### END SOLUTION


# %%
def pneumonia_cnn(input_shape):
    """Radios « normal » ou « pneumonie » / X-rays, normal or pneumonia: une sortie sigmoid / one sigmoid output."""
    ### BEGIN SOLUTION
    model = keras.Sequential(
        [
            keras.Input(input_shape),
            layers.Conv2D(16, (3, 3), padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(32, (3, 3), padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(loss="binary_crossentropy", optimizer="rmsprop", metrics=["accuracy"])
    return model
    ### END SOLUTION


# %%
def confusion(model, X, y):
    """Matrice de confusion, les vraies classes en lignes / confusion matrix, the true classes in rows."""
    ### BEGIN SOLUTION
    predicted = model.predict(X, verbose=0).argmax(axis=1)
    truth = np.asarray(y).argmax(axis=1) if np.ndim(y) > 1 else np.asarray(y)
    return confusion_matrix(truth, predicted, labels=range(10))
    ### END SOLUTION


# %%
if __name__ == "__main__":
    (X_train, y_train), (X_test, y_test) = mnist.load_data()
    Y_train = keras.utils.to_categorical(y_train, 10)
    flat_train, flat_test = (X.reshape(len(X), 784).astype("float32") / 255 for X in (X_train, X_test))

    model = raw_mlp()
    model.fit(flat_train, Y_train, batch_size=128, epochs=10, validation_split=0.1)
    print(confusion(model, flat_test, y_test))

    X_hog = hog_features(X_train[:1000])
    model = hog_mlp(X_hog.shape[1])
    model.fit(X_hog, Y_train[:1000], batch_size=256, epochs=10, validation_split=0.1)

    model = cnn()
    model.fit(flat_train.reshape(-1, 28, 28, 1), Y_train, batch_size=128, epochs=3, validation_split=0.1)

    xrays = np.load("pneumonia.npz")
    X, X_val = (xrays[name][..., None].astype("float32") / 255 for name in ("train_images", "val_images"))
    y, y_val = (xrays[name].reshape(-1) for name in ("train_labels", "val_labels"))
    model = pneumonia_cnn(X.shape[1:])
    model.fit(X, y, batch_size=32, epochs=10, validation_data=(X_val, y_val))
    print("F1 :", f1_score(y_val, model.predict(X_val, verbose=0)[:, 0] > 0.5))
