"""``python -m checker.sandbox SOCKET`` is the fork server.

``FOLDER --single MODE DATA`` is one child without a fork, ``FOLDER --sweep`` removes what a submission left behind.
"""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path


def main() -> None:
    """Do as the arguments say; descriptor 0 is the lifeline, whose end is ours."""
    address = Path(sys.argv[1])
    match sys.argv[2:]:
        case ["--single", mode, data]:
            _single(address, mode, data)
        case ["--sweep"]:
            from checker.sandbox import scratch

            scratch.remove(address)
        case _:
            _serve(address)


def _serve(address: Path) -> None:
    from checker.sandbox import zygote

    with socket.socket(socket.AF_UNIX) as listening:
        # relative to the working directory, which is its folder: a socket's path must be short
        listening.bind(address.name)
        listening.listen()
        zygote.warm_up()
        lifeline = os.dup(0)
        zygote.Zygote(listening, lifeline, address.parent).run()
    # TensorFlow takes a second to take leave, and there is nothing left to do
    os._exit(0)


def _single(folder: Path, mode: str, data: str) -> None:
    from checker.sandbox import scratch
    from checker.sandbox.loaders import Loaders

    # the protocol's descriptors move away before anything can print on them
    reading, writing = os.dup(0), os.dup(1)
    loaders = Loaders.open(Path(data)) if data else None
    # TensorFlow starts threads, and most walls hold only the thread that builds them, and those it starts later
    isolation = scratch.furnish(folder, mode, "spawned")
    from checker.sandbox import child, pipes, zygote

    child.mute()
    zygote.warm_up()
    child.Child(pipes.Pipes(reading, writing, folder), folder, loaders).serve(isolation)


if __name__ == "__main__":
    main()
