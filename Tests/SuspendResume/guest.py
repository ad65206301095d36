#!/usr/bin/python3
"""The first process of the guest: brings its kernel up, runs the scenario, and turns the machine off."""

import ctypes
import glob
import os
import subprocess
import sys
import time
import traceback

FINIT_MODULE = 313
libc = ctypes.CDLL(None, use_errno=True)


def check(status, what):
    if status:
        raise OSError(ctypes.get_errno(), what)


def mount(kind, place):
    check(libc.mount(kind.encode(), place.encode(), kind.encode(), 0, None), place)


def prepare():
    for kind, place in (("proc", "/proc"), ("sysfs", "/sys"), ("tmpfs", "/run"), ("tmpfs", "/tmp")):
        mount(kind, place)
    for path in sorted(glob.glob("/modules/*")):
        with open(path, "rb") as file:
            check(libc.syscall(FINIT_MODULE, file.fileno(), b"", 0), path)
    os.environ["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin"
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


mount("devtmpfs", "/dev")
console = os.open("/dev/console", os.O_RDWR)
for number in range(3):
    os.dup2(console, number)
try:
    prepare()
    sys.path.insert(0, "/scenario")
    import scenario

    scenario.run()
except BaseException:
    traceback.print_exc()
    for log in glob.glob("/tmp/*.log"):
        with open(log) as file:
            print(log, file.read()[-6000:])
sys.stdout.flush()
sys.stderr.flush()
time.sleep(0.5)
with open("/proc/sysrq-trigger", "w") as trigger:
    trigger.write("o")
time.sleep(60)
