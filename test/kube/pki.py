"""Keys and certificates of one cluster, made with openssl, and the kubeconfig files that hold them."""

import base64
import ipaddress
import json
import os
import subprocess
from pathlib import Path

CERTIFICATE_DAYS = "30"


class Pki:
    """A certificate authority in a directory of its own; every file is made with mode 0600."""

    def __init__(self, directory, server_names):
        self.directory = Path(directory)
        self.directory.mkdir(mode=0o700)
        self.ca, self.ca_key = self._authority("ca")
        self.server_ca = self.ca
        self.service_account_key = self.directory / "service-account.key"
        self._openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048",
                      "-out", self.service_account_key)
        self._server_names = list(server_names)
        self.server, self.server_key = self._issue_server("apiserver", self.ca, self.ca_key)

    def renew_server(self):
        """A new authority, and a certificate and a key of the server by it; those of clients stay as they are."""
        self.server_ca, key = self._authority("ca-new")
        self.server, self.server_key = self._issue_server("apiserver-new", self.server_ca, key)

    def client(self, user, groups=()):
        """Paths of a client certificate and its key for this user and these groups."""
        subject = "".join(f"/O={escape(group)}" for group in groups) + f"/CN={escape(user)}"
        return self._issue(file_name(user), subject, "extendedKeyUsage=clientAuth")

    def kubeconfig(self, path, server, certificate, key):
        """Writes a kubeconfig that holds a client certificate, and returns its path."""
        return self._kubeconfig(path, server, {"client-certificate-data": inline(certificate),
                                               "client-key-data": inline(key)})

    def token_kubeconfig(self, path, server, token_file):
        """Writes a kubeconfig that names a file with a bearer token, and returns its path."""
        return self._kubeconfig(path, server, {"tokenFile": str(token_file)})

    def _kubeconfig(self, path, server, user):
        content = {
            "apiVersion": "v1", "kind": "Config", "current-context": "test",
            "clusters": [{"name": "test", "cluster": {
                "server": server, "certificate-authority-data": inline(self.server_ca)}}],
            "users": [{"name": "test", "user": user}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
        }
        return write_private(path, json.dumps(content, indent=2) + "\n")

    def _authority(self, name):
        certificate, key = self.directory / f"{name}.crt", self.directory / f"{name}.key"
        self._openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                      "-days", CERTIFICATE_DAYS, "-subj", f"/CN=test-{name}", "-keyout", key, "-out", certificate)
        return certificate, key

    def _issue_server(self, name, ca, ca_key):
        extensions = f"extendedKeyUsage=serverAuth\nsubjectAltName={alternatives(self._server_names)}"
        return self._issue(name, "/CN=kube-apiserver", extensions, (ca, ca_key))

    def _issue(self, name, subject, extensions, authority=None):
        ca, ca_key = authority or (self.ca, self.ca_key)
        key, request = self.directory / f"{name}.key", self.directory / f"{name}.csr"
        certificate, extension_file = self.directory / f"{name}.crt", self.directory / f"{name}.ext"
        extension_file.write_text(f"basicConstraints=CA:FALSE\nkeyUsage=digitalSignature\n{extensions}\n")
        self._openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                      "-subj", subject, "-keyout", key, "-out", request)
        self._openssl("x509", "-req", "-in", request, "-CA", ca, "-CAkey", ca_key,
                      "-CAcreateserial", "-days", CERTIFICATE_DAYS, "-extfile", extension_file,
                      "-out", certificate)
        return certificate, key

    def _openssl(self, *arguments):
        answer = subprocess.run(
            ["openssl", *map(str, arguments)], capture_output=True, text=True, check=False,
            stdin=subprocess.DEVNULL, env={"PATH": os.environ["PATH"], "HOME": str(self.directory)})
        if answer.returncode != 0:
            raise RuntimeError(f"openssl {arguments[0]} failed: {answer.stderr.strip()}")


def alternatives(names):
    return ",".join(f"{'IP' if is_address(name) else 'DNS'}:{name}" for name in names)


def is_address(text):
    try:
        ipaddress.ip_address(text)
        return True
    except ValueError:
        return False


def escape(text):
    return text.replace("\\", "\\\\").replace("/", "\\/")


def file_name(user):
    return "".join(letter if letter.isalnum() or letter in "-." else "_" for letter in user)


def inline(path):
    return base64.b64encode(Path(path).read_bytes()).decode()


def write_private(path, text):
    """Writes a file with mode 0600; a reader sees the old content or the new one, never a part."""
    path = Path(path)
    temporary = path.with_name(f".{path.name}.new")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as handle:
        handle.write(text)
    os.replace(temporary, path)
    return path
