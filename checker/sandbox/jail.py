"""What a child does to itself before student code runs: namespaces, capabilities, Landlock, seccomp, limits.

Every part is tried, tested and reported: what the kernel lacks is said in ``Isolation.missing``, never assumed.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import os
import signal
import site
import socket
import sys
import sysconfig
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Literal

import msgspec

from checker.sandbox import landlock, seccomp

PR_SET_PDEATHSIG, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT = 1, 24, 38, 47
PR_CAP_AMBIENT_CLEAR_ALL = 4
CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWNET = 0x08000000, 0x10000000, 0x40000000
CAPABILITY_VERSION_3 = 0x20080522
LAST_CAPABILITY = 63
# the first Landlock that holds signals
SCOPES = 6

# this package's sandbox side, and what it stands on
OWN = ("__init__.py", "errors.py", "evidence.py", "expression.py", "protocol.py", "sandbox")
SYSTEM = (
    "/usr", "/lib", "/lib64", "/bin", "/etc/ld.so.cache", "/etc/localtime", "/etc/fonts", "/etc/mime.types",
    "/etc/nsswitch.conf", "/etc/passwd", "/etc/group", "/etc/ssl/openssl.cnf", "/proc/cpuinfo", "/proc/meminfo", "/proc/stat",
    "/proc/self", "/proc/sys/kernel", "/proc/sys/vm", "/sys/devices/system/cpu", "/sys/devices/system/node",
    "/sys/fs/cgroup", "/dev/zero", "/dev/urandom", "/dev/random",
)  # fmt: skip


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Limits of a child: bytes a file, processes and threads, open files."""

    file_bytes: int = 2**30
    processes: int = 1024
    open_files: int = 1024


class Isolation(msgspec.Struct, frozen=True, kw_only=True):
    """What holds a child, each part by the name of what holds it, "" where nothing does."""

    files: str = ""
    network: str = ""
    signals: str = ""
    limits: str = ""
    missing: tuple[str, ...] = ()

    @property
    def strict(self) -> bool:
        """Whether files, network and signals are all held."""
        return bool(self.files and self.network and self.signals)


@functools.cache
def readable() -> tuple[Path, ...]:
    """What a child must read: the interpreter, its libraries, the system's, and this package's sandbox side.

    An installed package carries the course, with its reference solutions, and stands among the libraries.
    """
    package = Path(__file__).resolve().parent.parent
    own = [package / name for name in OWN]
    python = [sys.base_prefix, *site.getsitepackages(), *sysconfig.get_paths().values(), f"{sys.prefix}/bin"]
    roots = map(Path, dict.fromkeys([*SYSTEM, *python]))
    return (*(path for root in roots for path in beside(root, package)), *own)


def beside(path: Path, hidden: Path) -> Iterator[Path]:
    """``path``; where ``hidden`` lies in it, everything else in it."""
    if not hidden.is_relative_to(path.resolve()):
        yield path
    elif path.resolve() != hidden:
        for entry in path.iterdir():
            if not entry.is_symlink():
                yield from beside(entry, hidden)


def enter(
    scratch: Path, paths: Sequence[Path], limits: Limits, mode: Literal["auto", "none"] = "auto"
) -> Isolation:
    """Shut this process in: it may read ``paths``, write ``scratch``, and reach nobody. Irreversible.

    To be called in a forked child with one thread, before student code.
    """
    if sys.platform != "linux":
        return Isolation(missing=("landlock", "seccomp", "user_namespace"))
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if mode == "none":
        _limit(limits, alone=False)
        return Isolation(limits="rlimit", missing=("not asked for",))
    missing = []
    namespaces = _unshare(libc)
    if not namespaces:
        missing.append("user_namespace")
    _limit(limits, alone=namespaces)
    _drop_capabilities(libc)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    package = Path(__file__).resolve().parent.parent
    abi = landlock.restrict(paths, (scratch, Path("/dev/null")), listable=(package.parent,))
    if not abi or _succeeds(lambda: os.listdir("/")):  # noqa: PTH208 - the call that must be refused
        abi = 0
        missing.append("landlock")
    filtered = seccomp.install(signals=abi < SCOPES)
    if not filtered or _succeeds(lambda: socket.socket().close()):
        filtered = False
        missing.append("seccomp")
    signals = f"landlock {abi}" if abi >= SCOPES else "seccomp" if filtered else ""
    if not signals:
        missing.append("landlock scopes")
    if len(os.listdir("/proc/self/task")) > 1:  # noqa: PTH208 - a count
        missing.append("single thread")
    network = [*(["namespace"] if namespaces else []), *(["seccomp"] if filtered else [])]
    return Isolation(
        files=f"landlock {abi}" if abi else "",
        network=" + ".join(network),
        signals=signals,
        limits="rlimit",
        missing=tuple(missing),
    )


def _unshare(libc: ctypes.CDLL) -> bool:
    """New user, network and IPC namespaces, with the same visible user; False where the kernel refuses."""
    user, group = os.getuid(), os.getgid()
    if libc.unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWIPC) != 0:
        return False
    try:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    except OSError:
        return True  # unmapped, we are nobody in there: held just as well
    return True


def _drop_capabilities(libc: ctypes.CDLL) -> None:
    """Give up every capability, for good; without any, each call fails and changes nothing."""
    for capability in range(LAST_CAPABILITY + 1):
        libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
    libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    libc.capset(header, (ctypes.c_uint32 * 6)())


def _limit(limits: Limits, *, alone: bool) -> None:
    """Set the limits; ``alone`` where the kernel counts processes in our own namespace, and not all of the user's."""
    import resource

    wanted = {
        resource.RLIMIT_FSIZE: limits.file_bytes,
        resource.RLIMIT_NPROC: limits.processes + (0 if alone else _tasks()),
        resource.RLIMIT_NOFILE: limits.open_files,
        resource.RLIMIT_CORE: 0,
    }
    for kind, value in wanted.items():
        hard = resource.getrlimit(kind)[1]
        bound = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (bound, bound))


def _tasks() -> int:
    """How many processes and threads this user has, as far as they can be seen."""
    total = 0
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if process.stat().st_uid == os.getuid():
                total += (process / "task").stat().st_nlink - 2
    return total


def _succeeds(forbidden: Callable[[], object]) -> bool:
    try:
        forbidden()
    except OSError:
        return False
    return True
