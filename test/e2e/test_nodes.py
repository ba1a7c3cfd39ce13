"""What the cluster says about a node, what its data plane says, and what SIGTERM means there."""

import contextlib
import json
import os

import pytest
from calm import ALL, ROUTED, next_hops, owners
from conftest import NAMESPACE, config_object
from netlab import requests, wait_for

EXCLUDE = "node.kubernetes.io/exclude-from-external-load-balancers"
OTHERS = {"n1", "n3"}
STRATEGIC = "application/strategic-merge-patch+json"
WAITING = 'herald_addresses_waiting{reason="%s"}'


@pytest.fixture
def routed(world, clean):
    """The address of a Service that every node announces."""
    clean.append("signals")
    address, = world.create("signals", annotations=ROUTED)
    next_hops(world, address, ALL)
    return address


@contextlib.contextmanager
def settings(world, **spec):
    world.cluster.apply(config_object("Settings", "default", **spec))
    try:
        yield
    finally:
        world.cluster.kubectl("delete", "settings.heraldlb.io", "default", "-n", NAMESPACE)


def condition(world, name):
    conditions = world.cluster.get("service", name)["status"].get("conditions", [])
    return next((each for each in conditions if each["type"] == "heraldlb.io/Announced"), {})


def set_node_condition(world, name, **fields):
    world.cluster.request("PATCH", f"/api/v1/nodes/{name}/status", {"status": {"conditions": [fields]}},
                          content_type=STRATEGIC)


# ---- what the API says


def test_excluded_nodes_do_not_announce_and_a_service_without_a_node_says_why(world, routed):
    kubectl = world.cluster.kubectl
    try:
        kubectl("label", "node", "n2", f"{EXCLUDE}=")
        next_hops(world, routed, OTHERS)
        kubectl("label", "node", "n1", "n3", f"{EXCLUDE}=")
        next_hops(world, routed, set())
        said = wait_for(lambda: condition(world, "signals"), 30, "the condition", until=lambda c: c.get("status") == "False"
                        and "3 nodes" in c["message"])
        assert said["reason"] == "NodeExcluded"
        assert said["message"].startswith("None of 3 nodes may announce it.") and EXCLUDE in said["message"]
        assert "excludeLabel: ignore" in said["message"]
        wait_for(lambda: world.events("Service", "signals"), 10, "an Event that says so", until=lambda events: any(
            e[:2] == ("Warning", "NodeExcluded") and EXCLUDE in e[2] for e in events))
        with settings(world, excludeLabel="ignore"):
            next_hops(world, routed, ALL)
            wait_for(lambda: condition(world, "signals"), 30, "the condition", until=lambda c: c.get("status") == "True")
        next_hops(world, routed, set())
    finally:
        kubectl("label", "node", "--all", f"{EXCLUDE}-")
    next_hops(world, routed, ALL)


@pytest.mark.parametrize("taint", ["ToBeDeletedByClusterAutoscaler", "node.kubernetes.io/out-of-service"])
def test_a_tainted_node_leaves(world, routed, clean, taint):
    clean.append("signals-near")
    local, = world.create("signals-near")
    owner, = wait_for(lambda: owners(world, local), 10, "an owner", until=lambda names: len(names) == 1)
    try:
        world.cluster.kubectl("taint", "node", owner, f"{taint}=x:NoSchedule")
        next_hops(world, routed, ALL - {owner})
        wait_for(lambda: owners(world, local), 10, "another owner",
                 until=lambda names: len(names) == 1 and owner not in names)
    finally:
        world.cluster.kubectl("taint", "node", owner, f"{taint}-")
    next_hops(world, routed, ALL)


def test_a_cordoned_node_leaves_only_where_settings_ask_for_it(world, routed, clean):
    clean.append("while-cordoned")
    try:
        world.cluster.kubectl("cordon", "n2")
        address, = world.create("while-cordoned", annotations=ROUTED)
        next_hops(world, address, ALL)
        assert world.lab.next_hops(routed) == ALL
        with settings(world, drainOnCordon=True):
            next_hops(world, routed, OTHERS)
        next_hops(world, routed, ALL)
    finally:
        world.cluster.kubectl("uncordon", "n2")


@pytest.mark.parametrize("broken, healthy", [
    ({"type": "NetworkUnavailable", "status": "True", "reason": "NoRouteCreated"},
     {"type": "NetworkUnavailable", "status": "False", "reason": "RouteCreated"}),
    # as the kubelet of 1.36 says it while it ends its pods before a shutdown
    ({"type": "Ready", "status": "False", "reason": "KubeletNotReady", "message": "node is shutting down"},
     {"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "kubelet is posting ready status"})])
def test_a_condition_takes_a_node_away(world, routed, broken, healthy):
    try:
        set_node_condition(world, "n2", **broken)
        next_hops(world, routed, OTHERS)
    finally:
        set_node_condition(world, "n2", **healthy)
    next_hops(world, routed, ALL)


def test_a_node_that_is_only_not_ready_keeps_its_routes(world, routed, clean):
    clean.append("while-not-ready")
    try:
        set_node_condition(world, "n2", type="Ready", status="Unknown", reason="NodeStatusUnknown",
                           message="Kubelet stopped posting node status.")
        address, = world.create("while-not-ready", annotations=ROUTED)
        next_hops(world, address, ALL)
        assert world.lab.next_hops(routed) == ALL
    finally:
        world.cluster.set_node_ready("n2", True)


def test_a_deleted_node_leaves_and_comes_back(world, routed):
    node = world.lab.nodes["n2"]
    world.cluster.kubectl("delete", "node", "n2")
    try:
        next_hops(world, routed, OTHERS)
    finally:
        world.cluster.create_node("n2", [node.v4, node.v6])
        world.cluster.start_kube_proxy("n2", node.ns.name)
    next_hops(world, routed, ALL)


# ---- what SIGTERM means


def end(herald):
    """Ends it; what it said about that."""
    before = len(herald.log_lines("module=run"))
    assert herald.stop() == 0
    return "\n".join(herald.log_lines("module=run")[before:])


def test_asked_to_end_a_daemon_restarts_unless_its_node_or_its_daemonset_goes(world, routed):
    herald, cluster = world.heralds["n2"], world.cluster
    said = end(herald)
    assert "restarting: this node stays" in said and "leaving" not in said
    assert state_of(herald)
    herald.start().wait_ready(30)
    next_hops(world, routed, ALL)
    manifest = json.dumps(fresh(cluster.get("daemonset", "herald", "-n", NAMESPACE)))
    cluster.kubectl("delete", "daemonset", "herald", "-n", NAMESPACE)
    try:
        said = end(herald)
        assert "leaving: the DaemonSet goes" in said
        assert not state_of(herald)
    finally:
        cluster.kubectl("create", "-f", "-", input=manifest)
        herald.start().wait_ready(30)
    next_hops(world, routed, ALL)
    try:
        cluster.kubectl("taint", "node", "n2", "ToBeDeletedByClusterAutoscaler=x:NoSchedule")
        next_hops(world, routed, OTHERS)
        assert "leaving: this node goes" in end(herald)
        assert not state_of(herald)
    finally:
        cluster.kubectl("taint", "node", "n2", "ToBeDeletedByClusterAutoscaler-")
        herald.start().wait_ready(30)
    next_hops(world, routed, ALL)


def test_without_an_answer_from_the_api_it_is_a_restart(world, routed):
    herald = world.heralds["n2"]
    world.cluster.pause_apiserver()
    try:
        said = end(herald)
    finally:
        world.cluster.resume_apiserver()
        herald.start().wait_ready(60)
    assert "restarting: this node stays" in said
    next_hops(world, routed, ALL)


def state_of(herald):
    """The addresses that this boot announces, by the state directory."""
    return [name for name in listing(herald) if "203.0.113." in name]


def listing(herald):
    return [os.path.join(base, name) for base, _, names in os.walk(herald.state) for name in names]


def fresh(manifest):
    """An object as it can be created again."""
    kept = {key: manifest["metadata"][key] for key in ("name", "namespace", "labels")}
    return {"apiVersion": manifest["apiVersion"], "kind": manifest["kind"], "metadata": kept, "spec": manifest["spec"]}


# ---- the data plane


def waiting(world, node, reason):
    return world.heralds[node].metrics()[WAITING % reason]


def test_a_first_announcement_waits_for_kube_proxy_and_nothing_is_withdrawn(world, routed, clean):
    clean.append("gated")
    node, cluster, herald = world.lab.nodes["n2"], world.cluster, world.heralds["n2"]
    node.ns.ip_batch("link add kube-ipvs0 type bridge")  # as IPVS mode would make it
    cluster.stop_kube_proxy("n2")
    try:
        wait_for(lambda: herald.metrics()["herald_data_plane_ready"], 20, "no kube-proxy", until=lambda v: v == 0)
        address, = world.create("gated", annotations=ROUTED)
        next_hops(world, address, OTHERS)
        wait_for(lambda: waiting(world, "n2", "DataPlaneNotReady"), 10, "the address to wait", until=lambda v: v == 1)
        assert world.lab.next_hops(address) == OTHERS and world.lab.next_hops(routed) == ALL
        cluster.start_kube_proxy("n2", node.ns.name)
        next_hops(world, address, ALL)
        wait_for(lambda: requests(world.lab.far, f"http://{address}/", 30), 15, "answers", until=lambda t: not t.failures)
        assert waiting(world, "n2", "DataPlaneNotReady") == 0
        assert herald.log_lines("level=warn", "strictARP")
        cluster.stop_kube_proxy("n2")
        wait_for(lambda: herald.metrics()["herald_data_plane_ready"], 20, "no kube-proxy", until=lambda v: v == 0)
        assert world.lab.next_hops(address) == world.lab.next_hops(routed) == ALL
        herald.restart()  # what it announced goes on, and asks nobody
        next_hops(world, address, ALL)
        assert herald.metrics()["herald_data_plane_ready"] == 0
    finally:
        node.ns.ip_batch("link delete kube-ipvs0")
        cluster.start_kube_proxy("n2", node.ns.name)


def test_settings_switch_the_wait_off(world, clean):
    clean.append("ungated")
    world.cluster.stop_kube_proxy("n2")
    try:
        with settings(world, dataPlane={"kubeProxyHealthz": "off"}):
            wait_for(lambda: world.heralds["n2"].metrics()["herald_data_plane_ready"], 20, "the settings",
                     until=lambda v: v == 1)
            address, = world.create("ungated", annotations=ROUTED)
            next_hops(world, address, ALL)
    finally:
        world.cluster.start_kube_proxy("n2", world.lab.nodes["n2"].ns.name)


def test_policy_local_waits_for_the_health_check_of_the_service(world, clean):
    """kube-proxy is well on n2, but its answer for this Service does not come through."""
    clean.append("checked")
    node = world.lab.nodes["n2"]
    node.ns.nft("table inet check {\nchain out {\ntype filter hook output priority 0;\ntcp dport 32123 drop\n}\n}\n")
    try:
        body = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "checked", "annotations": ROUTED},
                "spec": {"type": "LoadBalancer", "externalTrafficPolicy": "Local", "healthCheckNodePort": 32123,
                         "selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080}]}}
        world.cluster.kubectl("create", "-f", "-", input=json.dumps(body))
        address, = wait_for(lambda: world.addresses("checked"), 30, "an address", until=lambda v: len(v) == 1)
        next_hops(world, address, OTHERS)
        wait_for(lambda: waiting(world, "n2", "HealthCheckNotReady"), 10, "the address to wait", until=lambda v: v == 1)
    finally:
        node.ns.nft("delete table inet check\n")
    next_hops(world, address, ALL)
    assert waiting(world, "n2", "HealthCheckNotReady") == 0
