"""A BGP speaker made for tests: it accepts connections, keeps what it is told, and misbehaves on request.

    with BgpPeer(lab.near, "10.9.0.100", 1790, behave=[GARBAGE, WELL]) as peer:
        ...
        wait_for(lambda: peer.sessions, ...)

behave says what to do on the first, second ... connection; the last word holds for all later ones.
"""

import dataclasses
import ipaddress
import select
import socket
import struct
import threading
import time

WELL = "behaves well"
NO_MARKER = "sends bytes that are no BGP message, after the session is up"
BAD_LENGTH = "sends a header whose length is 18, after the session is up"
BAD_OPEN = "sends an OPEN of version 3"
BAD_UPDATE = "sends an UPDATE whose attributes are longer than itself, after the session is up"
OPEN, UPDATE, NOTIFICATION, KEEPALIVE = 1, 2, 3, 4
MARKER = b"\xff" * 16


@dataclasses.dataclass
class Session:
    """What was seen on one connection. notification: (code, subcode) that we were sent, None if none."""

    start: float
    peer: str
    behaviour: str
    up: float | None = None
    end: float | None = None
    notification: tuple | None = None
    updates: list = dataclasses.field(default_factory=list)


def message(kind, body=b""):
    return MARKER + struct.pack("!HB", 19 + len(body), kind) + body


class BgpPeer:
    def __init__(self, namespace, address, port, *, asn=64513, behave=(WELL,)):
        self.behave = list(behave)
        self.asn = asn
        self.address = address
        self.sessions = []
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.listener = namespace.socket(family)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind((address, port))
        self.listener.listen()
        self.ended = threading.Event()
        self.threads = [threading.Thread(target=self.accept, daemon=True)]

    def __enter__(self):
        self.threads[0].start()
        return self

    def __exit__(self, *exc):
        self.ended.set()
        for thread in self.threads:
            thread.join()
        self.listener.close()

    def accept(self):
        while not self.ended.is_set():
            if select.select([self.listener], [], [], 0.05)[0]:
                connection, peer = self.listener.accept()
                behaviour = self.behave[min(len(self.sessions), len(self.behave) - 1)]
                session = Session(time.monotonic(), peer[0], behaviour)
                self.sessions.append(session)
                thread = threading.Thread(target=self.converse, args=(connection, session), daemon=True)
                self.threads.append(thread)
                thread.start()

    def converse(self, connection, session):
        with connection:
            try:
                connection.sendall(self.open_message(3 if session.behaviour == BAD_OPEN else 4))
                for kind, body in self.messages(connection):
                    self.react(connection, session, kind, body)
            except OSError:
                pass
        session.end = time.monotonic()

    def open_message(self, version):
        capabilities = (b"\x01\x04\0\x01\0\x01" + b"\x01\x04\0\x02\0\x01"              # IPv4 and IPv6 unicast
                        + b"\x41\x04" + struct.pack("!I", self.asn))                   # 4-octet AS number
        parameters = b"\x02" + bytes([len(capabilities)]) + capabilities
        return message(OPEN, struct.pack("!BHH4sB", version, min(self.asn, 0xFFFF), 9,
                                         ipaddress.ip_address("10.9.0.100").packed, len(parameters)) + parameters)

    def messages(self, connection):
        """(kind, body) of every message until the connection ends; a KEEPALIVE goes out every second."""
        data, spoke = b"", time.monotonic()
        while not self.ended.is_set():
            if time.monotonic() - spoke > 1:
                connection.sendall(message(KEEPALIVE))
                spoke = time.monotonic()
            if not select.select([connection], [], [], 0.05)[0]:
                continue
            chunk = connection.recv(65536)
            if not chunk:
                return
            data += chunk
            while len(data) >= 19 and len(data) >= (length := int.from_bytes(data[16:18], "big")):
                yield data[18], data[19:length]
                data = data[length:]

    @staticmethod
    def react(connection, session, kind, body):
        if kind == OPEN:
            connection.sendall(message(KEEPALIVE))
        elif kind == KEEPALIVE and session.up is None:
            session.up = time.monotonic()
            if session.behaviour == NO_MARKER:
                connection.sendall(b"GET / HTTP/1.1\r\nHost: nobody\r\n\r\n")
            elif session.behaviour == BAD_LENGTH:
                connection.sendall(MARKER + struct.pack("!HB", 18, KEEPALIVE))
            elif session.behaviour == BAD_UPDATE:
                connection.sendall(message(UPDATE, struct.pack("!HH", 0, 4000)))
        elif kind == UPDATE:
            session.updates.append(body)
        elif kind == NOTIFICATION and len(body) >= 2:
            session.notification = (body[0], body[1])
