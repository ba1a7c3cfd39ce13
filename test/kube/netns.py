"""Doing things inside a network namespace from this process, without starting another one.

A thread can enter a namespace by itself, and a socket stays in the namespace in which it was made. So a
short-lived thread enters it, runs one function, and ends; the rest of the process never leaves its own.
"""

import ctypes
import errno
import os
import random
import socket
import threading

CLONE_NEWNET = 0x40000000
SERVER_PORTS = range(20000, 30000)
LIBC = ctypes.CDLL(None, use_errno=True)


def inside(netns, function):
    """Returns function() as run inside the named namespace (None: where we are); exceptions pass through."""
    if netns is None:
        return function()
    answer, failure = [], []

    def run():
        try:
            enter(netns)
            answer.append(function())
        except BaseException as error:  # pylint: disable=broad-except
            failure.append(error)

    thread = threading.Thread(target=run, name=f"in-{netns}")
    thread.start()
    thread.join()
    if failure:
        raise failure[0]
    return answer[0]


def enter(netns):
    """Moves the calling thread, and only it, into the namespace."""
    descriptor = os.open(path(netns), os.O_RDONLY | os.O_CLOEXEC)
    try:
        if LIBC.setns(descriptor, CLONE_NEWNET) != 0:
            error = ctypes.get_errno()
            raise OSError(error, f"cannot enter network namespace {netns}: {os.strerror(error)}")
    finally:
        os.close(descriptor)


def path(netns):
    return os.path.join("/run/netns", netns)


def connect(netns, address, port, timeout):
    """A TCP connection made inside the namespace."""
    return inside(netns, lambda: socket.create_connection((address, port), timeout))


def free_ports(netns, address, count):
    """So many TCP ports that nobody uses at that address of the namespace just now.

    They lie below the ports of outgoing connections: one of those could take the port while its server is
    being restarted (even a client of that server, connected to itself).
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET

    def pick():
        found = []
        for port in random.sample(SERVER_PORTS, len(SERVER_PORTS)):
            with socket.socket(family, socket.SOCK_STREAM) as sock:
                try:
                    sock.bind((address, port))
                except OSError as error:
                    if error.errno != errno.EADDRINUSE:
                        raise
                    continue
            found.append(port)
            if len(found) == count:
                break
        return found

    return inside(netns, pick)


def write_sysctl(netns, name, value):
    """Sets one sysctl of the namespace, for example ("node1", "net/ipv4/ip_forward", 1)."""
    def write():
        # /proc/sys/net shows the namespace of the thread that opens it
        with open(os.path.join("/proc/sys", name), "w", encoding="ascii") as handle:
            handle.write(str(value))

    inside(netns, write)


def command(netns, argv):
    """The argument list that runs argv inside the namespace."""
    return list(argv) if netns is None else ["ip", "netns", "exec", netns, *argv]
