"""Runs a program as on a kernel that lacks some system calls: each of those is answered with an error.

    without.py ERRNO CALL… -- COMMAND…

The numbers of the calls are those of this machine. Source: seccomp(2).
"""

import ctypes
import os
import platform
import struct
import sys

MACHINE = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}[platform.machine()]
LOAD, IF_EQUAL, RETURN = 0x20, 0x15, 0x06
ALLOW, FAIL = 0x7FFF0000, 0x00050000

end = sys.argv.index("--")
error, calls, command = int(sys.argv[1]), [int(call) for call in sys.argv[2:end]], sys.argv[end + 1:]
lines = [(LOAD, 0, 0, 4), (IF_EQUAL, 1, 0, MACHINE), (RETURN, 0, 0, ALLOW), (LOAD, 0, 0, 0)]
for call in calls:
    lines += [(IF_EQUAL, 0, 1, call), (RETURN, 0, 0, FAIL | error)]
lines.append((RETURN, 0, 0, ALLOW))
code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *line) for line in lines))
program = struct.pack("@HP", len(lines), ctypes.addressof(code))

c = ctypes.CDLL(None, use_errno=True)
for arguments in ((38, 1, 0, 0, 0), (22, 2, program, 0, 0)):  # no_new_privs; seccomp, a filter
    if c.prctl(*arguments) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
os.execvp(command[0], command)
