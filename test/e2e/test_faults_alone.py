"""Faults that would disturb everybody else: a small cluster of their own, one node, no kube-proxy, FRR as the peer.

The one herald reaches the API server through a relay of the test, which can swallow answers.
"""

import json
import os
import time
import types

import pytest
from calm import Watcher
from conftest import NAMESPACE, ROOT, config_object
from kube import Cluster
from netlab import Herald, Lab, wait_for
from relay import Relay, relayed

RELAY_PORT = 7443
SERVICES = "/api/v1/namespaces/default/services"
SLICES = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices"


POOL = config_object("IPAddressPool", "pool", addresses=["203.0.113.0/24"])


def configure(cluster):
    cluster.apply(POOL, config_object("BGPAdvertisement", "pool"),
                  config_object("Settings", "default", dataPlane={"kubeProxyHealthz": "off"}),
                  config_object("BGPPeer", "r1", myASN=64514, peerASN=64513, peerAddress="10.9.0.254"))


def install(cluster):
    cluster.kubectl("apply", "-k", os.path.join(ROOT, "deploy", "manifests"))
    cluster.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s")
    configure(cluster)


@pytest.fixture(scope="module")
def alone():
    with Lab(nodes=1, control=True) as lab, Cluster(netns=lab.control.name, address="10.7.0.254") as cluster:
        install(cluster)
        node = lab.nodes["n1"]
        cluster.create_node(node.name, [node.v4, node.v6])
        relay = Relay(cluster, RELAY_PORT)
        kubeconfig = relayed(cluster.service_account_kubeconfig(NAMESPACE, "herald"), RELAY_PORT)
        herald = Herald(lab, node, kubeconfig=kubeconfig).start().wait_ready(30)
        yield types.SimpleNamespace(lab=lab, cluster=cluster, relay=relay, herald=herald, node=node)
        assert herald.stop() == 0, herald.log()
        relay.close()


def create(alone, name, wait=True):
    """A Service with a ready endpoint on the node; its addresses."""
    alone.cluster.request("POST", SLICES, {
        "metadata": {"name": name, "labels": {"kubernetes.io/service-name": name}}, "addressType": "IPv4",
        "ports": [{"port": 80}],
        "endpoints": [{"addresses": [alone.node.v4], "nodeName": alone.node.name, "conditions": {"ready": True}}]})
    alone.cluster.request("POST", SERVICES, {"metadata": {"name": name}, "spec": {
        "type": "LoadBalancer", "ports": [{"port": 80}]}})
    if not wait:
        return None
    address, = wait_for(lambda: addresses(alone, name), 30, f"an address for {name}")
    routed(alone, address)
    return address


def delete(alone, *names):
    """And waits until their routes are gone: the next Service may get the same address."""
    for name in names:
        held = addresses(alone, name) if alone.cluster.exists(f"{SERVICES}/{name}") else []
        alone.cluster.kubectl("delete", "service,endpointslice", name, "--ignore-not-found")
        for address in held:
            wait_for(lambda a=address: alone.lab.next_hops(a), 30, f"no route to {address}",
                     until=lambda hops: not hops)


def addresses(alone, name):
    status = alone.cluster.request("GET", f"{SERVICES}/{name}")["status"]["loadBalancer"]
    return [entry["ip"] for entry in status.get("ingress", [])]


def routed(alone, address):
    wait_for(lambda: alone.lab.next_hops(address), 30, f"a route to {address}", until=lambda hops: hops == {"n1"})


@pytest.fixture
def held(alone, request):
    """A Service that is announced, which must have its address and its route after the test as before."""
    name = request.node.name.removeprefix("test_").replace("_", "-")[:40].strip("-")
    address = create(alone, name)
    try:
        yield address
        assert addresses(alone, name) == [address]
        routed(alone, address)
    finally:
        delete(alone, name)


@pytest.fixture
def still(alone, held):
    """The same, and its route must not move in between: nothing was asked for that would take it away."""
    with Watcher(lambda: alone.lab.next_hops(held)) as routes:
        yield held
    assert routes.seen == [{"n1"}]


def synced(alone, kind, group="heraldlb.io"):
    return alone.herald.metrics()[f'herald_watch_synced{{kind="{kind}",group="{group}"}}'] == 1


def test_a_write_whose_answer_is_cut_off(alone, still):
    """The status is written, but nobody says so. The address stays reserved until a look has shown it: it is given to
    nobody else, and to this Service once."""
    try:
        unknown = 'herald_api_writes_total{result="unknown"}'
        before = alone.herald.metrics()[unknown]
        with alone.relay.mute("PATCH", "/services/cut-off/status"):
            create(alone, "cut-off", wait=False)
            wait_for(lambda: alone.herald.metrics()[unknown], 30, "a write of unknown outcome",
                     until=lambda n: n > before)
        first, = wait_for(lambda: addresses(alone, "cut-off"), 30, "an address")
        second = create(alone, "next")
        assert alone.relay.swallowed > 0
        assert second != first != still
        routed(alone, first)
        assert addresses(alone, "cut-off") == [first]
    finally:
        delete(alone, "cut-off", "next")


def test_a_pool_that_is_deleted_and_made_again_loses_nothing(alone, held):
    """Nothing may announce an address that no pool has, but it stays the Service's for a minute."""
    alone.cluster.kubectl("delete", "ipaddresspools.heraldlb.io", "pool", "-n", NAMESPACE)
    wait_for(lambda: alone.herald.metrics().get('herald_config_objects{valid="true"}'), 10, "a pool less",
             until=lambda n: n == 3)
    alone.cluster.apply(POOL)
    other = create(alone, "other")
    assert other != held
    delete(alone, "other")


def test_crds_that_are_removed_and_installed_again(alone, held):  # pylint: disable=unused-argument
    """With them goes all that is configured. When the kinds are there again they are picked up within seconds, with
    whatever stands there by then, and nothing is renumbered."""
    alone.cluster.kubectl("delete", "-k", os.path.join(ROOT, "deploy", "crds"), "--wait=true")
    wait_for(lambda: synced(alone, "IPAddressPool"), 60, "a kind that is gone", until=lambda ok: not ok)
    alone.cluster.kubectl("apply", "-k", os.path.join(ROOT, "deploy", "crds"))
    alone.cluster.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s")
    configure(alone.cluster)
    wait_for(lambda: synced(alone, "IPAddressPool") and synced(alone, "BGPPeer"), 60, "kinds that are back")
    create(alone, "later")
    delete(alone, "later")


def test_the_namespace_is_deleted_and_made_again(alone, held):  # pylint: disable=unused-argument
    """With it go the configuration, the ServiceAccount and its rights: the daemon is forbidden everything, and goes on."""
    cluster = alone.cluster
    cluster.kubectl("delete", "namespace", NAMESPACE, "--wait=true")
    wait_for(lambda: alone.herald.metrics(), 60, "watches that are refused",
             until=lambda m: any(v == 0 for k, v in m.items() if k.startswith("herald_watch_synced")))
    install(cluster)
    kubeconfig = cluster.service_account_kubeconfig(NAMESPACE, "herald")  # the kubelet would bring a new token, too
    relayed(kubeconfig, RELAY_PORT)
    wait_for(lambda: alone.herald.metrics(), 120, "watches that are current again",
             until=lambda m: all(v == 1 for k, v in m.items() if k.startswith("herald_watch_synced")))
    create(alone, "later")
    delete(alone, "later")


def test_a_right_that_is_taken_away_and_given_back(alone, still):  # pylint: disable=unused-argument
    """Services may not be watched any more: one clear sentence, no hot loop; and all is right when it is back."""
    cluster = alone.cluster
    role = cluster.request("GET", "/apis/rbac.authorization.k8s.io/v1/clusterroles/heraldlb")
    less = json.loads(json.dumps(role))
    for rule in less["rules"]:
        if "watch" in rule["verbs"]:
            rule["resources"] = [resource for resource in rule["resources"] if resource != "services"]
    try:
        cluster.request("PUT", "/apis/rbac.authorization.k8s.io/v1/clusterroles/heraldlb", less)
        cluster.restart_apiserver(crash=True)  # ends the watch that runs
        wait_for(lambda: alone.herald.log_lines("Service", "forbidden"), 60, "a sentence that says what is missing")
        before, start = len(alone.herald.log_lines("forbidden")), time.monotonic()
        wait_for(lambda: time.monotonic() - start > 15, 20, "some time to be hot in", every=0.5)
        assert len(alone.herald.log_lines("forbidden")) - before < 10
        assert not synced(alone, "Service", "")
    finally:
        current = cluster.request("GET", "/apis/rbac.authorization.k8s.io/v1/clusterroles/heraldlb")
        current["rules"] = role["rules"]
        cluster.request("PUT", "/apis/rbac.authorization.k8s.io/v1/clusterroles/heraldlb", current)
    wait_for(lambda: synced(alone, "Service", ""), 90, "Services that are watched again")
    create(alone, "later")
    delete(alone, "later")
