"""A real control plane of its own: etcd, kube-apiserver, kube-controller-manager, and kube-proxy per node.

Everything lives in one temporary directory and, on the network, on a loopback address or inside one network
namespace. There is no kubelet and no scheduler: objects.py plays their part. Every wait is for a condition;
one that is in vain shows the end of the log of the process that did not come up.
"""

import base64
import fcntl
import http.client
import ipaddress
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from . import build, netns as ns
from .api import ApiError, Client, plain_status
from .objects import Objects
from .pki import Pki, file_name, write_private
from .process import Process, close_recorded, identity, supervised

SERVICE_CIDRS = ("10.96.0.0/16", "fd00:10:96::/112")
POD_CIDRS = ("10.244.0.0/16", "fd00:10:244::/56")
CONTROLLERS = ("endpointslice-controller", "namespace-controller", "serviceaccount-controller",
               "root-ca-certificate-publisher-controller", "garbage-collector-controller",
               "clusterrole-aggregation-controller")
DIRECTORY_PREFIX = "heraldlb-kube-"
RECORD = "processes.json"
KUBE_PROXY_HEALTH_PORT = 10256


class ClusterError(Exception):
    """Something of the cluster did not come up, or did not do what was asked."""


class KubectlError(ClusterError):
    """kubectl ended with an error: returncode, stdout, stderr."""

    def __init__(self, arguments, answer):
        self.returncode, self.stdout, self.stderr = answer.returncode, answer.stdout, answer.stderr
        super().__init__(f"kubectl {' '.join(arguments)}: exit {answer.returncode}: {answer.stderr.strip()}")


def wait_for(condition, seconds, what, every=0.05):
    """Calls condition() until it is true and returns what it returned; ClusterError after so many seconds."""
    deadline = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise ClusterError(f"waited {seconds} s in vain for {what}")
        time.sleep(every)


class Cluster(Objects):
    """A control plane; with `with`, or start() and close().

    netns: the name of an existing network namespace to run in (None: where we are).
    address: the IP that the API server binds and advertises; nodes in other namespaces must reach it.
    directory: where to keep everything, made by start() and removed by close() (None: a temporary one).
    controllers: those of kube-controller-manager to run.
    apiserver_args, etcd_args: more arguments; the attribute apiserver_args may be changed before a restart.
    older: the API server is the older one that build.py knows; all else stays the newest.
    etcd: the path of another etcd to run, for example Debian's 3.4 (None: the one that is built).
    detached: the processes outlive this program; close_directory(directory) ends them. Needs directory.
    log: where the progress of a build is told, a function of one line (None: stderr).
    """

    wait_for = staticmethod(wait_for)

    def __init__(self, netns=None, address="127.0.0.1", *, directory=None, controllers=CONTROLLERS,
                 apiserver_args=(), etcd_args=(), older=False, etcd=None, detached=False, log=None):
        if detached and directory is None:
            raise ClusterError("a detached cluster needs a directory, so that it can be found again")
        self.netns, self.address, self.detached = netns, str(ipaddress.ip_address(address)), detached
        self.controllers = tuple(controllers)
        self.apiserver_args, self.etcd_args = list(apiserver_args), list(etcd_args)
        self.older, self.etcd = older, etcd
        self.directory, self._wanted_directory = None, directory
        self.port = self.server = self.binaries = self._programs = None
        self._log, self._lock, self.pki, self._client, self._etcd_url = log, None, None, None, None
        self._etcd = self._apiserver = self._second = self._controller_manager = None
        self._proxies, self._kubeconfigs = {}, {}

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, _error, _traceback):
        if kind is not None and issubclass(kind, Exception):
            print(self.tails(), file=sys.stderr)
        self.close()

    # ---- start and end

    def start(self):
        """Builds the components if need be, starts them, and returns self when pods can be created."""
        self.binaries = build.ensure(self._log)
        self._programs = self._other_programs()
        try:
            self._make_directory()
            self._make_credentials()
            self._start_etcd()
            self.start_apiserver()
            self._start_controller_manager()
            account = "/api/v1/namespaces/default/serviceaccounts/default"
            self._await(self._controller_manager, lambda: self.exists(account), 30, "making ServiceAccounts")
        except ApiError as error:
            tails = self.tails()
            self.close()
            raise ClusterError(f"{error}\n{tails}") from error
        except BaseException:
            self.close()
            raise
        return self

    def _other_programs(self):
        """The paths of those that are not the newest ones, by name."""
        programs = {"etcd": str(self.etcd)} if self.etcd else {}
        if self.older:
            programs["kube-apiserver"] = str(build.ensure(self._log, build.OLDER) / "kube-apiserver")
        return programs

    def close(self):
        """Ends every process, waits for each, and removes the directory. May be called twice."""
        for name in list(self._proxies):
            self.stop_kube_proxy(name)
        for process in (self._controller_manager, self._second, self._apiserver, self._etcd):
            if process is not None:
                process.stop(0)  # nothing of it is kept: no need to wait for a farewell
        self._etcd = self._apiserver = self._second = self._controller_manager = None
        if self._client is not None:
            self._client.forget()
        if self.directory is not None:
            shutil.rmtree(self.directory, ignore_errors=True)
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _make_directory(self):
        if self._wanted_directory is None:
            remove_abandoned()
            self.directory = Path(tempfile.mkdtemp(prefix=DIRECTORY_PREFIX))
        else:
            wanted = Path(self._wanted_directory).absolute()
            try:
                wanted.mkdir(parents=True, mode=0o700)
            except FileExistsError:
                raise ClusterError(f"{wanted} exists: a cluster wants a directory of its own") from None
            self.directory = wanted
        unlocked = self.directory / "lock.new"
        self._lock = open(unlocked, "w", encoding="ascii")  # pylint: disable=consider-using-with
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        unlocked.rename(self.directory / "lock")  # so nobody ever sees it unlocked while we live
        (self.directory / "logs").mkdir()

    def _make_credentials(self):
        own = [str(ipaddress.ip_network(cidr)[1]) for cidr in SERVICE_CIDRS]  # the Service kubernetes
        names = [self.address, "127.0.0.1", "::1", *own, "localhost", "kubernetes", "kubernetes.default",
                 "kubernetes.default.svc"]
        self.pki = Pki(self.directory / "pki", dict.fromkeys(names))
        if self.netns is not None:
            subprocess.run(["ip", "-n", self.netns, "link", "set", "lo", "up"], check=True)
        self.port = 6443 if self.netns is not None else ns.free_ports(None, self.address, 1)[0]
        self.server = f"https://{bracketed(self.address)}:{self.port}"
        self.kubeconfig()
        self._client = self._client_of(self.port)

    def _client_of(self, port):
        certificate, key = self.pki.client("api", ("system:masters",))
        return Client(self.netns, self.address, port, self.pki.server_ca, certificate, key)

    # ---- the API server and those behind it

    def _start_etcd(self):
        client, peer = ns.free_ports(self.netns, "127.0.0.1", 2)
        self._etcd_url, peer_url = f"http://127.0.0.1:{client}", f"http://127.0.0.1:{peer}"
        self._etcd = self._spawn("etcd", [
            "--name=test", f"--data-dir={self.directory}/etcd", "--log-level=warn",
            f"--listen-client-urls={self._etcd_url}", f"--advertise-client-urls={self._etcd_url}",
            f"--listen-peer-urls={peer_url}", f"--initial-advertise-peer-urls={peer_url}",
            f"--initial-cluster=test={peer_url}",
            *([] if self.etcd else ["--unsafe-no-fsync", "--watch-progress-notify-interval=5s"]),
            *self.etcd_args])
        self._await(self._etcd, lambda: plain_status(self.netns, "127.0.0.1", client, "/health") == 200,
                    30, "healthy")

    def start_apiserver(self):
        """Starts the API server and waits until it is ready (it must not be running).

        The controllers are started anew: by themselves they come back with a back-off that grows with every restart, to
        more than half a minute.
        """
        self._apiserver = self._spawn("kube-apiserver", [*self._apiserver_arguments(self.port), *self._advertise()])
        self.wait_apiserver()
        if self._controller_manager is not None:
            self._controller_manager.stop(0)
            self._start_controller_manager()

    def _apiserver_arguments(self, port):
        # the first must be of the server's own family
        cidrs = SERVICE_CIDRS[::-1] if ":" in self.address else SERVICE_CIDRS
        keys = self.pki.service_account_key
        return [
            f"--etcd-servers={self._etcd_url}", f"--bind-address={self.address}", f"--secure-port={port}",
            f"--service-cluster-ip-range={','.join(cidrs)}",
            f"--tls-cert-file={self.pki.server}", f"--tls-private-key-file={self.pki.server_key}",
            f"--client-ca-file={self.pki.ca}", f"--service-account-key-file={keys}",
            f"--service-account-signing-key-file={keys}",
            "--service-account-issuer=https://kubernetes.default.svc",
            "--authorization-mode=RBAC", "--allow-privileged=true", "--profiling=false",
            # without it, SIGTERM waits up to a minute for the watches of others to end by themselves
            "--shutdown-watch-termination-grace-period=1s",
            # it would taint every new node, and only the node-lifecycle controller takes that away
            *([] if "node-lifecycle-controller" in self.controllers
              else ["--disable-admission-plugins=TaintNodesByCondition"]),
            *self.apiserver_args]

    def _advertise(self):
        if not ipaddress.ip_address(self.address).is_loopback:
            return [f"--advertise-address={self.address}"]
        # no endpoint may have a loopback address: then the Service kubernetes has none
        unused = "2001:db8::1" if ":" in self.address else "192.0.2.1"
        return ["--endpoint-reconciler-type=none", f"--advertise-address={unused}"]

    def wait_apiserver(self, seconds=60):
        """Waits until /readyz says yes."""
        self._await(self._apiserver, self._apiserver_ready, seconds, "ready")

    def _apiserver_ready(self, client=None):
        try:
            return (client or self._client).request("GET", "/readyz", timeout=5) == "ok"
        except (ApiError, OSError, http.client.HTTPException):
            return False

    def start_second_apiserver(self):
        """Starts another API server at the next port, on the same etcd; returns its URL when it is ready.

        Everything here goes on using the first one.
        """
        port = self.port + 1
        self._second = self._spawn("kube-apiserver", [
            *self._apiserver_arguments(port), f"--advertise-address={self.address}",
            "--endpoint-reconciler-type=none"], "kube-apiserver-2")
        client = self._client_of(port)
        self._await(self._second, lambda: self._apiserver_ready(client), 60, "ready")
        client.forget()
        return f"https://{bracketed(self.address)}:{port}"

    def kill_second_apiserver(self):
        """SIGKILL; waits until it is gone."""
        self._second.stop(0)

    def pause_second_apiserver(self):
        """SIGSTOP: its connections stay and new ones are made, but nothing answers."""
        self._second.signal(signal.SIGSTOP)

    def resume_second_apiserver(self):
        self._second.signal(signal.SIGCONT)

    def renew_certificates(self):
        """Restarts the API servers with a certificate of a new authority (clients keep theirs); returns the file of
        the new authority. Controllers and kube-proxies know only the old one until they are started again."""
        self.pki.renew_server()
        self._kubeconfigs.clear()
        self.stop_apiserver()
        self._client = self._client_of(self.port)
        self.start_apiserver()
        if self._second is not None:
            self._second.stop()
            self.start_second_apiserver()
        return self.pki.server_ca

    def stop_apiserver(self, *, crash=False):
        """SIGTERM (it ends all watches in good order) or SIGKILL; waits until it is gone."""
        self._client.forget()
        self._apiserver.stop(0 if crash else 30)

    def restart_apiserver(self, *, crash=False):
        """Stops it, starts it at the same address, and waits until it is ready."""
        self.stop_apiserver(crash=crash)
        self.start_apiserver()

    def pause_apiserver(self):
        """SIGSTOP: connections stay, nothing answers."""
        self._apiserver.signal(signal.SIGSTOP)

    def resume_apiserver(self):
        self._apiserver.signal(signal.SIGCONT)

    def compact_etcd(self):
        """Makes etcd forget everything but the newest revision. Of an API server that starts afterwards nobody can
        watch from an older one."""
        revision = self._etcd_request("/v3/kv/range", {"key": base64.b64encode(b"/").decode()})["header"]["revision"]
        self._etcd_request("/v3/kv/compaction", {"revision": revision, "physical": True})

    def _etcd_request(self, path, body):
        port = int(self._etcd_url.rsplit(":", 1)[1])
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        connection.sock = ns.connect(self.netns, "127.0.0.1", port, 10)
        try:
            connection.request("POST", path, json.dumps(body))
            answer = connection.getresponse()
            text = answer.read().decode()
            if answer.status != 200:
                raise ClusterError(f"etcd: {path}: {answer.status} {text[:200]}")
            return json.loads(text)
        finally:
            connection.close()

    def _start_controller_manager(self):
        self._controller_manager = self._spawn("kube-controller-manager", [
            f"--kubeconfig={self.kubeconfig('kube-controller-manager', ('system:masters',))}",
            f"--controllers={','.join(self.controllers)}", "--leader-elect=false", "--secure-port=0",
            f"--service-account-private-key-file={self.pki.service_account_key}",
            f"--root-ca-file={self.pki.server_ca}", "--kube-api-qps=500", "--kube-api-burst=1000"])

    # ---- kube-proxy

    def start_kube_proxy(self, node_name, netns, *, pod_cidrs=POD_CIDRS, config=None, seconds=30):
        """Runs kube-proxy (nftables) as this node in its namespace; returns when its healthz says 200.

        The Node must exist with its InternalIPs, and the API server be reachable from there. Forwarding is
        switched on in the namespace. Whenever kube-proxy ends, it is started again. It learns the node's
        addresses only at its start: call this again if they change. config: fields of KubeProxyConfiguration
        that replace ours. Returns the process.Process of its supervisor.
        """
        if ipaddress.ip_address(self.address).is_loopback:
            raise ClusterError(f"{netns} cannot reach the API server on {self.address}")
        self.stop_kube_proxy(node_name)
        ns.write_sysctl(netns, "net/ipv4/ip_forward", 1)
        ns.write_sysctl(netns, "net/ipv6/conf/all/forwarding", 1)
        path = write_private(self.directory / f"kube-proxy-{file_name(node_name)}.json", json.dumps({
            "apiVersion": "kubeproxy.config.k8s.io/v1alpha1", "kind": "KubeProxyConfiguration",
            "mode": "nftables", "hostnameOverride": node_name, "clusterCIDR": ",".join(pod_cidrs),
            "clientConnection": {"kubeconfig": str(self.kubeconfig("system:kube-proxy"))},
            # these sysctls are read-only outside the first namespace
            "conntrack": {"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s",
                          "tcpCloseWaitTimeout": "0s"},
            "healthzBindAddress": f"0.0.0.0:{KUBE_PROXY_HEALTH_PORT}",
            "metricsBindAddress": "127.0.0.1:10249", "oomScoreAdj": 0, **(config or {})}))
        argv = ns.command(netns, [str(self.binaries / "kube-proxy"), f"--config={path}"])
        self._proxies[node_name] = process = self._run(f"kube-proxy-{node_name}", supervised(argv))
        self._await(process, lambda: kube_proxy_healthy(netns), seconds, "healthy")
        return process

    def stop_kube_proxy(self, node_name):
        """Ends it; its rules stay in the namespace."""
        process = self._proxies.pop(node_name, None)
        if process is not None:
            process.stop()

    # ---- speaking to it

    # pylint: disable-next=redefined-builtin
    def kubectl(self, *arguments, input=None, as_user=None, kubeconfig=None, timeout=60):
        """Runs kubectl and returns its stdout; KubectlError if it fails. input: text for `-f -`."""
        impersonation = [f"--as={as_user}"] if as_user else []
        command = [str(self.binaries / "kubectl"), *impersonation, *map(str, arguments)]
        environment = self._environment() | {"KUBECONFIG": str(kubeconfig or self.kubeconfig())}
        answer = subprocess.run(ns.command(self.netns, command), input=input or "", env=environment,
                                capture_output=True, text=True, timeout=timeout, check=False)
        if answer.returncode != 0:
            raise KubectlError(list(map(str, arguments)), answer)
        return answer.stdout

    def kubectl_command(self, *arguments):
        """The argument list that runs kubectl as admin, for a person to type or a program to start."""
        command = [str(self.binaries / "kubectl"), f"--kubeconfig={self.kubeconfig()}", *arguments]
        return ns.command(self.netns, command)

    def get(self, *arguments, **options):
        """kubectl get ... -o json, parsed."""
        return json.loads(self.kubectl("get", *arguments, "-o", "json", **options))

    def apply(self, *objects, **options):
        """kubectl apply of objects (dicts) or texts (YAML or JSON)."""
        texts = [each if isinstance(each, str) else json.dumps(each) for each in objects]
        return self.kubectl("apply", "-f", "-", input="\n---\n".join(texts), **options)

    def request(self, method, path, body=None, *, content_type=None, as_user=None, timeout=30):
        """One request to the API server, as admin or as a user; see api.Client.request."""
        return self._client.request(method, path, body, content_type=content_type, as_user=as_user,
                                    timeout=timeout)

    def kubeconfig(self, user="admin", groups=None):
        """The path of a kubeconfig with a client certificate of this user (admin is in system:masters)."""
        if user not in self._kubeconfigs:
            if groups is None:
                groups = ("system:masters",) if user == "admin" else ()
            certificate, key = self.pki.client(user, groups)
            path = self.directory / f"{file_name(user)}.kubeconfig"
            self._kubeconfigs[user] = self.pki.kubeconfig(path, self.server, certificate, key)
        return self._kubeconfigs[user]

    def service_account_token(self, namespace, name, seconds=3600):
        """A token of this ServiceAccount (at least 600 s), as a kubelet would ask for one."""
        request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest",
                   "spec": {"expirationSeconds": seconds}}
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token"
        return self.request("POST", path, request)["status"]["token"]

    def service_account_kubeconfig(self, namespace, name, seconds=3600):
        """The path of a kubeconfig with a token file of this ServiceAccount; call again for a new token."""
        stem = file_name(f"sa-{namespace}-{name}")
        token = self.service_account_token(namespace, name, seconds)
        token_file = write_private(self.directory / f"{stem}.token", token)
        return self.pki.token_kubeconfig(self.directory / f"{stem}.kubeconfig", self.server, token_file)

    def tails(self, lines=25):
        """The ends of all logs, for a person who wonders why a test failed."""
        return "\n".join(process.tail(lines) for process in self._processes())

    def pids(self):
        """The pid of each process by name; a kube-proxy's is that of its supervisor."""
        return {process.name: process.pid for process in self._processes()}

    # ---- processes

    def _processes(self):
        every = [self._etcd, self._apiserver, self._second, self._controller_manager, *self._proxies.values()]
        return [process for process in every if process is not None]

    def _environment(self):
        # proxies are for the world outside; HOME keeps kubectl's caches out of the user's
        kept = {key: value for key, value in os.environ.items()
                if not key.lower().endswith("_proxy") and not key.startswith("KUBE")}
        return kept | {"HOME": str(self.directory)}

    def _spawn(self, program, arguments, name=None):
        path = self._programs.get(program, str(self.binaries / program))
        return self._run(name or program, ns.command(self.netns, [path, *arguments]))

    def _run(self, name, argv):
        process = Process(name, argv, self.directory / "logs" / f"{name}.log", cwd=self.directory,
                          env=self._environment(), detached=self.detached)
        if self.detached:
            self._record(process)
        return process

    def _record(self, process):
        path = self.directory / RECORD
        recorded = json.loads(path.read_text()) if path.exists() else []
        # the one that was started last is ended first
        write_private(path, json.dumps([[process.pid, identity(process.pid)], *recorded]))

    @staticmethod
    def _await(process, condition, seconds, what):
        def ended_or_true():
            return not process.running() or condition()

        try:
            wait_for(ended_or_true, seconds, f"{process.name} to be {what}")
        except ClusterError as error:
            raise ClusterError(f"{error}\n{process.tail()}") from None
        if not process.running():
            raise ClusterError(f"{process.name} ended before it was {what}\n{process.tail()}")


def kube_proxy_healthy(netns):
    """Whether the kube-proxy of this namespace answers its health check with yes."""
    return plain_status(netns, "127.0.0.1", KUBE_PROXY_HEALTH_PORT, "/healthz") == 200


def close_directory(directory):
    """Ends what a detached Cluster left running in this directory, and removes it. It may be missing."""
    record = Path(directory) / RECORD
    if record.exists():
        close_recorded(json.loads(record.read_text()))
    shutil.rmtree(directory, ignore_errors=True)


def remove_abandoned():
    """Removes temporary directories whose owner was killed before it could (its processes died with it)."""
    for directory in Path(tempfile.gettempdir()).glob(f"{DIRECTORY_PREFIX}*"):
        try:
            with open(directory / "lock", "r+", encoding="ascii") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(directory, ignore_errors=True)
        except OSError:
            pass  # in use, or someone else's


def bracketed(address):
    return f"[{address}]" if ":" in address else address
