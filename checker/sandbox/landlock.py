"""Landlock: which files a process may touch, and whether it may open TCP connections or signal others.

Needs no privilege; the kernel's interface is https://docs.kernel.org/userspace-api/landlock.html. System call
numbers are the same on every architecture.
"""

from __future__ import annotations

import ctypes
import os
import stat
from collections.abc import Iterable
from pathlib import Path

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
CREATE_RULESET_VERSION = 1
RULE_PATH_BENEATH = 1

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
TRUNCATE, IOCTL_DEV = 1 << 14, 1 << 15
FILE_RIGHTS = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV
READING = EXECUTE | READ_FILE | READ_DIR
# the rights of each ABI, from its first: what the kernel does not know must not be asked for
RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1, 5: (1 << 16) - 1}
NET_BIND_CONNECT = 0b11
SCOPE_ABSTRACT_UNIX_AND_SIGNAL = 0b11


class _Ruleset(ctypes.Structure):
    _fields_ = (("fs", ctypes.c_uint64), ("net", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


def version() -> int:
    """The kernel's Landlock ABI, 0 where there is none."""
    try:
        return max(0, int(_libc().syscall(CREATE_RULESET, None, 0, CREATE_RULESET_VERSION)))
    except (OSError, AttributeError):
        return 0


def restrict(readable: Iterable[Path], writable: Iterable[Path], listable: Iterable[Path] = ()) -> int:
    """Hold this process to these paths, and off TCP and other processes; returns the ABI, 0 where it failed.

    Of what is ``listable``, names can be read and no content. ``no_new_privs`` must be set. Paths that do not exist
    are passed over.
    """
    abi = version()
    if not abi:
        return 0
    libc = _libc()
    rights = RIGHTS[min(abi, 5)]
    ruleset = _Ruleset(
        fs=rights,
        net=NET_BIND_CONNECT if abi >= 4 else 0,
        scoped=SCOPE_ABSTRACT_UNIX_AND_SIGNAL if abi >= 6 else 0,
    )
    size = 24 if abi >= 6 else 16 if abi >= 4 else 8
    rules = libc.syscall(CREATE_RULESET, ctypes.byref(ruleset), size, 0)
    if rules < 0:
        return 0
    try:
        for path in readable:
            _allow(libc, rules, path, READING & rights)
        for path in listable:
            _allow(libc, rules, path, READ_DIR)
        for path in writable:
            _allow(libc, rules, path, rights)
        return abi if libc.syscall(RESTRICT_SELF, rules, 0) == 0 else 0
    finally:
        os.close(rules)


def _allow(libc: ctypes.CDLL, rules: int, path: Path, rights: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            rights &= FILE_RIGHTS
        rule = _Beneath(allowed=rights, parent=descriptor)
        libc.syscall(ADD_RULE, rules, RULE_PATH_BENEATH, ctypes.byref(rule), 0)
    finally:
        os.close(descriptor)


def _libc() -> ctypes.CDLL:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    return libc
