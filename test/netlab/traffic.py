"""Requests from a client's namespace, each on a connection of its own, and what became of them."""

import collections
import dataclasses
import itertools
import socket
import threading
import time
import urllib.parse


def http_get(namespace, url, timeout=2.0):
    """(status, body) of one GET from inside the namespace; OSError if there is no answer in time."""
    where = urllib.parse.urlsplit(url)
    family = socket.AF_INET6 if ":" in where.hostname else socket.AF_INET
    deadline = time.monotonic() + timeout
    with namespace.socket(family) as connection:
        connection.settimeout(timeout)
        connection.connect((where.hostname, where.port or 80))
        connection.sendall(f"GET {where.path or '/'} HTTP/1.1\r\nHost: {where.netloc}\r\nConnection: close\r\n\r\n"
                           .encode())
        answer = b""
        while True:
            connection.settimeout(max(deadline - time.monotonic(), 0.001))
            chunk = connection.recv(65536)
            if not chunk:
                break
            answer += chunk
    head, separator, body = answer.partition(b"\r\n\r\n")
    words = head.split()
    if not separator or len(words) < 2 or not words[1].isdigit():
        raise ConnectionError(f"not an HTTP answer: {answer[:60]!r}")
    return int(words[1]), body.decode(errors="replace")


@dataclasses.dataclass
class Tally:
    """answers: how often each node answered. failures: how often each error was seen."""

    answers: collections.Counter = dataclasses.field(default_factory=collections.Counter)
    failures: collections.Counter = dataclasses.field(default_factory=collections.Counter)

    def __str__(self):
        parts = [f"{name} {count}" for name, count in sorted(self.answers.items())]
        return ", ".join(parts + [f"{count} failed ({error})" for error, count in self.failures.items()]) or "nothing"


def attempt(namespace, url, timeout):
    """(node, None) or (None, error)."""
    try:
        status, body = http_get(namespace, url, timeout)
    except OSError as error:
        return None, error.strerror or type(error).__name__
    return (body.strip(), None) if status == 200 else (None, f"HTTP {status}")


def requests(namespace, url, count, timeout=2.0):
    """So many requests, one after the other, each on a new connection."""
    tally = Tally()
    for _ in range(count):
        node, error = attempt(namespace, url, timeout)
        if error is None:
            tally.answers[node] += 1
        else:
            tally.failures[error] += 1
    return tally


@dataclasses.dataclass
class Request:
    """One request of the prober; start and end are readings of CLOCK_MONOTONIC in seconds."""

    start: float
    end: float
    node: str | None
    error: str | None


class Prober:
    """Requests all the time, from several threads, until the end of the `with`; every one of them is kept.

    About 140 a second, so that no source port comes again while the nodes' conntrack still knows its last connection.

    with Prober(lab.far, url) as prober:
        ...
    lost = [r for r in prober.requests if r.error and r.start > moment]
    """

    def __init__(self, namespace, url, *, threads=3, pause=0.02, timeout=1.0):
        self.namespace = namespace
        self.url = url
        self.pause = pause
        self.timeout = timeout
        self.requests = []
        self.ended = threading.Event()
        self.threads = [threading.Thread(target=self.work, daemon=True) for _ in range(threads)]

    def work(self):
        while not self.ended.is_set():
            start = time.monotonic()
            node, error = attempt(self.namespace, self.url, self.timeout)
            self.requests.append(Request(start, time.monotonic(), node, error))
            time.sleep(self.pause)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *exc):
        self.ended.set()
        for thread in self.threads:
            thread.join()

    def since(self, moment):
        """The requests that were started after a moment and are done, in the order of their start."""
        return sorted((r for r in self.requests if r.start > moment), key=lambda r: r.start)

    def failed(self, since=float("-inf")):
        return [r for r in self.since(since) if r.error]

    def nodes(self, since=float("-inf")):
        return collections.Counter(r.node for r in self.since(since) if r.node)

    def longest_gap(self, since=float("-inf")):
        """The longest time, in seconds, without a request that was answered."""
        ends = sorted(r.end for r in self.since(since) if not r.error)
        return max((b - a for a, b in itertools.pairwise(ends)), default=0.0)
