"""Zips of strangers: names decoded, members read in bounded pieces, what must not be unpacked told.

Nothing here writes. The limits of one submission stand here, the same for a zip and for a folder.
"""

from __future__ import annotations

import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from datetime import datetime

from checker.language import _

MAX_BYTES = 64 * 2**20
MAX_FILES = 2000
MAX_DEPTH = 40
CHUNK = 2**16
# whatever zipfile raises on a zip that is broken, truncated, encrypted or of a kind that it does not know
UNREADABLE = (
    zipfile.BadZipFile, zipfile.LargeZipFile, RuntimeError, EOFError, OSError, ValueError, struct.error, zlib.error,
)  # fmt: skip
ENCRYPTED = 0x1
IS_UTF8 = 0x800
DRIVE = re.compile(r"[A-Za-z]:")


def decoded(info: zipfile.ZipInfo) -> str:
    """The member's name: UTF-8 where it says so or its bytes are (zips of macOS do not say so), else cp437."""
    if info.flag_bits & IS_UTF8:
        return info.filename
    # zipfile has read the bytes as cp437, which loses none
    name = info.orig_filename.partition("\0")[0]
    try:
        return name.encode("cp437").decode("utf-8")
    except UnicodeError:
        return name


def is_folder(info: zipfile.ZipInfo) -> bool:
    """Whether the member is a folder; old .NET zips write ``\\`` for ``/``."""
    return info.filename.endswith(("/", "\\"))


def is_link(info: zipfile.ZipInfo) -> bool:
    """Whether the member is a link, a pipe or a device: anything but a file or a folder."""
    return stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG, stat.S_IFDIR)


def split(name: str) -> tuple[str, ...]:
    """The parts of a member's name; an absolute one begins with "..", for it leads as far away."""
    name = name.replace("\\", "/")
    parts = tuple(part for part in name.split("/") if part not in ("", "."))
    return ("..", *parts) if name.startswith("/") else parts


def leads_outside(parts: tuple[str, ...]) -> bool:
    """Whether a file of that name would land elsewhere than below the folder that it is unpacked in."""
    return any(part == ".." or DRIVE.match(part) for part in parts)


def trouble(info: zipfile.ZipInfo) -> str:
    """Why the member cannot be read, a sentence; "" where nothing forbids it."""
    if info.flag_bits & ENCRYPTED:
        return _("this zip is protected by a password")
    # a few bytes of bzip2 become gigabytes at once, and zipfile does not bound them
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return _("this zip is compressed by a method other than Deflate")
    return ""


def chunks(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[bytes]:
    """The member's bytes in pieces of at most ``CHUNK``, never more than it claims; raises one of ``UNREADABLE``."""
    with archive.open(info) as file:
        while piece := file.read(CHUNK):
            yield piece


def modified(info: zipfile.ZipInfo) -> datetime | None:
    """When the member was last changed, naive local time; None where the zip does not know."""
    if info.date_time[0] <= 1980:
        # the first day of DOS stands for no date
        return None
    try:
        return datetime(*info.date_time)
    except ValueError:
        return None
