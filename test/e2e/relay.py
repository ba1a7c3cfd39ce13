"""A relay between herald and the API server, which can swallow answers, fall silent and cut connections.

It ends the TLS of both sides (with the API server's own certificate), so that it sees which request an answer is for.
"""

import contextlib
import json
import select
import socket
import ssl
import threading

from kube import netns as ns


class Relay:
    """Connections to a port of a namespace, handed on to the API server of the cluster."""

    def __init__(self, cluster, port):
        self.cluster, self.words, self.swallowed, self.closed = cluster, None, 0, threading.Event()
        self.requests = []  # the beginnings of all
        self.waits_for, self.held, self.released = None, 0, threading.Event()
        self.serving = {}  # each of herald's connections, and what is known of it
        self.server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.server.load_cert_chain(cluster.pki.server, cluster.pki.server_key)
        self.client = ssl.create_default_context(cafile=str(cluster.pki.server_ca))
        self.listener = ns.inside(cluster.netns, lambda: socket.create_server((cluster.address, port)))
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while not self.closed.is_set():
                near, _ = self.listener.accept()
                threading.Thread(target=self.serve, args=(near,), daemon=True).start()

    def serve(self, near):
        with contextlib.suppress(OSError, ssl.SSLError), near:
            far = ns.connect(self.cluster.netns, self.cluster.address, self.cluster.port, 10)
            with far, self.server.wrap_socket(near, server_side=True) as near_tls, \
                    self.client.wrap_socket(far, server_hostname=self.cluster.address) as far_tls:
                self.serving[near_tls] = {"request": b"", "deaf": False}
                try:
                    self.pump(near_tls, far_tls, self.serving[near_tls])
                finally:
                    del self.serving[near_tls]

    def cut(self):
        """Ends every connection that there is; new ones are served."""
        for near in list(self.serving):
            with contextlib.suppress(OSError):
                near.shutdown(socket.SHUT_RDWR)

    def asked(self, beginning):
        """How many requests began so."""
        return sum(request.startswith(beginning.encode()) for request in self.requests)

    def deafen(self, *words):
        """Of a request with all these words that runs now, nothing arrives any more; its connection stays. How many."""
        found = [state for state in list(self.serving.values()) if all(word.encode() in state["request"] for word in words)]
        for state in found:
            state["deaf"] = True
        return len(found)

    def pump(self, near, far, state):
        silent = False
        while True:
            ready = [end for end in (near, far) if end.pending()] or select.select([near, far], [], [])[0]
            for end in ready:
                end.setblocking(False)
                try:
                    data = end.recv(65536)
                except ssl.SSLWantReadError:
                    continue  # a session ticket, or a part of a record
                finally:
                    end.settimeout(30)
                if not data:
                    return
                if end is near:
                    state["request"] = data
                    self.requests.append(data[:200])
                    silent = self.words is not None and all(word.encode() in data for word in self.words)
                    far.sendall(data)
                elif silent:
                    self.swallowed += 1
                    return
                elif not state["deaf"]:
                    if self.waits_for and all(word.encode() in state["request"] for word in self.waits_for):
                        self.held += 1
                        self.released.wait(30)
                    near.sendall(data)

    @contextlib.contextmanager
    def mute(self, *words):
        """While the block runs, a request in which all these words are is carried out, but its answer never arrives: the
        connection is closed instead."""
        self.words = words
        try:
            yield
        finally:
            self.words = None

    @contextlib.contextmanager
    def hold(self, *words):
        """While the block runs, the answer of a request in which all these words are is kept; it arrives afterwards."""
        self.released.clear()
        self.waits_for, self.held = words, 0
        try:
            yield
        finally:
            self.waits_for = None
            self.released.set()

    def close(self):
        self.closed.set()
        self.listener.close()


def relayed(kubeconfig, port):
    """The kubeconfig with the relay's port in the place of the API server's."""
    with open(kubeconfig, encoding="utf-8") as file:
        content = json.load(file)
    cluster = content["clusters"][0]["cluster"]
    cluster["server"] = f"{cluster['server'].rsplit(':', 1)[0]}:{port}"
    path = f"{kubeconfig}.relayed"
    with open(path, "w", encoding="utf-8") as file:
        json.dump(content, file)
    return path
