"""One network namespace, and the isolation that makes all of them vanish with the process that made them.

isolate() gives the calling process a mount namespace of its own with an empty tmpfs on /run. Named network namespaces
are bind mounts under /run/netns, so they disappear with the last process of the laboratory, and daemons that insist on
files in /run meet nobody else's. A guard (guard.py) ends what is left if the calling process is killed. Without isolate() (deploy/try --keep) the namespaces are
ordinary ones that `ip netns exec` can enter; remove_leftovers() takes them away later.
"""

import contextlib
import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import time

NETNS = "/run/netns"
CLONE_NEWNS = 0x00020000
CLONE_NEWNET = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)
guard = None  # the process that cleans up if we are killed; there is one as soon as we are isolated


class LabError(RuntimeError):
    """The laboratory itself could not do something; the message says what and what the tool answered."""


def isolate():
    """A private /run for this process and its children. Must be called before threads are started."""
    global guard
    if guard is not None:
        return
    need_root()
    if LIBC.unshare(CLONE_NEWNS) != 0:
        raise LabError(f"no new mount namespace: {os.strerror(ctypes.get_errno())} (is this container privileged?)")
    run("mount", "--make-rprivate", "/")
    run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run")
    program = os.path.join(os.path.dirname(os.path.abspath(__file__)), "guard.py")
    guard = subprocess.Popen([sys.executable, "-S", "-B", program], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL, start_new_session=True, text=True)


def guard_directory(directory):
    """To be removed if this process is killed before it can do so itself."""
    if guard is not None:
        guard.stdin.write(directory + "\n")
        guard.stdin.flush()


def need_root():
    if os.geteuid() != 0:
        raise LabError("the laboratory makes network namespaces and must run as root")


def run(*argv, input=None, check=True, timeout=30):
    """Run a command to its end and return what it printed; LabError with its own words if it fails."""
    done = subprocess.run(argv, input=input, capture_output=True, text=True, timeout=timeout)
    if check and done.returncode != 0:
        raise LabError(f"{' '.join(argv)}: exit {done.returncode}: {(done.stderr or done.stdout).strip()}")
    return done.stdout


class Namespace:
    """A named network namespace. `role` is what it is in the laboratory (n1, near, r1 ...)."""

    def __init__(self, name, role):
        self.name = name
        self.role = role
        self.path = f"{NETNS}/{name}"
        run("ip", "netns", "add", name)
        self.ip_batch("link set lo up")

    def run(self, *argv, **kwargs):
        return run("nsenter", f"--net={self.path}", "--", *argv, **kwargs)

    def ip_batch(self, *lines):
        run("ip", "-n", self.name, "-batch", "-", input="\n".join(lines) + "\n")

    def ip_json(self, *args):
        return json.loads(run("ip", "-n", self.name, "-j", *args) or "[]")

    def nft(self, text):
        self.run("nft", "-f", "-", input=text)

    def sysctl(self, **values):
        """sysctl(net__ipv4__ip_forward=1): two underscores stand for a slash."""
        with self.entered():
            for key, value in values.items():
                with open("/proc/sys/" + key.replace("__", "/"), "w", encoding="ascii") as file:
                    file.write(str(value))

    @contextlib.contextmanager
    def entered(self):
        """The calling thread, and only it, is in the namespace; a socket made there stays there."""
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        there = os.open(self.path, os.O_RDONLY)
        try:
            setns(there)
            try:
                yield
            finally:
                setns(home)
        finally:
            os.close(there)
            os.close(home)

    def socket(self, family=socket.AF_INET, kind=socket.SOCK_STREAM, protocol=0):
        with self.entered():
            return socket.socket(family, kind, protocol)

    def mac(self, interface="eth0"):
        return self.ip_json("link", "show", "dev", interface)[0]["address"]

    def remove(self):
        remove_namespace(self.name)

    def __repr__(self):
        return self.name


def setns(fd):
    if LIBC.setns(fd, CLONE_NEWNET) != 0:
        raise LabError(f"setns: {os.strerror(ctypes.get_errno())}")


def remove_namespace(name):
    """End whatever still runs in it, then remove it."""
    for _ in range(50):
        pids = [int(pid) for pid in run("ip", "netns", "pids", name, check=False).split()]
        if not pids:
            break
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.02)
    run("ip", "netns", "del", name, check=False)


def remove_leftovers(prefix):
    """Remove every namespace whose name starts with prefix; returns their names."""
    names = sorted(name for name in os.listdir(NETNS) if name.startswith(prefix)) if os.path.isdir(NETNS) else []
    for name in names:
        remove_namespace(name)
    return names
