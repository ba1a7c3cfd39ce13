"""`herald run` on a node, with exactly the privileges of the pod: uid 0, every capability gone but CAP_NET_RAW.

Inside, the program sees /run/lab/herald (itself), /run/lab/documents or /run/lab/kubeconfig/config, and /run/heraldlb (its
state directory, the default). A kubeconfig is rewritten so that the files it names are found under /run/lab as well.
"""

import os
import re
import signal

from .namespace import LabError
from .traffic import http_get
from .topology import ROOT
from .wait import wait_for

CAPABILITIES = ("net_raw",)
HTTP = "127.0.0.1:7490"
FILE_IN_KUBECONFIG = re.compile(r"""(?:certificate-authority|client-certificate|client-key|tokenFile)"?:\s*"?(/[^"\s,]+)""")
SANITIZERS = {"ASAN_OPTIONS": "abort_on_error=0:exitcode=99:detect_leaks=1", "UBSAN_OPTIONS": "print_stacktrace=1"}


def binary():
    """The program under test: $HERALD, else the release build."""
    path = os.environ.get("HERALD") or os.path.join(ROOT, "build", "release", "cmd", "herald", "herald")
    if not os.access(path, os.X_OK):
        raise LabError(f"{path} is not there; build it: cmake --preset release && cmake --build --preset release")
    return os.path.abspath(path)


class Herald:
    """start(), wait_ready(), stop() (SIGTERM), kill9(), pause(), resume(), restart(); log(), metrics()."""

    def __init__(self, lab, node, *, standalone=None, kubeconfig=None, args=(), capabilities=CAPABILITIES, env=None):
        self.lab = lab
        self.node = node
        binds = {binary(): "/run/lab/herald"}
        argv = ["/run/lab/herald", "run", "--node-name", node.name]
        if standalone is not None:
            binds[str(standalone)] = "/run/lab/documents"
            argv += ["--standalone", "/run/lab/documents"]
        if kubeconfig is not None:
            binds.update(self.bind_kubeconfig(kubeconfig))
            argv += ["--kubeconfig", "/run/lab/kubeconfig/config"]
        self.state = os.path.join(lab.dir, node.name, "state")
        os.makedirs(self.state, exist_ok=True)
        binds[self.state] = "/run/heraldlb"
        environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), **SANITIZERS, **(env or {})}
        self.daemon = lab.daemon(node.ns, argv + list(args), "herald", binds=binds, capabilities=capabilities,
                                 env=environment)

    def bind_kubeconfig(self, path):
        """The kubeconfig and the directories of the files that it names (certificates, a token), as herald sees them."""
        with open(path, encoding="utf-8") as file:
            text = file.read()
        own = os.path.join(self.lab.dir, self.node.name, "kubeconfig")
        os.makedirs(own, exist_ok=True)
        binds = {own: "/run/lab/kubeconfig"}
        for named in sorted(set(FILE_IN_KUBECONFIG.findall(text)), key=len, reverse=True):
            inside = binds.setdefault(os.path.dirname(named), f"/run/lab/files{len(binds)}")
            text = text.replace(named, f"{inside}/{os.path.basename(named)}")
        with open(os.path.join(own, "config"), "w", encoding="utf-8") as file:
            file.write(text)
        return binds

    def start(self):
        self.daemon.start()
        return self

    def wait_ready(self, timeout=15):
        wait_for(self.ready, timeout, f"{self.daemon} ready")
        return self

    def ready(self):
        if not self.daemon.running():
            raise AssertionError(f"{self.daemon} ended with status {self.daemon.process.returncode}; its log ends:\n"
                                 f"{self.daemon.tail()}")
        return self.get("/readyz")[0] == 200

    def get(self, path, timeout=2):
        """(status, body) of its HTTP server, which listens on the node's loopback only."""
        return http_get(self.node.ns, f"http://{HTTP}{path}", timeout)

    def metrics(self):
        """Every sample of /metrics: {'name{label="value"}': number}."""
        status, body = self.get("/metrics")
        if status != 200:
            raise LabError(f"/metrics of {self.node} answered {status}")
        lines = (line.rsplit(" ", 1) for line in body.splitlines() if line and not line.startswith("#"))
        return {name: float(value) for name, value in lines}

    def stop(self, timeout=15):
        return self.daemon.stop(timeout)

    def signal_term(self):
        """SIGTERM without waiting for the end; wait_end() does."""
        self.daemon.process.send_signal(signal.SIGTERM)

    def wait_end(self, timeout=15):
        return self.daemon.wait_end(timeout)

    def kill9(self):
        self.daemon.kill9()

    def pause(self):
        self.daemon.pause()

    def resume(self):
        self.daemon.resume()

    def restart(self):
        self.stop()
        return self.start().wait_ready()

    def running(self):
        return self.daemon.running()

    def log(self):
        return self.daemon.text()

    def log_lines(self, *words):
        """The log's lines that contain every one of the words."""
        return [line for line in self.log().splitlines() if all(word in line for word in words)]

    def __repr__(self):
        return f"herald on {self.node.name}"
