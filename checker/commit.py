"""The time of a clone's last commit, read from ``.git`` as bytes: git itself would obey what a stranger's clone says.

It is the time that the committer's machine had. A clone's own log does not tell it: that begins with the cloning.
"""

from __future__ import annotations

import re
import struct
import zlib
from datetime import datetime

from checker.archive import CHUNK, MAX_BYTES, UNREADABLE
from checker.tree import Tree, join, moment

LOG = re.compile(rb"[0-9a-f]+ ([0-9a-f]{40,64}) .*> (\d{1,12}) [+-]\d{4}\t(.*)")
COMMITTER = re.compile(rb"^committer .*> (\d{1,12}) [+-]\d{4}$", re.MULTILINE)
INDEX_HEADER = b"\xfftOc\0\0\0\2"
COMMIT = 1


def last_commit(tree: Tree, at: str) -> datetime | None:
    """When the last commit of the clone ``at`` was made, naive local time; None where that cannot be told."""
    git = join(at, ".git")
    try:
        entry = LOG.match(_last_line(tree, f"{git}/logs/HEAD"))
        if not entry:
            return None
        found = COMMITTER.search(_commit(tree, f"{git}/objects", entry[1].decode()))
    except UNREADABLE:
        return None
    if found:
        return moment(int(found[1]))
    # an entry such as "clone" or "pull" has the time of the clone, not of the work
    return moment(int(entry[2])) if entry[3].startswith(b"commit") else None


def _last_line(tree: Tree, at: str) -> bytes:
    file = tree.open(at)
    if file is None:
        return b""
    with file:
        size = file.seek(0, 2)
        if size > MAX_BYTES:
            return b""
        file.seek(max(0, size - CHUNK))
        return file.read(CHUNK).rstrip(b"\n").rpartition(b"\n")[2]


def _commit(tree: Tree, objects: str, name: str) -> bytes:
    """The text of a commit, b"" where it is not found."""
    loose = tree.open(f"{objects}/{name[:2]}/{name[2:]}")
    if loose:
        with loose:
            return _inflated(loose.read(CHUNK))
    packs = f"{objects}/pack"
    for index in sorted(tree.entries(packs)):
        if index.endswith(".idx"):
            offset = _offset(tree, f"{packs}/{index}", bytes.fromhex(name))
            if offset is not None:
                return _packed(tree, f"{packs}/{index.removesuffix('.idx')}.pack", offset)
    return b""


def _offset(tree: Tree, at: str, name: bytes) -> int | None:
    """Where the object lies in the pack of this index (version 2); None where it does not."""
    file = tree.open(at)
    if file is None:
        return None
    with file:
        if file.read(8) != INDEX_HEADER:
            return None
        counts = struct.unpack(">256I", file.read(1024))
        before = counts[name[0] - 1] if name[0] else 0
        file.seek(8 + 1024 + before * len(name))
        names = file.read(min((counts[name[0]] - before) * len(name), MAX_BYTES))
        place = next((i for i in range(0, len(names), len(name)) if names[i : i + len(name)] == name), None)
        if place is None:
            return None
        position = before + place // len(name)
        # after the names, a checksum of 4 bytes each, then the offsets
        file.seek(8 + 1024 + counts[255] * (len(name) + 4) + 4 * position)
        offset: int = struct.unpack(">I", file.read(4))[0]
        return offset


def _packed(tree: Tree, at: str, offset: int) -> bytes:
    """The commit at ``offset`` of a pack; b"" where it is stored as a change to another, which git avoids for the last."""
    file = tree.open(at)
    # a pack inside a zip is unpacked up to there, and commits come first
    if file is None or offset > MAX_BYTES:
        return b""
    with file:
        file.seek(offset)
        data = file.read(CHUNK)
    if not data or data[0] >> 4 & 7 != COMMIT:
        return b""
    size_ends = next((i for i, byte in enumerate(data) if byte < 0x80), 0)
    return _inflated(data[size_ends + 1 :])


def _inflated(data: bytes) -> bytes:
    return zlib.decompressobj().decompress(data, CHUNK)
