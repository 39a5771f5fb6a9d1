#!/usr/bin/env python3
"""Runs a command on a kernel that seems to lack something of what a sandbox is made of.

usage: lacking.py [namespaces] [user-namespaces] [mounts] [landlock] [seccomp] -- PROGRAM ARGUMENT...

"namespaces" are refused by a filter of system calls, as containers have it; "user-namespaces" by the
sysctl user.max_user_namespaces, for an ordinary user; "mounts" are refused in them, as by AppArmor.
"""

import ctypes
import os
import platform
import struct
import sys

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
LOAD, EQUAL, ANY_BIT, RETURN = 0x20, 0x15, 0x45, 0x06
ARGUMENT = 16
ALLOW, REFUSE = (RETURN, 0, 0, 0x7FFF0000), 0x00050000
NOT_PERMITTED, DENIED, INVALID, NO_SUCH_CALL = 1, 13, 22, 38
NEW_USER_NAMESPACE = 0x10000000
NEW_NAMESPACES = 0x7E020080
CLONE, UNSHARE, PRCTL, MOUNT = {
    "x86_64": (56, 272, 157, 165), "aarch64": (220, 97, 167, 40)}[platform.machine()]
CLONE3, LANDLOCK_CREATE_RULESET = 435, 444


def refuse(error):
    return RETURN, 0, 0, REFUSE | error


def program(lacks):
    """One after the other: whatever isn't meant goes on to the next."""
    lines = [(LOAD, 0, 0, 0)]
    if "namespaces" in lacks:
        # C libraries then take clone, whose flags a filter can see.
        lines += [(EQUAL, 0, 1, CLONE3), refuse(NO_SUCH_CALL),
                  (EQUAL, 1, 0, CLONE), (EQUAL, 0, 4, UNSHARE),
                  (LOAD, 0, 0, ARGUMENT), (ANY_BIT, 0, 1, NEW_NAMESPACES), refuse(NOT_PERMITTED),
                  ALLOW]
    if "mounts" in lacks:
        lines += [(EQUAL, 0, 1, MOUNT), refuse(DENIED)]
    if "landlock" in lacks:
        lines += [(EQUAL, 0, 1, LANDLOCK_CREATE_RULESET), refuse(NO_SUCH_CALL)]
    if "seccomp" in lacks:
        lines += [(EQUAL, 0, 4, PRCTL), (LOAD, 0, 0, ARGUMENT),
                  (EQUAL, 0, 1, PR_SET_SECCOMP), refuse(INVALID), ALLOW]
    return lines + [ALLOW]


def forbid_user_namespaces(libc):
    """In one of our own, whose limits are ours; after the program starts we have no rights in it."""
    user, group = os.geteuid(), os.getegid()
    if libc.unshare(NEW_USER_NAMESPACE) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    for path, text in [("/proc/self/setgroups", "deny"),
                       ("/proc/self/uid_map", f"{user} {user} 1"),
                       ("/proc/self/gid_map", f"{group} {group} 1"),
                       ("/proc/sys/user/max_user_namespaces", "0")]:
        with open(path, "w") as file:
            file.write(text)


def main():
    mark = sys.argv.index("--")
    lines = program(sys.argv[1:mark])
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in lines))
    filter = struct.pack("HxxxxxxP", len(lines), ctypes.addressof(code))
    libc = ctypes.CDLL(None, use_errno=True)
    if "user-namespaces" in sys.argv[1:mark]:
        forbid_user_namespaces(libc)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "no_new_privs")
    if libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, filter, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "seccomp")
    os.execvp(sys.argv[mark + 1], sys.argv[mark + 1:])


main()
