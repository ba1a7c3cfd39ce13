"""A small client of the API server: JSON in, JSON out, over a connection that stays open.

It exists beside kubectl because a test makes hundreds of objects, and a bench measures milliseconds.
"""

import http.client
import json
import socket
import ssl
import threading

from . import netns


class ApiError(Exception):
    """The API server said no; code is the HTTP status, reason the Status object's reason."""

    def __init__(self, method, path, code, status):
        self.code = code
        self.reason = status.get("reason", "")
        super().__init__(f"{method} {path}: {code} {self.reason}: {status.get('message', '')}")


class Client:
    """May be used from any thread; each has a connection of its own."""

    def __init__(self, namespace, address, port, ca, certificate, key):
        self._where = (namespace, address, port)
        self._context = ssl.create_default_context(cafile=str(ca))
        self._context.load_cert_chain(str(certificate), str(key))
        self._local = threading.local()

    def request(self, method, path, body=None, *, content_type=None, as_user=None, timeout=30):
        """Returns the answer as a dict (a str where it is not JSON). Raises ApiError, or OSError."""
        headers = {"Accept": "application/json"}
        if as_user:
            headers["Impersonate-User"] = as_user
        if body is not None:
            headers["Content-Type"] = content_type or "application/json"
            body = body if isinstance(body, (str, bytes)) else json.dumps(body)
        code, text = self._exchange(method, path, body, headers, timeout)
        try:
            content = json.loads(text)
        except ValueError:
            content = None
        if code >= 300:
            status = content if isinstance(content, dict) else {"message": text[:300]}
            raise ApiError(method, path, code, status)
        return text if content is None else content

    def forget(self):
        """Closes this thread's connection."""
        connection = getattr(self._local, "connection", None)
        if connection is not None:
            connection.close()
            self._local.connection = None

    def _exchange(self, method, path, body, headers, timeout):
        reused = getattr(self._local, "connection", None) is not None
        try:
            return self._once(method, path, body, headers, timeout)
        except (http.client.HTTPException, ConnectionError, ssl.SSLError, ssl.SSLEOFError):
            self.forget()
            if not reused:
                raise
        return self._once(method, path, body, headers, timeout)  # it had been closed while it was idle

    def _once(self, method, path, body, headers, timeout):
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = Connection(self._where, self._context, timeout)
        try:
            connection.timeout = timeout
            if connection.sock is not None:
                connection.sock.settimeout(timeout)
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except BaseException:
            self.forget()
            raise


class Connection(http.client.HTTPConnection):
    """HTTP over TLS whose socket is made inside a network namespace."""

    def __init__(self, where, context, timeout):
        self._where, self._context = where, context
        super().__init__(where[1], where[2], timeout=timeout)

    def connect(self):
        plain = netns.connect(*self._where, self.timeout)
        try:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.sock = self._context.wrap_socket(plain, server_hostname=self._where[1])
        except BaseException:
            plain.close()
            raise


def plain_status(namespace, address, port, path, timeout=2):
    """The HTTP status code of a GET without TLS (0: no answer)."""
    try:
        with netns.connect(namespace, address, port, timeout) as sock:
            sock.settimeout(timeout)
            host = f"[{address}]" if ":" in address else address
            sock.sendall(f"GET {path} HTTP/1.0\r\nHost: {host}\r\n\r\n".encode())
            return int(sock.makefile("rb").readline().split()[1])
    except (OSError, IndexError, ValueError):
        return 0
