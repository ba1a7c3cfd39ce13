"""The cluster by itself: what the end-to-end tests rely on."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
import yaml

from . import netns as ns
from .api import ApiError
from .build import BuildError
from .cluster import (Cluster, ClusterError, KubectlError, close_directory, kube_proxy_healthy,
                      remove_abandoned, wait_for)
from .process import Process

SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  type: LoadBalancer
  ipFamilyPolicy: PreferDualStack
  allocateLoadBalancerNodePorts: false
  selector: {app: web}
  ports: [{port: 80, targetPort: 8080}]
"""


@contextlib.contextmanager
def running(**options):
    try:
        cluster = Cluster(**options)
        with cluster:
            yield cluster
    except BuildError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(error))


@pytest.fixture(scope="module", name="cluster")
def cluster_fixture():
    with running() as cluster:
        yield cluster


def test_service_gets_endpoints_when_its_pod_is_ready(cluster):
    cluster.create_namespace("web")
    cluster.create_node("node1", ["172.18.0.11", "fd00:18::11"], {"zone": "a"})
    cluster.kubectl("create", "-n", "web", "-f", "-", input=SERVICE)
    service = cluster.get("service", "web", "-n", "web")
    assert [ip.partition(":")[1] for ip in service["spec"]["clusterIPs"]] == ["", ":"], "dual stack"
    cluster.create_ready_pod("web", "web-1", "node1", ["10.244.1.2", "fd00:10:244:1::2"], {"app": "web"})
    both = ["10.244.1.2", "fd00:10:244:1::2"]
    wait_for(lambda: cluster.ready_endpoints("web", "web") == both, 10, "two ready endpoints")
    assert {endpoint["nodeName"] for endpoint in cluster.endpoints("web", "web")} == {"node1"}
    cluster.set_pod_ready("web", "web-1", False)
    wait_for(lambda: cluster.ready_endpoints("web", "web") == [], 10, "no ready endpoint")
    cluster.set_pod_ready("web", "web-1", True)
    wait_for(lambda: cluster.ready_endpoints("web", "web") == both, 10, "two ready endpoints again")
    cluster.delete_pod("web", "web-1", grace_seconds=30)
    leaving = {"ready": False, "serving": True, "terminating": True}
    wait_for(lambda: [each["conditions"] for each in cluster.endpoints("web", "web")] == 2 * [leaving],
             10, "endpoints that serve and terminate")
    cluster.delete_pod("web", "web-1")
    wait_for(lambda: cluster.endpoints("web", "web") == [], 10, "no endpoint")


def test_node_is_as_a_kubelet_would_report_it(cluster):
    cluster.create_node("node2", "172.18.0.12", {"zone": "b"})
    cluster.create_node("node2", "172.18.0.22")
    node = cluster.get("node", "node2")
    assert {"type": "InternalIP", "address": "172.18.0.22"} in node["status"]["addresses"]
    assert node["metadata"]["labels"]["zone"] == "b"
    assert "taints" not in node["spec"]
    assert cluster.kubectl("wait", "--for=condition=Ready", "node/node2", "--timeout=5s")
    cluster.set_node_ready("node2", False)
    assert "NotReady" in cluster.kubectl("get", "node", "node2")


def test_service_account_kubeconfig_has_exactly_its_rights(cluster):
    cluster.create_namespace("robots")
    cluster.kubectl("create", "serviceaccount", "reader", "-n", "robots")
    cluster.kubectl("create", "clusterrole", "read-services", "--verb=list", "--resource=services")
    cluster.kubectl("create", "clusterrolebinding", "read-services", "--clusterrole=read-services",
                    "--serviceaccount=robots:reader")
    path = cluster.service_account_kubeconfig("robots", "reader")
    user = yaml.safe_load(path.read_text())["users"][0]["user"]
    assert list(user) == ["tokenFile"] and Path(user["tokenFile"]).stat().st_mode & 0o777 == 0o600
    assert "ClusterIP" in cluster.kubectl("get", "services", "-A", kubeconfig=path)
    with pytest.raises(KubectlError, match="system:serviceaccount:robots:reader.*cannot list.*secrets"):
        cluster.kubectl("get", "secrets", "-A", kubeconfig=path)
    with pytest.raises(KubectlError, match="cannot list"):
        cluster.kubectl("get", "secrets", "-A", as_user="system:serviceaccount:robots:reader")
    with pytest.raises(ApiError) as refused:
        cluster.request("GET", "/api/v1/secrets", as_user="system:serviceaccount:robots:reader")
    assert (refused.value.code, refused.value.reason) == (403, "Forbidden")


def test_other_users_have_no_rights(cluster):
    with pytest.raises(KubectlError, match='User "eve" cannot list'):
        cluster.kubectl("get", "nodes", kubeconfig=cluster.kubeconfig("eve"))


@pytest.mark.parametrize("crash", [False, True])
def test_apiserver_restarts_with_its_content(cluster, crash):
    name = f"kept-{crash}".lower()
    cluster.kubectl("create", "configmap", name, "--from-literal=a=b")
    cluster.stop_apiserver(crash=crash)
    with pytest.raises(OSError):
        cluster.request("GET", "/readyz")
    cluster.start_apiserver()
    assert cluster.get("configmap", name)["data"] == {"a": "b"}
    cluster.create_namespace(f"after-{name}")  # the controller manager is back, too


def test_paused_apiserver_answers_nothing_until_it_is_resumed(cluster):
    cluster.pause_apiserver()
    try:
        with pytest.raises(OSError):
            cluster.request("GET", "/readyz", timeout=0.3)
    finally:
        cluster.resume_apiserver()
    cluster.wait_apiserver()


def test_failure_shows_the_end_of_the_log():
    with pytest.raises(ClusterError, match="(?s)kube-apiserver ended before.*unknown flag: --nonsense"):
        with running(apiserver_args=["--nonsense"]):
            pytest.fail("it started")


def test_directory_of_someone_else_is_left_alone(tmp_path):
    (tmp_path / "precious").touch()
    with pytest.raises(ClusterError, match="exists"):
        with running(directory=tmp_path):
            pytest.fail("it started")
    assert (tmp_path / "precious").exists()


def test_two_clusters_at_once_and_nothing_left_of_the_second(cluster, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with running(address="::1") as second:
        assert set(second.pids()) == {"etcd", "kube-apiserver", "kube-controller-manager"}
        assert len(processes_that_name(tmp_path)) == 3
        second.kubectl("create", "configmap", "only-here")
        assert cluster.exists("/api/v1/namespaces/default/configmaps/only-here") is None
    assert not processes_that_name(tmp_path)
    assert not list(tmp_path.iterdir())


RUNNER = """
import sys
sys.path.insert(0, sys.argv[1])
from kube import Cluster
with Cluster() as cluster:
    print("started", flush=True)
    sys.stdin.read()
"""


@contextlib.contextmanager
def runner(program, temporary, *arguments):
    """Another program that runs a cluster, with its temporary files in a directory of its own."""
    # a shell without job control starts what is in the background with SIGINT ignored, and that is inherited
    argv = ["env", "--default-signal=INT", sys.executable, "-c", program, str(Path(__file__).resolve().parents[1]), *map(str, arguments)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          text=True, env=os.environ | {"TMPDIR": str(temporary)}) as process:
        try:
            yield process
        finally:
            process.kill()


def processes_that_name(path):
    """The pids of the processes in whose argument lists this path stands."""
    found = []
    for each in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if str(path).encode() in (each / "cmdline").read_bytes():
                found.append(int(each.name))
    return found


def test_killed_runner_takes_its_processes_along(tmp_path, monkeypatch):
    with runner(RUNNER, tmp_path) as process:
        assert process.stdout.readline() == "started\n"
        assert len(processes_that_name(tmp_path)) == 3
        process.kill()
    wait_for(lambda: not processes_that_name(tmp_path), 10, "its processes to end")
    assert list(tmp_path.iterdir()), "it could not clear away its directory"
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    remove_abandoned()
    assert not list(tmp_path.iterdir())


def test_interrupt_while_it_starts_leaves_nothing(tmp_path):
    with runner(RUNNER, tmp_path) as process:
        wait_for(lambda: list(tmp_path.glob("*/logs/kube-apiserver.log")), 30, "the API server to be started")
        process.send_signal(signal.SIGINT)
        assert process.wait(20) != 0
        assert process.stdout.read() == "", "it must not have been ready"
    assert not processes_that_name(tmp_path)
    assert not list(tmp_path.iterdir())


def test_detached_cluster_stays_until_it_is_closed(tmp_path):
    directory = tmp_path / "kept"
    program = """
import sys
sys.path.insert(0, sys.argv[1])
from kube import Cluster
Cluster(directory=sys.argv[2], detached=True).start()
"""
    with runner(program, tmp_path, directory) as process:
        assert process.wait(60) == 0
    try:
        assert len(processes_that_name(directory)) == 3
    finally:
        close_directory(directory)
    assert not processes_that_name(directory)
    assert not directory.exists()
    close_directory(directory)


# ---- kube-proxy: a node, a backend behind it, and a client, in namespaces of their own

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces need root")


def ip(*arguments):
    subprocess.run(["ip", *arguments], check=True)


@contextlib.contextmanager
def namespaces(*roles):
    names = {role: f"hlbkube{os.getpid()}-{role}" for role in roles}
    try:
        for name in names.values():
            ip("netns", "add", name)
            ip("-n", name, "link", "set", "lo", "up")
            ns.write_sysctl(name, "net/ipv6/conf/default/accept_dad", 0)
        yield names
    finally:
        for name in names.values():
            subprocess.run(["ip", "netns", "del", name], check=False)


def wire(name, device, peer_name, peer_device, addresses=(), peer_addresses=()):
    ip("-n", name, "link", "add", device, "type", "veth", "peer", "name", peer_device, "netns", peer_name)
    for where, what, which in ((name, device, addresses), (peer_name, peer_device, peer_addresses)):
        for address in which:
            ip("-n", where, "address", "add", address, "dev", what)
        ip("-n", where, "link", "set", what, "up")


def fetch(netns, address):
    """The body of a GET of http://address/ from that namespace ('' if there is no answer)."""
    try:
        with ns.connect(netns, address, 80, 2) as sock:
            sock.sendall(b"GET / HTTP/1.0\r\n\r\n")
            return b"".join(iter(lambda: sock.recv(4096), b"")).partition(b"\r\n\r\n")[2].decode()
    except OSError:
        return ""


@needs_root
def test_client_reaches_a_load_balancer_address_through_kube_proxy(tmp_path):
    addresses = {"mgmt": ("172.18.0.1", "fd00:18::1"), "node": ("172.18.0.11", "fd00:18::11"),
                 "client": ("172.18.0.100", "fd00:18::100")}
    pod = ("10.244.1.2", "fd00:10:244:1::2")
    with contextlib.ExitStack() as stack:
        names = stack.enter_context(namespaces("mgmt", "node", "client", "pod"))
        ip("-n", names["mgmt"], "link", "add", "br0", "type", "bridge")
        for address, length in zip(addresses["mgmt"], ("24", "64")):
            ip("-n", names["mgmt"], "address", "add", f"{address}/{length}", "dev", "br0")
        ip("-n", names["mgmt"], "link", "set", "br0", "up")
        for role in ("node", "client"):
            wire(names[role], "eth0", names["mgmt"], role,
                 [f"{addresses[role][0]}/24", f"{addresses[role][1]}/64"])
            ip("-n", names["mgmt"], "link", "set", role, "master", "br0")
        wire(names["node"], "pods", names["pod"], "eth0", ["10.244.1.1/24", "fd00:10:244:1::1/64"],
             [f"{pod[0]}/24", f"{pod[1]}/64"])
        ip("-n", names["pod"], "route", "add", "default", "via", "10.244.1.1")
        ip("-n", names["pod"], "route", "add", "default", "via", "fd00:10:244:1::1")
        vips = ("192.168.50.1", "fd00:50::1")
        ip("-n", names["client"], "route", "add", vips[0], "via", addresses["node"][0])
        ip("-n", names["client"], "route", "add", vips[1], "via", addresses["node"][1])

        (tmp_path / "index.html").write_text("hello from the pod")
        server = [sys.executable, "-m", "http.server", "8080", "--bind", "::", "--directory", str(tmp_path)]
        backend = Process("backend", ns.command(names["pod"], server), tmp_path / "backend.log",
                          cwd=tmp_path, env=dict(os.environ))
        stack.callback(backend.stop)

        cluster = stack.enter_context(running(netns=names["mgmt"], address=addresses["mgmt"][0]))
        cluster.create_node("node1", addresses["node"])
        proxy = cluster.start_kube_proxy("node1", names["node"])
        cluster.apply(SERVICE)
        cluster.set_load_balancer_ips("default", "web", vips)
        cluster.create_ready_pod("default", "web-1", "node1", pod, {"app": "web"})
        for vip in vips:
            wait_for(lambda vip=vip: fetch(names["client"], vip) == "hello from the pod", 15, f"{vip}")

        # one that dies is started again, and works
        child, = children(proxy.pid)
        os.kill(child, signal.SIGKILL)
        wait_for(lambda: "starting it again" in proxy.log.read_text(), 10, "the supervisor to notice")
        wait_for(lambda: kube_proxy_healthy(names["node"]) and children(proxy.pid) not in ([], [child]), 30,
                 "another kube-proxy")
        cluster.kubectl("delete", "service", "web")
        wait_for(lambda: not any(fetch(names["client"], vip) for vip in vips), 15, "the addresses to be gone")
        cluster.stop_kube_proxy("node1")
        assert not kube_proxy_healthy(names["node"])


def children(pid):
    return list(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()))
