"""A child's scratch folder: made its whole world, and removed whatever it left there."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
import tempfile
from pathlib import Path
from typing import Any

import msgspec

from checker.sandbox import jail


def furnish(folder: Path, mode: str, how: str) -> dict[str, Any]:
    """Make ``folder`` the world of this process, and shut the door behind; what holds it, as plain data.

    ``how`` is how the process came to be: "forked" or "spawned".
    """
    temporary = folder / "tmp"
    temporary.mkdir(parents=True)
    for name in ("HOME", "USERPROFILE", "KERAS_HOME", "MPLCONFIGDIR", "XDG_CACHE_HOME"):
        os.environ[name] = str(folder)
    for name in ("TMPDIR", "TEMP", "TMP"):
        os.environ[name] = str(temporary)
    tempfile.tempdir = str(temporary)
    held = jail.enter(folder, jail.readable(), jail.Limits(), "none" if mode == "none" else "auto")
    return {"process": how, **msgspec.to_builtins(held)}


def remove(folder: Path) -> None:
    """Remove ``folder`` and all that is in it: folders that were closed, and those nested deeper than any path.

    Every folder found is first moved up into ``folder`` itself, so that no path grows and nothing recurses.
    """
    waiting = [folder]
    while waiting:
        current = waiting.pop()
        for entry in _entries(current):
            with contextlib.suppress(OSError):
                if entry.is_dir(follow_symlinks=False):
                    up = folder / secrets.token_hex(8)
                    path = Path(entry.path)
                    path.chmod(stat.S_IRWXU)
                    path.rename(up)
                    waiting.append(up)
                else:
                    Path(entry.path).unlink()
        if current != folder:
            with contextlib.suppress(OSError):
                current.rmdir()
    with contextlib.suppress(OSError):
        folder.rmdir()


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:
        return []
