"""Lets Keras 1 and 2 spellings run under Keras 3, and tells each use with its line and the modern spelling.

Imports are met in ``builtins.__import__``, which sees every import statement; calls by wrapping Keras's own
callables. Modern code passes through unchanged.
"""

from __future__ import annotations

import builtins
import functools
import inspect
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from checker.evidence import Place, Remark
from checker.sandbox import spellings

Tell = Callable[[str, str], None]


def install(tell: Callable[[Remark], None], caller: Callable[[], Place | None]) -> None:
    """Put the hooks in place; ``caller`` gives the submission's line that is calling, None for anybody else."""

    def told(printed: str, modern: str) -> None:
        place = caller()
        if place is not None:
            tell(Remark("old_spelling", {"printed": printed, "modern": modern}, place))

    _hook_imports(told)
    _hook_weights(told)
    _hook_loading(told)
    _hook_keywords(told)
    _hook_input(told)
    _hook_models(told)
    _hook_compile(told)
    _hook_callbacks(told)
    _hook_history(told)


# --- imports ---------------------------------------------------------------------------------------------------


def _hook_imports(told: Tell) -> None:
    import_ = builtins.__import__
    old = _old_modules()

    def hooked(name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0) -> Any:  # noqa: A002 - the names of __import__
        found = spellings.MODULES.get(_short(name)) if level == 0 else None
        if found is not None:
            for each in fromlist or ("",):
                told(*_import_texts(name, each, found))
            module = old[_short(name)]
            return module if fromlist else sys.modules[name.partition(".")[0]]
        module = import_(name, globals, locals, fromlist, level)
        for each in fromlist or ():
            path = spellings.MODULES.get(f"{_short(name)}.{each}") if level == 0 else None
            if path is not None:
                told(f"from {name} import {each}", path.advice)
        return module

    builtins.__import__ = hooked


def _import_texts(name: str, each: str, found: spellings.Moved) -> tuple[str, str]:
    printed = f"from {name} import {each}" if each else f"import {name}"
    home = found.home
    if name.startswith("tensorflow."):
        home = home.replace("keras", "tensorflow.keras", 1)
    return printed, f"from {home} import {found.renamed.get(each, each)}" if each else f"import {home}"


def _short(name: str) -> str:
    for prefix in ("tensorflow.python.", "tensorflow."):
        name = name.removeprefix(prefix)
    return name


def _old_modules() -> dict[str, ModuleType]:
    """Modules under the old paths, filled from where their contents live now."""
    import importlib

    import keras
    import tensorflow as tf

    made: dict[str, ModuleType] = {}
    for path, moved in spellings.MODULES.items():
        try:
            home = importlib.import_module(moved.home)
        except ImportError:
            continue
        module = ModuleType(path)
        for name in dir(home):
            if not name.startswith("__"):
                setattr(module, name, getattr(home, name))
        for before, now in moved.renamed.items():
            setattr(module, before, getattr(home, now, None))
        made[path] = module
        sys.modules.setdefault(path, module)
        sys.modules.setdefault(f"tensorflow.{path}", module)
    for face in (keras, tf.keras):
        for path, module in made.items():
            _root, *middle, last = path.split(".")
            holder = functools.reduce(lambda at, name: getattr(at, name, None), middle, face)
            if holder is not None and not hasattr(holder, last):
                setattr(holder, last, module)
    return made


# --- calls -----------------------------------------------------------------------------------------------------


def _hook_weights(told: Tell) -> None:
    import keras

    save, load = keras.Model.save_weights, keras.Model.load_weights

    @functools.wraps(save)
    def save_weights(model: Any, filepath: Any, *args: Any, **kwargs: Any) -> Any:
        path = str(filepath)
        if path.endswith(".weights.h5"):
            return save(model, filepath, *args, **kwargs)
        modern = path.removesuffix(".h5").removesuffix(".hdf5") + ".weights.h5"
        told(f"save_weights({path!r})", f"save_weights({modern!r})")
        half = f"{path}.half.weights.h5"
        save(model, half, overwrite=True)
        Path(half).replace(path)
        return None

    @functools.wraps(load)
    def load_weights(model: Any, filepath: Any, *args: Any, **kwargs: Any) -> Any:
        path = str(filepath)
        if path.endswith((".weights.h5", ".keras")) or not Path(path).is_file() or not _is_modern_weights(path):
            return load(model, filepath, *args, **kwargs)
        modern = path.removesuffix(".h5").removesuffix(".hdf5") + ".weights.h5"
        told(f"load_weights({path!r})", f"load_weights({modern!r})")
        link = f"{path}.{os.getpid()}.weights.h5"
        Path(link).symlink_to(Path(path).resolve())
        try:
            return load(model, link)
        finally:
            Path(link).unlink()

    keras.Model.save_weights = save_weights
    keras.Model.load_weights = load_weights


def _is_modern_weights(path: str) -> bool:
    """Whether an HDF5 file has the layout that Keras 3 gives weights alone."""
    import h5py

    try:
        with h5py.File(path) as file:
            return "layer_names" not in file.attrs and "model_weights" not in file
    except OSError:
        return False


def _hook_loading(told: Tell) -> None:
    """Lambda layers of the submission's own making may be loaded here: this is where its code runs anyway."""
    import keras
    import tensorflow as tf
    from keras.src.saving.serialization_lib import SafeModeScope

    keras.config.enable_unsafe_deserialization()
    load = keras.saving.load_model

    @functools.wraps(load)
    def load_model(filepath: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            with SafeModeScope(None):  # as Keras does it by itself
                return load(filepath, *args, **kwargs)
        except ValueError as error:
            if "safe_mode" in kwargs or "safe_mode" not in str(error):
                raise
        told(f"load_model({str(filepath)!r})", f"load_model({str(filepath)!r}, safe_mode=False)")
        return load(filepath, *args, **kwargs, safe_mode=False)

    for face in (keras.saving, keras.models, tf.keras.models):
        face.load_model = load_model


def _hook_keywords(told: Tell) -> None:
    import keras

    for kind, renames in spellings.KEYWORDS.items():
        for name in kind.split():
            owner = getattr(keras.layers, name, None) or getattr(keras.optimizers, name, None)
            if owner is not None and "__init__" in vars(owner):
                owner.__init__ = _renaming(owner.__init__, renames, told, owner.__name__)
    for alias, modern in spellings.OLD_LAYERS.items():
        _old_layer(alias, modern, told)


def _renaming(function: Any, renames: dict[str, spellings.Keyword], told: Tell, name: str) -> Any:
    @functools.wraps(function)
    def renamed(*args: Any, **kwargs: Any) -> Any:
        for old in [key for key in kwargs if key in renames]:
            keyword = renames[old]
            value = kwargs.pop(old)
            now = keyword.values.get(value, value) if isinstance(value, (str, int, bool)) else value
            if keyword.name:
                kwargs.setdefault(keyword.name, now)
            modern = f"{name}({keyword.name}={_shown(now)})" if keyword.name else f"{name}(…)"
            told(f"{name}({old}={_shown(value)})", modern)
        return function(*args, **kwargs)

    # Keras reads the constructor's own signature to make a layer's configuration
    renamed.__signature__ = inspect.signature(function)  # type: ignore[attr-defined]
    return renamed


def _shown(value: Any) -> str:
    """A value as it is written, where it is short: an object would show its address in memory."""
    return repr(value) if isinstance(value, (str, int, float, tuple)) else "…"


def _old_layer(alias: str, modern: str, told: Tell) -> None:
    """A Keras 1 layer name whose positional sizes meant height and width of the kernel, not strides."""
    import keras
    import tensorflow as tf

    layer = getattr(keras.layers, modern)

    def old(*args: Any, **kwargs: Any) -> Any:
        sizes = [arg for arg in args[1:3] if isinstance(arg, int)]
        if len(sizes) == 2:
            told(f"{alias}({args[0]}, {sizes[0]}, {sizes[1]})", f"{modern}({args[0]}, ({sizes[0]}, {sizes[1]}))")
            args = (args[0], tuple(sizes), *args[3:])
        else:
            told(alias, modern)
        return layer(*args, **kwargs)

    for face in (keras.layers, tf.keras.layers):
        setattr(face, alias, old)


def _hook_input(told: Tell) -> None:
    import keras
    import tensorflow as tf

    make = keras.Input

    @functools.wraps(make)
    def input_(shape: Any = None, *args: Any, **kwargs: Any) -> Any:
        if isinstance(shape, int):
            told(f"Input(shape={shape})", f"Input(shape=({shape},))")
            shape = (shape,)
        return make(shape, *args, **kwargs)

    for face in (keras, keras.layers, tf.keras, tf.keras.layers):
        face.Input = input_


def _hook_models(told: Tell) -> None:
    import keras
    import numpy as np

    model = keras.Model
    for method, renames in spellings.METHOD_KEYWORDS.items():
        # on the class that has it: Keras takes a method of Model's own for one of the student's
        owner = next(kind for kind in model.__mro__ if method in vars(kind))
        setattr(owner, method, _renaming(vars(owner)[method], renames, told, method))

    def predict_classes(self: Any, x: Any, *args: Any, **kwargs: Any) -> Any:
        told("model.predict_classes(x)", "np.argmax(model.predict(x), axis=1)")
        return np.argmax(self.predict(x, *args, **kwargs), axis=-1)

    def predict_proba(self: Any, x: Any, *args: Any, **kwargs: Any) -> Any:
        told("model.predict_proba(x)", "model.predict(x)")
        return self.predict(x, *args, **kwargs)

    def generator(old: str, now: str) -> Any:
        def called(self: Any, *args: Any, **kwargs: Any) -> Any:
            told(f"model.{old}(…)", f"model.{now}(…)")
            return getattr(self, now)(*args, **kwargs)

        return called

    model.predict_classes = predict_classes
    model.predict_proba = predict_proba
    for now in ("fit", "evaluate", "predict"):
        setattr(model, f"{now}_generator", generator(f"{now}_generator", now))
    backend = keras.backend
    backend.image_dim_ordering = lambda: _told_order(told, "K.image_dim_ordering()", "K.image_data_format()")
    backend.set_image_dim_ordering = lambda order: _set_order(told, order)


def _hook_compile(told: Tell) -> None:
    """The third argument was the metrics; today it is weights of losses, which are numbers."""
    from keras.src.trainers.trainer import Trainer

    compile_ = Trainer.compile

    @functools.wraps(compile_)
    def compiled(model: Any, *args: Any, **kwargs: Any) -> Any:
        if len(args) > 2 and _are_metrics(args[2]):
            shown = repr(args[2]) if all(isinstance(each, str) for each in args[2]) else "[…]"
            told(f"compile(…, …, {shown})", f"compile(…, …, metrics={shown})")
            kwargs |= dict(zip(("metrics", "loss_weights", "weighted_metrics"), args[2:], strict=False))
            args = args[:2]
        return compile_(model, *args, **kwargs)

    Trainer.compile = compiled


def _are_metrics(value: Any) -> bool:
    several = isinstance(value, (list, tuple)) and bool(value)
    return several and all(isinstance(each, str) or callable(each) for each in value)


def _told_order(told: Tell, printed: str, modern: str) -> str:
    import keras

    told(printed, modern)
    return "th" if keras.config.image_data_format() == "channels_first" else "tf"


def _set_order(told: Tell, order: str) -> None:
    import keras

    layout = {"th": "channels_first", "tf": "channels_last"}.get(order, order)
    told(f"K.set_image_dim_ordering({order!r})", f"K.set_image_data_format({layout!r})")
    keras.config.set_image_data_format(layout)


def _hook_callbacks(told: Tell) -> None:
    import keras

    for kind in (
        keras.callbacks.ModelCheckpoint,
        keras.callbacks.EarlyStopping,
        keras.callbacks.ReduceLROnPlateau,
    ):
        kind.__init__ = _monitoring(kind.__init__, told, kind.__name__)
        kind.set_model = _fitting(kind.set_model)


def _fitting(function: Any) -> Any:
    """``set_model``, which gives ``acc`` back its name where the model was compiled with a metric of that name."""

    @functools.wraps(function)
    def set_model(self: Any, model: Any) -> None:
        asked = vars(self).get("_labcheck_monitor", "")
        metrics = getattr(getattr(model, "_compile_metrics", None), "_user_metrics", None) or ()
        if asked and asked.removeprefix("val_") in metrics:
            self.monitor = asked
        function(self, model)

    return set_model


def _monitoring(function: Any, told: Tell, name: str) -> Any:
    @functools.wraps(function)
    def monitored(self: Any, *args: Any, **kwargs: Any) -> None:
        # what is watched comes first in the others; a checkpoint has its path there
        first = bool(args) and name != "ModelCheckpoint"
        monitor = args[0] if first else kwargs.get("monitor")
        if isinstance(monitor, str) and monitor in spellings.HISTORY:
            self._labcheck_monitor = monitor
            modern = spellings.HISTORY[monitor]
            args, kwargs = ((modern, *args[1:]), kwargs) if first else (args, {**kwargs, "monitor": modern})
            told(f"{name}(monitor={monitor!r})", f"{name}(monitor={modern!r})")
        path = kwargs.get("filepath", args[0] if args else None)
        if not isinstance(path, str) or not path.endswith(".hdf5"):
            function(self, *args, **kwargs)
            return
        told(f"{name}({path!r})", f"{name}({path.removesuffix('.hdf5') + '.keras'!r})")
        kwargs["filepath"], args = path.removesuffix(".hdf5") + ".h5", args[1:]
        function(self, *args, **kwargs)
        # once the name is let through, Keras writes and reads such a file
        self.filepath = path

    return monitored


def _hook_history(told: Tell) -> None:
    import keras

    begin = keras.callbacks.History.on_train_begin

    class Curves(dict):  # type: ignore[type-arg]
        def __missing__(self, key: str) -> Any:
            now = spellings.HISTORY.get(key, key)
            if now == key or now not in self:
                raise KeyError(key)
            told(f"history.history[{key!r}]", f"history.history[{now!r}]")
            return self[now]

    def on_train_begin(self: Any, logs: Any = None) -> None:
        begin(self, logs)
        self.history = Curves(self.history or {})

    keras.callbacks.History.on_train_begin = on_train_begin
