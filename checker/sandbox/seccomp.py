"""A seccomp filter: the system calls that student code never needs are refused with EPERM.

It stands where user namespaces are refused (Ubuntu 24.04, Docker) and beside them where they are not. The filter
is classic BPF, built here: check the architecture, then one comparison a call.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct

PR_SET_SECCOMP = 22
SECCOMP_MODE_FILTER = 2
ALLOW = 0x7FFF0000
REFUSE = 0x00050000
KILL_PROCESS = 0x80000000

# BPF: load word at offset, jump if equal / greater or equal / any bit set, return
LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
NUMBER_AT, ARCHITECTURE_AT, FIRST_ARGUMENT_AT = 0, 4, 16

# x86_64, aarch64 (asm/unistd.h); clone3 is treated apart
REFUSED = {
    "socket": (41, 198), "connect": (42, 203), "bind": (49, 200), "listen": (50, 201), "accept": (43, 202),
    "accept4": (288, 242), "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271),
    "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219), "bpf": (321, 280),
    "perf_event_open": (298, 241), "userfaultfd": (323, 282), "unshare": (272, 97), "setns": (308, 268),
    "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51), "open_tree": (428, 428),
    "move_mount": (429, 429), "fsopen": (430, 430), "fsmount": (432, 432), "kexec_load": (246, 104),
    "kexec_file_load": (320, 294), "init_module": (175, 105), "finit_module": (313, 273),
    "delete_module": (176, 106), "io_uring_setup": (425, 425), "open_by_handle_at": (304, 265),
    "quotactl": (179, 60), "swapon": (167, 224), "swapoff": (168, 225), "reboot": (169, 142),
    "settimeofday": (164, 170), "clock_settime": (227, 112), "sethostname": (170, 161), "acct": (163, 89),
    "shmget": (29, 194), "msgget": (68, 186), "semget": (64, 190), "mq_open": (240, 180), "pidfd_getfd": (438, 438),
    # what would change how other processes of the same user run
    "setpriority": (141, 140), "ioprio_set": (251, 30), "sched_setscheduler": (144, 119),
    "sched_setparam": (142, 118), "sched_setattr": (314, 274), "process_madvise": (440, 440),
    # the session is how what is left of a child is found when the fork server is dead
    "setsid": (112, 157),
    # memory that is in no process's account
    "memfd_create": (319, 279), "memfd_secret": (447, 447),
}  # fmt: skip
# refused but where the first argument, a process, is the caller: 0 or its own number
OWN = {"prlimit64": (302, 261), "sched_setaffinity": (203, 122)}
# the same where nothing else holds signals
SIGNALS = {
    "kill": (62, 129), "tkill": (200, 130), "tgkill": (234, 131), "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240), "pidfd_send_signal": (424, 424),
}  # fmt: skip
PRCTL = (157, 167)
PR_SET_PDEATHSIG = 1
CLONE = (56, 220)
CLONE3 = (435, 435)
# CLONE_NEW{NS,CGROUP,UTS,IPC,USER,PID,NET,TIME}
NEW_NAMESPACES = 0x7E020080
X32_BIT = 0x40000000
ARCHITECTURES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1), "arm64": (0xC00000B7, 1)}


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def install(*, signals: bool) -> bool:
    """Refuse the calls of ``REFUSED`` from here on; ``no_new_privs`` must be set. False where it cannot be.

    With ``signals``, those to any process but this one, too.
    """
    known = ARCHITECTURES.get(platform.machine())
    if known is None:
        return False
    code = program(*known, os.getpid(), signals=signals)
    holder = _Program(len(code) // 8, code)
    return bool(ctypes.CDLL(None).prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(holder), 0, 0) == 0)


def program(architecture: int, column: int, own: int, *, signals: bool) -> bytes:
    """The filter for an audit architecture, whose call numbers stand in ``column``, and process ``own``."""
    refuse = REFUSE | errno.EPERM
    code = [
        (LOAD, 0, 0, ARCHITECTURE_AT),
        (EQUAL, 1, 0, architecture),
        (RETURN, 0, 0, KILL_PROCESS),
        (LOAD, 0, 0, NUMBER_AT),
    ]
    if column == 0:
        code += [(AT_LEAST, 0, 1, X32_BIT), (RETURN, 0, 0, refuse)]
    # with ENOSYS the C library falls back to clone, whose flags can be looked at
    code += [(EQUAL, 0, 1, CLONE3[column]), (RETURN, 0, 0, REFUSE | errno.ENOSYS)]
    for numbers in REFUSED.values():
        code += [(EQUAL, 0, 1, numbers[column]), (RETURN, 0, 0, refuse)]
    for numbers in OWN.values():
        code += _only(numbers[column], 0, own)
    for numbers in SIGNALS.values() if signals else ():
        # 0 is the whole process group for kill: that of the fork server
        code += _only(numbers[column], own)
    code += [
        (EQUAL, 0, 4, PRCTL[column]),
        (LOAD, 0, 0, FIRST_ARGUMENT_AT),
        (EQUAL, 0, 1, PR_SET_PDEATHSIG),
        (RETURN, 0, 0, refuse),
        (RETURN, 0, 0, ALLOW),
        (EQUAL, 0, 3, CLONE[column]),
        (LOAD, 0, 0, FIRST_ARGUMENT_AT),
        (ANY_BIT, 0, 1, NEW_NAMESPACES),
        (RETURN, 0, 0, refuse),
        (RETURN, 0, 0, ALLOW),
    ]
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in code)


def _only(number: int, *allowed: int) -> list[tuple[int, int, int, int]]:
    """Call ``number`` is refused unless its first argument is one of ``allowed``."""
    count = len(allowed)
    return [
        (EQUAL, 0, count + 3, number),
        (LOAD, 0, 0, FIRST_ARGUMENT_AT),
        *((EQUAL, count - place, 0, value) for place, value in enumerate(allowed)),
        (RETURN, 0, 0, REFUSE | errno.EPERM),
        (RETURN, 0, 0, ALLOW),
    ]
