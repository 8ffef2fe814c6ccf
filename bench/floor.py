"""The floor: the three models of cnn_mnist trained and evaluated in warm forked processes, and nothing else.

``python bench/floor.py DATA COUNT WORKERS`` prints the seconds that the import of TensorFlow took, then those of
COUNT times three models with WORKERS processes at a time.
"""

from __future__ import annotations

import os
import sys
import time

import numpy as np

began = time.monotonic()
import keras  # noqa: E402 - timed
import tensorflow as tf  # noqa: E402 - timed
from keras import layers  # noqa: E402 - timed

IMPORT_SECONDS = time.monotonic() - began
MODELS = (
    lambda: [layers.Conv2D(64, 3, activation="relu"), layers.Conv2D(32, 3, activation="relu"), layers.Flatten()],
    lambda: [
        layers.Conv2D(32, 5, activation="relu"), layers.MaxPooling2D(), layers.Dropout(0.2), layers.Flatten(),
        layers.Dense(128, activation="relu"),
    ],
    lambda: [
        layers.Conv2D(30, 5, activation="relu"), layers.MaxPooling2D(), layers.Conv2D(15, 3, activation="relu"),
        layers.Dropout(0.2), layers.Flatten(), layers.Dense(128, activation="relu"), layers.Dense(50, activation="relu"),
    ],
)  # fmt: skip


def work(data: str) -> None:
    """Train each model on 2,000 images for one epoch, and evaluate it on 1,000."""
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    with np.load(data) as arrays:
        x, y = arrays["x_train"][:2000], arrays["y_train"][:2000]
        test_x, test_y = arrays["x_test"][:1000], arrays["y_test"][:1000]
    x, test_x = (part[..., None].astype("float32") / 255 for part in (x, test_x))
    y, test_y = (keras.utils.to_categorical(part, 10) for part in (y, test_y))
    for build in MODELS:
        model = keras.Sequential([keras.Input((28, 28, 1)), *build(), layers.Dense(10, activation="softmax")])
        model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
        model.fit(x, y, batch_size=200, epochs=1, verbose=0)
        model.evaluate(test_x, test_y, batch_size=200, verbose=0)


def main(data: str, count: int, workers: int) -> None:
    """Print the two times."""
    start = time.monotonic()
    running = 0
    for _number in range(count):
        if running == workers:
            os.wait()
            running -= 1
        if os.fork() == 0:
            work(data)
            os._exit(0)
        running += 1
    while running:
        os.wait()
        running -= 1
    print(IMPORT_SECONDS, time.monotonic() - start)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
