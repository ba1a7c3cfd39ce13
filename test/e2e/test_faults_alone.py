"""Faults that would disturb everybody else: in a small cluster of their own."""

import datetime
import json
import os

import pytest
from alone import POOL, RELAY_PORT, SERVICES, addresses, configure, create, delete, install, routed, small_world, synced
from calm import Watcher
from conftest import NAMESPACE, ROOT, config_object
from netlab import wait_for
from netlab.wait import holds
from relay import relayed


@pytest.fixture(scope="module")
def alone():
    with small_world() as world:
        world.herald.start().wait_ready(30)
        yield world


def name_of(request):
    return request.node.name.removeprefix("test_").replace("_", "-")[:40].strip("-")


@pytest.fixture
def held(alone, request):
    """A Service that is announced, which must have its address and its route after the test as before."""
    name = name_of(request)
    create(alone, "lower")
    address = create(alone, name)
    delete(alone, "lower")  # whoever gave the held one up would get this one
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


def valid_objects(alone):
    return alone.herald.metrics().get('herald_config_objects{valid="true"}')


def watches(alone):
    return [value for name, value in alone.herald.metrics().items() if name.startswith("herald_watch_synced")]


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


def test_a_look_that_comes_too_late_brings_nothing_back(alone, still):  # pylint: disable=unused-argument
    """A Service is deleted while herald looks what became of a write: the watch is right, the older answer is not."""
    herald, relay = alone.herald, alone.relay
    before = herald.metrics()["herald_services"]
    with relay.mute("PATCH", "/services/too-late/status"), relay.hold("GET /api/v1/namespaces/default/services/too-late"):
        create(alone, "too-late", wait=False)
        wait_for(lambda: relay.held, 30, "a look")
        alone.cluster.kubectl("delete", "service,endpointslice", "too-late")
        wait_for(lambda: herald.metrics()["herald_services"], 30, "the deletion", until=lambda n: n == before)
    create(alone, "too-late")  # after the answer came: a count that is wrong shows when this one is gone
    delete(alone, "too-late")
    wait_for(lambda: herald.metrics()["herald_services"], 30, "the deletion", until=lambda n: n == before)


MERGE = "application/merge-patch+json"
LEASE = f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases/heraldlb"


def test_the_lease_is_not_given_back_while_a_write_is_under_way(alone, held):  # pylint: disable=unused-argument
    """A leader goes that does not know what became of its write: nobody else may lead before that is over."""
    with alone.relay.hold("PATCH", "/services/under-way/status"):
        create(alone, "under-way", wait=False)
        wait_for(lambda: alone.relay.held, 30, "a write")
        assert alone.herald.stop() == 0
        assert alone.cluster.request("GET", LEASE)["spec"]["holderIdentity"].startswith("n1_")
    alone.herald.start().wait_ready(40)
    wait_for(lambda: alone.herald.metrics()["herald_leader"], 40, "the end of the Lease")
    delete(alone, "under-way")


def now():
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def test_a_new_leader_adopts_what_it_has_not_seen(alone):
    """Another leader gives an address away while herald's watch of Services has fallen behind. herald leads then, and has a
    Service that waits for an address: it must look before it gives."""
    cluster, relay = alone.cluster, alone.relay
    assert alone.herald.stop() == 0, alone.herald.log()
    cluster.request("PATCH", LEASE, {"spec": {"holderIdentity": "another", "leaseDurationSeconds": 3600,
                                              "acquireTime": now(), "renewTime": now()}}, content_type=MERGE)
    alone.herald.start().wait_ready(30)
    try:
        create(alone, "waits", wait=False)
        wait_for(lambda: alone.herald.metrics()["herald_services"], 10, "a Service that is seen", until=lambda n: n == 1)
        assert relay.deafen("GET /api/v1/services?") == 1
        cluster.request("POST", SERVICES, {"metadata": {"name": "unseen"}, "spec": {
            "type": "LoadBalancer", "ports": [{"port": 80}]}})
        cluster.request("PATCH", f"{SERVICES}/unseen/status", {
            "metadata": {"annotations": {"heraldlb.io/ip-allocated-from-pool": "pool", "heraldlb.io/lease-term": "7"}},
            "status": {"loadBalancer": {"ingress": [{"ip": "203.0.113.0", "ipMode": "VIP"}]}}},
            content_type=MERGE)
        assert alone.herald.metrics()["herald_services"] == 1 and addresses(alone, "waits") == []
        cluster.request("DELETE", LEASE)
        wait_for(lambda: addresses(alone, "waits"), 30, "an address")
        assert addresses(alone, "unseen") == ["203.0.113.0"]
        assert addresses(alone, "waits") == ["203.0.113.1"]
    finally:
        delete(alone, "waits", "unseen")


def test_a_pool_that_is_deleted_and_made_again_loses_nothing(alone, held, request):
    """Nothing may announce an address that no pool has, but it stays the Service's for a minute."""
    before = valid_objects(alone)
    alone.cluster.apply(config_object("IPAddressPool", "second", addresses=["203.0.114.0/28"]))  # another valid one
    try:
        wait_for(lambda: valid_objects(alone), 10, "a second pool", until=lambda n: n == before + 1)
        alone.cluster.kubectl("delete", "ipaddresspools.heraldlb.io", "pool", "-n", NAMESPACE)
        wait_for(lambda: valid_objects(alone), 10, "a pool less", until=lambda n: n == before)
        wait_for(lambda: alone.lab.next_hops(held), 10, "no route", until=lambda hops: not hops)
        assert addresses(alone, name_of(request)) == [held]
        alone.cluster.apply(POOL)
        other = create(alone, "other")
        assert other != held
        delete(alone, "other")
    finally:
        alone.cluster.kubectl("delete", "ipaddresspools.heraldlb.io", "second", "-n", NAMESPACE)


def test_crds_that_are_removed_and_installed_again(alone, held):  # pylint: disable=unused-argument
    """With them goes all that is configured. When the kinds are there again they are picked up within seconds, with
    whatever stands there by then, and nothing is renumbered."""
    before = valid_objects(alone)
    alone.cluster.kubectl("delete", "-k", os.path.join(ROOT, "deploy", "crds"), "--wait=true")
    wait_for(lambda: valid_objects(alone), 60, "nothing that is configured", until=lambda n: n == 0)
    wait_for(lambda: alone.herald.log_lines("IPAddressPool.heraldlb.io", "does not know this kind"), 60, "a kind that is gone")
    alone.cluster.kubectl("apply", "-k", os.path.join(ROOT, "deploy", "crds"))
    alone.cluster.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s")
    configure(alone.cluster)
    wait_for(lambda: valid_objects(alone), 15, "kinds that are back", until=lambda n: n == before)
    create(alone, "later")
    delete(alone, "later")


def test_the_namespace_is_deleted_and_made_again(alone, held):  # pylint: disable=unused-argument
    """With it go the configuration, the ServiceAccount and its rights: the daemon is forbidden everything, and goes on."""
    cluster = alone.cluster
    wait_for(lambda: watches(alone), 30, "watches that are current", until=lambda seen: set(seen) == {1})
    cluster.kubectl("delete", "namespace", NAMESPACE, "--wait=true")
    # who it is is asked only when a watch begins, and then remembered for seconds
    wait_for(lambda: alone.relay.cut() or [synced(alone, *kind) for kind in (("Service", ""), ("Node", ""), ("BGPPeer",))],
             60, "watches that are refused", until=lambda seen: not any(seen), every=2)
    install(cluster)
    kubeconfig = cluster.service_account_kubeconfig(NAMESPACE, "herald")  # the kubelet would bring a new token, too
    relayed(kubeconfig, RELAY_PORT)
    wait_for(lambda: watches(alone), 120, "watches that are current again", until=lambda seen: set(seen) == {1})
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
        tries = lambda: alone.relay.asked("GET /api/v1/services?")  # noqa: E731
        before = tries()
        holds(lambda: tries() - before, 15, "few requests that are refused", until=lambda n: n < 15, every=0.5)
        wait_for(lambda: tries() - before, 60, "another try")
        assert not synced(alone, "Service", "")
    finally:
        current = cluster.request("GET", "/apis/rbac.authorization.k8s.io/v1/clusterroles/heraldlb")
        current["rules"] = role["rules"]
        cluster.request("PUT", "/apis/rbac.authorization.k8s.io/v1/clusterroles/heraldlb", current)
    wait_for(lambda: synced(alone, "Service", ""), 90, "Services that are watched again")
    create(alone, "later")
    delete(alone, "later")
