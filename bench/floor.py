"""The floor: models trained and evaluated in warm forked processes, and nothing else.

``python bench/floor.py MODELS DATA COUNT WORKERS`` prints the seconds that the import of TensorFlow took, then those
of COUNT times all models in the JSON file MODELS (see ``trained`` in check.py), with WORKERS processes at a time.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

began = time.monotonic()
import keras  # noqa: E402 - timed
import tensorflow as tf  # noqa: E402 - timed

IMPORT_SECONDS = time.monotonic() - began
TRAINED, EVALUATED = 2000, 1000


def shaped(model: dict[str, Any], images: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """As many inputs and targets as there are labels, in the shapes that ``model`` takes; their values cost no time."""
    inputs = np.resize(images.astype("float32") / 255, (len(labels), *model["inputs"][1:]))
    classes = model["outputs"][-1]
    if model["loss"].startswith("sparse"):
        return inputs, labels % classes
    return inputs, (labels % 2).astype("float32")[:, None] if classes == 1 else np.eye(classes)[labels % classes]


def work(models: list[dict[str, Any]], data: Path) -> None:
    """Train each model on ``TRAINED`` images for its epochs, else one, and evaluate it on ``EVALUATED``."""
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    # the reference's own Lambda layers
    keras.config.enable_unsafe_deserialization()
    with np.load(data) as arrays:
        train = arrays["x_train"][:TRAINED], arrays["y_train"][:TRAINED]
        test = arrays["x_test"][:EVALUATED], arrays["y_test"][:EVALUATED]
    for each in models:
        model = keras.models.model_from_json(each["config"])
        model.compile(loss=each["loss"], optimizer=each["optimizer"], metrics=["accuracy"])
        model.fit(*shaped(each, *train), batch_size=each["batch_size"], epochs=each.get("epochs", 1), verbose=0)
        model.evaluate(*shaped(each, *test), batch_size=each["batch_size"], verbose=0)


def main(models: Path, data: Path, count: int, workers: int) -> None:
    """Print the two times."""
    wanted = json.loads(models.read_text())
    start = time.monotonic()
    running = 0
    for _number in range(count):
        if running == workers:
            _finish()
            running -= 1
        if os.fork() == 0:
            work(wanted, data)
            os._exit(0)
        running += 1
    for _number in range(running):
        _finish()
    print(IMPORT_SECONDS, time.monotonic() - start)


def _finish() -> None:
    """Wait for a process; raises RuntimeError where it failed, whose time says nothing."""
    _pid, status = os.wait()
    if status:
        raise RuntimeError("a training failed")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
