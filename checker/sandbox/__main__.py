"""``python -m checker.sandbox SOCKET`` is the fork server; with ``--single MODE DATA`` one child without a fork."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path


def main() -> None:
    """Serve as the arguments say; descriptor 0 is the lifeline, whose end is ours."""
    from checker.sandbox import zygote

    address = Path(sys.argv[1])
    if sys.argv[2:3] == ["--single"]:
        _single(address, *sys.argv[3:5])
        return
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(address))
        listening.listen()
        zygote.warm_up()
        lifeline = os.dup(0)
        zygote.Zygote(listening, lifeline, address.parent).run()


def _single(scratch: Path, mode: str, data: str) -> None:
    from checker.sandbox import child, zygote
    from checker.sandbox.loaders import Loaders

    # the protocol's descriptors move away before anything can print on them
    stream = child.Descriptors(os.dup(0), os.dup(1))
    child.mute()
    zygote.warm_up()
    loaders = Loaders.open(Path(data)) if data else None
    isolation = zygote.furnish(scratch, mode)
    child.Child(stream, scratch, loaders).serve(isolation)


if __name__ == "__main__":
    main()
