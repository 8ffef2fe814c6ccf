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
# VOTRE RÉPONSE / YOUR ANSWER

# %% [markdown]
# ## Partie 2 : les pixels / raw pixels
#
# Topologie, poids couche par couche (calcul à la main), exactitude / topology, weights by hand, accuracy:
#
# VOTRE RÉPONSE / YOUR ANSWER


# %%
def raw_mlp():
    """784 pixels, couches cachées, softmax / 784 pixels, hidden layers, softmax; RMSprop, categorical_crossentropy."""
    # YOUR CODE HERE
    raise NotImplementedError()


# %%
def hog_features(images, n_orientations=8, pix_p_cell=4):
    """Images (N, 28, 28) -> (N, hog_size) : cellules de pix_p_cell pixels, blocs d'une cellule / blocks of one cell."""
    # YOUR CODE HERE
    raise NotImplementedError()


# %% [markdown]
# ## Partie 2 : le HOG / HOG features
#
# Topologie, poids couche par couche, exactitude / topology, weights by hand, accuracy:
#
# VOTRE RÉPONSE / YOUR ANSWER


# %%
def hog_mlp(hog_size):
    """Le vecteur HOG, une couche cachée, softmax / the HOG vector, a hidden layer, softmax."""
    # YOUR CODE HERE
    raise NotImplementedError()


# %% [markdown]
# ## Partie 2 : le CNN / the CNN
#
# Topologie, poids couche par couche, exactitude / topology, weights by hand, accuracy:
#
# VOTRE RÉPONSE / YOUR ANSWER


# %%
def cnn():
    """Images (28, 28, 1), convolutions et pooling / convolutions and pooling, softmax."""
    # YOUR CODE HERE
    raise NotImplementedError()


# %% [markdown]
# ## Partie 4 : les radios / chest X-rays
#
# Topologie, et F1 sur les images de validation / topology, and F1 on the validation images:
#
# VOTRE RÉPONSE / YOUR ANSWER


# %%
def pneumonia_cnn(input_shape):
    """Radios « normal » ou « pneumonie » / X-rays, normal or pneumonia: une sortie sigmoid / one sigmoid output."""
    # YOUR CODE HERE
    raise NotImplementedError()


# %%
def confusion(model, X, y):
    """Matrice de confusion, les vraies classes en lignes / confusion matrix, the true classes in rows."""
    # YOUR CODE HERE
    raise NotImplementedError()


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
