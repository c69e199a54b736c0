"""Runs a program with a /dev/log and a /run/pair/refresh-wanted of its own, and tells what it left there.

    outlets.py COMMAND…

Behind what the program printed: `status N`, a line `log …` for each datagram, and `poked` or `not poked`. In a mount
namespace of its own, so that nothing of this machine is touched; needs root.
"""

import os
import pathlib
import socket
import subprocess
import sys

if not os.environ.get("IS_APART"):
    os.environ["IS_APART"] = "1"
    os.execvp("unshare", ["unshare", "--mount", "--propagation", "private", sys.executable, *sys.argv])
del os.environ["IS_APART"]

null = os.open("/dev/null", os.O_RDWR)
for folder in ("/dev", "/run"):
    subprocess.run(["mount", "-t", "tmpfs", "none", folder], check=True)
log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
log.bind("/dev/log")
wanted = pathlib.Path("/run/pair/refresh-wanted")
wanted.parent.mkdir()
wanted.touch()
os.utime(wanted, (0, 0))

run = subprocess.run(sys.argv[1:], stdin=null, stdout=subprocess.PIPE, text=True, check=False)
print(run.stdout, end="")
print("status", run.returncode)
log.setblocking(False)
try:
    while True:
        print("log", log.recv(1 << 16).decode())
except BlockingIOError:
    pass
print("poked" if wanted.stat().st_mtime else "not poked")
