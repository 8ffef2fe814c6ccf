"""The old spellings, as tables: where modules went, what keywords and history keys are called now."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Moved:
    """A module that is gone: ``home`` holds its contents now, ``renamed`` what has another name there."""

    home: str
    advice: str = ""
    renamed: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Keyword:
    """A keyword's modern ``name`` ("" where it is simply left out), and the modern form of its values."""

    name: str
    values: dict[str | int | bool, object] = field(default_factory=dict)


_LAYERS = Moved("keras.layers")
MODULES = {
    "keras.utils.np_utils": Moved("keras.utils", "from keras.utils import to_categorical"),
    "keras.utils.vis_utils": Moved("keras.utils", "from keras.utils import plot_model"),
    "keras.utils.generic_utils": Moved("keras.utils", "from keras.utils import get_custom_objects"),
    "keras.utils.data_utils": Moved("keras.utils", "from keras.utils import get_file"),
    "keras.layers.convolutional": _LAYERS,
    "keras.layers.pooling": _LAYERS,
    "keras.layers.core": _LAYERS,
    "keras.layers.normalization": _LAYERS,
    "keras.layers.normalization.batch_normalization": _LAYERS,
    "keras.layers.recurrent": _LAYERS,
    "keras.layers.embeddings": _LAYERS,
    "keras.layers.merge": _LAYERS,
    "keras.layers.noise": _LAYERS,
    "keras.layers.advanced_activations": _LAYERS,
    "keras.layers.experimental.preprocessing": _LAYERS,
    "keras.engine.topology": Moved("keras"),
    "keras.engine.training": Moved("keras"),
    "keras.optimizers.legacy": Moved("keras.optimizers"),
    "keras.engine": Moved("keras"),
}
INITIALISER = Keyword("kernel_initializer", {"normal": "random_normal", "uniform": "random_uniform"})
DIM_ORDERING = Keyword("data_format", {"th": "channels_first", "tf": "channels_last"})
_CONVOLUTION = {
    "init": INITIALISER,
    "border_mode": Keyword("padding"),
    "subsample": Keyword("strides"),
    "nb_filter": Keyword("filters"),
    "dim_ordering": DIM_ORDERING,
    "W_regularizer": Keyword("kernel_regularizer"),
    "b_regularizer": Keyword("bias_regularizer"),
    "bias": Keyword("use_bias"),
}
KEYWORDS = {
    "Conv1D Conv2D": _CONVOLUTION,
    "MaxPooling2D AveragePooling2D": {"border_mode": Keyword("padding"), "dim_ordering": DIM_ORDERING},
    "Dense": {
        "init": INITIALISER,
        "output_dim": Keyword("units"),
        "W_regularizer": Keyword("kernel_regularizer"),
        "b_regularizer": Keyword("bias_regularizer"),
        "bias": Keyword("use_bias"),
    },
    "Dropout": {"p": Keyword("rate")},
    "Adam SGD RMSprop Adagrad Adadelta Adamax Nadam": {"lr": Keyword("learning_rate"), "decay": Keyword("")},
}
METHOD_KEYWORDS = {
    "fit": {
        "nb_epoch": Keyword("epochs"),
        "workers": Keyword(""),
        "use_multiprocessing": Keyword(""),
        "max_queue_size": Keyword(""),
    },
    "compile": {"class_mode": Keyword("")},
}
OLD_LAYERS = {"Convolution2D": "Conv2D", "Convolution1D": "Conv1D"}
HISTORY = {"acc": "accuracy", "val_acc": "val_accuracy"}
