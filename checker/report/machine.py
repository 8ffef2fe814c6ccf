"""What `labcheck doctor` says of a machine: what is there, what is missing, and how to get it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from checker.language import _

WIDTH = 14


def packages(versions: Mapping[str, str]) -> Iterator[str]:
    """The version of each package, "" for one that is not there."""
    for name, version in versions.items():
        yield f"{name:<{WIDTH}} {version or _('missing')}"
    if lacking := [name for name, version in versions.items() if not version]:
        yield _("→ To install what is missing: {command}").format(
            command="python -m pip install " + " ".join(lacking)
        )


def isolation(parts: Mapping[str, object], missing: Sequence[str]) -> Iterator[str]:
    """What keeps submissions apart from this machine, and what would do so better."""
    names = {
        "files": _("files"), "network": _("network"), "signals": _("signals"), "limits": _("limits")
    }  # fmt: skip
    for key, name in names.items():
        yield f"{name:<{WIDTH}} {parts.get(key) or _('not held')}"
    remedies = _remedies()
    if not any(parts.get(key) for key in names):
        yield _("→ Nothing keeps a submission apart here. It takes Linux; on Windows, WSL 2 is one.")
        missing = ()
    for part in missing:
        yield "→ " + remedies.get(part, _("{part} is missing on this machine.").format(part=part))
    if not all(parts.get(key) for key in names):
        yield _("A check on your own machine works all the same; only your instructor's run makes the mark.")


def data(source: str, *, embedded: bool) -> Iterator[str]:
    """The data that a check would use."""
    yield f"{_('data'):<{WIDTH}} {source}"
    if embedded:
        yield _(
            "→ Enough to check your work. For MNIST itself: go online without LABCHECK_OFFLINE, or give a file with "
            "--data mnist.npz."
        )


def _remedies() -> dict[str, str]:
    return {
        "user_namespace": _(
            "No user namespaces: the network is held by seccomp alone, which is enough. To have both: "
            "`sysctl kernel.apparmor_restrict_unprivileged_userns=0` on Ubuntu 24.04, or a seccomp profile that "
            "allows `unshare` in Docker."
        ),
        "landlock": _(
            "No Landlock: submissions can read and write your files. It needs Linux 5.13 or later with `landlock` "
            "in the list of /sys/kernel/security/lsm."
        ),
        "landlock scopes": _(
            "This Landlock is an old one: submissions can send signals to your processes. Linux 6.12 or later has "
            "what is needed."
        ),
        "single thread": _(
            "A thread ran before the sandbox was shut, and is not held by it: an error of labcheck to report, with the "
            "versions above."
        ),
        "seccomp": _("No seccomp filter: submissions may open sockets. It needs Linux on x86-64 or ARM64."),
    }
