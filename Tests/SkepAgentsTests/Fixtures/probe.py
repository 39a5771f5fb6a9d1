#!/usr/bin/env python3
"""Tries to get at all that a sandbox should keep away; runs inside of one.

usage: probe.py KEY=VALUE...

The keys name what lies outside: `outside` (a folder that anybody may write), `hidden` (a folder that
is hidden, with `database` and `control.sock` in it), `pid` (a process of the same user), `tcp`,
`udp` and `allowed` (ports on the loopback that answer), `abstract` (a socket's name). It prints a
line for each attempt: its name, and "yes" when it got through, else "no" and why.
"""

import ctypes
import errno
import fcntl
import os
import pty
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

libc = ctypes.CDLL(None, use_errno=True)
given = dict(word.split("=", 1) for word in sys.argv[1:])
OUTSIDE, HIDDEN = given["outside"], given["hidden"]
PID = int(given["pid"])
QUIET = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
ATTEMPTS = []


class Refused(Exception):
    pass


def attempt(name):
    def add(body):
        ATTEMPTS.append((name, body))
        return body
    return add


def call(number, *arguments):
    result = libc.syscall(number, *arguments)
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def write(path, mode="w"):
    with open(path, mode) as file:
        file.write("probe\n")


def command(*words):
    done = subprocess.run(words, timeout=20, **QUIET)
    if done.returncode != 0:
        raise Refused(f"exit {done.returncode}")


def ask(kind, address, family=socket.AF_INET):
    with socket.socket(family, kind) as line:
        line.settimeout(3)
        line.connect(address)
        line.send(b"hello")
        if line.recv(16) == b"":
            raise Refused("no answer")


# Files

@attempt("write the workspace")
def _():
    write("probe-file")


@attempt("write /tmp, a private one or not")
def _():
    file, path = tempfile.mkstemp(dir="/tmp")
    os.close(file)
    os.unlink(path)


@attempt("write a folder outside")
def _():
    write(OUTSIDE + "/new")


@attempt("append to a file outside")
def _():
    write(OUTSIDE + "/file", "a")


@attempt("truncate a file outside")
def _():
    os.truncate(OUTSIDE + "/file", 0)


@attempt("change the mode of a file outside")
def _():
    os.chmod(OUTSIDE + "/own", 0o755)


@attempt("write outside by a symbolic link")
def _():
    if os.path.lexists("link"):
        os.unlink("link")
    os.symlink(OUTSIDE, "link")
    write("link/by-link")


@attempt("write outside by a hard link")
def _():
    os.link(OUTSIDE + "/own", "hard")
    write("hard", "a")


@attempt("move a file out")
def _():
    write("moved")
    os.rename("moved", OUTSIDE + "/moved")


@attempt("remove a file outside")
def _():
    os.unlink(OUTSIDE + "/doomed")


@attempt("write /etc, /usr or /var")
def _():
    for folder in "/usr", "/var/lib":
        try:
            write(folder + "/probe-file")
            os.unlink(folder + "/probe-file")
            return
        except OSError:
            pass
    write("/etc/probe-file")


@attempt("read the hidden database")
def _():
    open(HIDDEN + "/database").read()


@attempt("list the hidden folder")
def _():
    if not os.listdir(HIDDEN):
        raise Refused("it is empty")


@attempt("read it by /proc/PID/root")
def _():
    for process in {PID, os.getppid(), 1}:
        try:
            open(f"/proc/{process}/root{HIDDEN}/database").read()
            return
        except OSError as error:
            last = error
    raise last


@attempt("connect to a hidden control socket")
def _():
    ask(socket.SOCK_STREAM, HIDDEN + "/control.sock", socket.AF_UNIX)


@attempt("connect to an abstract socket outside")
def _():
    ask(socket.SOCK_STREAM, "\0" + given["abstract"], socket.AF_UNIX)


@attempt("write /proc/sys")
def _():
    write("/proc/sys/kernel/domainname")


@attempt("make a cgroup")
def _():
    last = None
    for folder in "/sys/fs/cgroup", "/sys/fs/cgroup/unified", "/sys/fs/cgroup/pids":
        try:
            os.mkdir(folder + "/probe")
            os.rmdir(folder + "/probe")
            return
        except OSError as error:
            last = error
    raise last


@attempt("open the machine's memory or disks")
def _():
    found = ["/dev/mem", "/dev/kmsg", "/dev/vda", "/dev/sda", "/dev/kvm", "/dev/fuse"]
    for device in found:
        try:
            os.close(os.open(device, os.O_RDWR))
            return
        except OSError as error:
            last = error
    raise last


# Processes

@attempt("signal a process outside")
def _():
    os.kill(PID, 0)


@attempt("trace a process outside")
def _():
    if libc.ptrace(0x4206, PID, None, None) != 0:  # PTRACE_SEIZE
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    libc.ptrace(17, PID, None, None)


@attempt("read a process' environment outside")
def _():
    if b"PROBE_OUTSIDE" not in open(f"/proc/{PID}/environ", "rb").read():
        raise Refused("another process")


@attempt("see a process outside")
def _():
    if b"probe-victim" not in open(f"/proc/{PID}/cmdline", "rb").read():
        raise Refused("another process")


@attempt("read the memory of who started it")
def _():
    for process in {1, os.getppid()}:
        try:
            os.close(os.open(f"/proc/{process}/mem", os.O_RDONLY))
            return
        except OSError as error:
            last = error
    raise last


# Privileges

@attempt("mount")
def _():
    if libc.mount(b"none", b"/mnt", b"tmpfs", 0, None) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


@attempt("make a user namespace")
def _():
    command("unshare", "-U", "true")


@attempt("enter a namespace")
def _():
    command("nsenter", "-t", str(PID), "-m", "true")


@attempt("chroot")
def _():
    os.chroot("/usr")


@attempt("become root (setuid)")
def _():
    if os.getuid() == 0:
        raise Refused("it is")
    os.setuid(0)


@attempt("su, sudo")
def _():
    for words in ["su", "root", "-c", "true"], ["sudo", "-n", "true"]:
        try:
            command(*words)
            if os.getuid() != 0:
                return
        except FileNotFoundError:
            pass
        except Refused as error:
            last = error
    raise last if "last" in locals() else Refused("it is root already")


@attempt("have capabilities")
def _():
    text = open("/proc/self/status").read()
    kept = [line for line in text.splitlines() if line.startswith("CapEff")][0].split()[1]
    if int(kept, 16) == 0:
        raise Refused("none")


@attempt("bpf, keyrings, io_uring, userfaultfd")
def _():
    numbers = {"x86_64": (321, 250, 425, 323), "aarch64": (280, 219, 425, 282)}
    for number in numbers[os.uname().machine]:
        try:
            call(number, 0, 0, 0, 0, 0)
            return
        except OSError as error:
            if error.errno not in (errno.EPERM, errno.ENOSYS):
                return
            last = error
    raise last


@attempt("type into a terminal")
def _():
    _, terminal = pty.openpty()
    fcntl.ioctl(terminal, 0x5412, b"x")


# Network

@attempt("reach a service of this machine (TCP)")
def _():
    ask(socket.SOCK_STREAM, ("127.0.0.1", int(given["tcp"])))


@attempt("reach a service of this machine (UDP)")
def _():
    ask(socket.SOCK_DGRAM, ("127.0.0.1", int(given["udp"])))


@attempt("have a way to other machines")
def _():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.connect(("9.9.9.9", 53))
        line.send(b"x")


@attempt("reach what isn't allowed by the proxy")
def _():
    fetch(given["tcp"])


@attempt("open a raw or packet socket")
def _():
    for family, kind in (socket.AF_INET, socket.SOCK_RAW), (socket.AF_PACKET, socket.SOCK_DGRAM):
        try:
            socket.socket(family, kind, 1).close()
            return
        except OSError as error:
            last = error
    raise last


def fetch(port):
    proxy = os.environ.get("HTTP_PROXY")
    if not proxy:
        raise Refused("no proxy")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({"http": proxy}))
    opener.open(f"http://127.0.0.1:{port}/", timeout=10).read()


# What must go on working

@attempt("work: its allowed endpoint")
def _():
    ask(socket.SOCK_STREAM, ("127.0.0.1", int(given["allowed"])))


@attempt("work: threads, processes, terminals")
def _():
    thread = threading.Thread(target=time.sleep, args=(0,))
    thread.start()
    thread.join()
    os.close(pty.openpty()[0])
    command("true")


@attempt("work: git and cc")
def _():
    with tempfile.TemporaryDirectory() as folder:
        command("sh", "-c", "cd %s && git init -q && echo 'int main(void){return 0;}' >a.c "
                "&& git add a.c && git -c user.name=n -c user.email=e commit -qm m "
                "&& cc a.c -o a && ./a" % folder)


for name, body in ATTEMPTS:
    try:
        body()
        print(f"{name}\tyes", flush=True)
    except BaseException as error:  # whatever it is, the next is tried
        reason = os.strerror(error.errno) if getattr(error, "errno", None) else str(error)
        print(f"{name}\tno\t{reason or type(error).__name__}", flush=True)

# Somebody who wants to stay: in a session of its own, its parent gone.
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for number in signal.SIGTERM, signal.SIGHUP, signal.SIGINT:
            signal.signal(number, signal.SIG_IGN)
        null = os.open("/dev/null", os.O_RDWR)
        for stream in 0, 1, 2:
            os.dup2(null, stream)
        os.execv(sys.executable, ["probe-daemon", "-c", f"import time; time.sleep(600) #{PID}"])
    os._exit(0)
