"""Faults that would disturb everybody else: in a small cluster of their own."""

import json
import os
import time

import pytest
from alone import POOL, RELAY_PORT, addresses, configure, create, delete, install, routed, small_world, synced
from calm import Watcher
from conftest import NAMESPACE, ROOT
from netlab import wait_for
from relay import relayed


@pytest.fixture(scope="module")
def alone():
    with small_world() as world:
        world.herald.start().wait_ready(30)
        yield world


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
