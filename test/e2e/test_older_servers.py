"""The core of it on what clusters still run: an API server of 1.34, and Debian's etcd (3.4 in Debian 12, which cannot
be asked how far a watch is, so that the API server offers no WatchList).
"""

import subprocess

import pytest
from calm import ROUTED, Watcher, all_current, calm, next_hops, owners, renew_kube_proxies, settled, wait_current
from conftest import running_world
from netlab import requests, wait_for

BOTH = {"n1", "n2"}
SERVERS = {"kubernetes-1.34": {"older": True}, "debian-etcd": {"etcd": "/usr/bin/etcd"}}


@pytest.fixture(scope="module", params=SERVERS)
def old(request):
    with running_world(nodes=2, **SERVERS[request.param]) as world:
        yield world


@pytest.fixture(scope="module")
def served(old):
    """One address by BGP and one by layer 2, both reached by clients."""
    routed, = old.create("far", annotations=ROUTED)
    local, = old.create("near")
    settled(old, routed, local)
    return routed, local


def can_tell_progress(cluster):
    """The API server offers a WatchList only if its etcd can tell how far a watch is."""
    if not cluster.etcd:
        return True
    said = subprocess.run([cluster.etcd, "--version"], capture_output=True, text=True, check=True).stdout
    return not said.startswith("etcd Version: 3.4.")


def expired(herald):
    return sum(v for k, v in herald.metrics().items() if k.startswith("herald_watch_expired_total"))


def test_an_old_server_allocates_and_announces(old, served):
    routed, local = served
    assert routed.startswith("203.0.113.") and local.startswith("10.9.0.")
    assert set(requests(old.lab.far, f"http://{routed}/", 60).answers) == BOTH
    assert not any(herald.log_lines("forbidden") for herald in old.heralds.values())


def test_they_are_what_they_are_said_to_be(old):
    minor = old.cluster.request("GET", "/version")["minor"]
    assert (minor == "34") == old.cluster.older
    streamed = old.heralds["n1"].metrics()['herald_watch_lists_total{form="stream"}']
    assert (streamed > 0) == can_tell_progress(old.cluster)


def test_a_restart_of_an_old_server_changes_nothing_on_the_wire(old, served):
    with calm(old, *served):
        old.cluster.restart_apiserver(crash=True)
        all_current(old)
    renew_kube_proxies(old)


def test_what_was_missed_is_listed_again_and_nothing_else_moves(old, served):
    """n1 is cut off from the API; one Service goes, one comes, and the server forgets what was in between (410)."""
    routed, local = served
    gone, = old.create("gone", annotations=ROUTED)
    next_hops(old, gone, BOTH)
    owner = owners(old, local)
    herald = old.heralds["n1"]
    before = expired(herald)
    node = old.lab.nodes["n1"].ns
    with Watcher(lambda: old.lab.next_hops(routed)) as routes:
        node.run("ip", "link", "set", "eth1", "down")
        try:
            old.delete("gone")
            next_hops(old, gone, {"n1"})
            old.cluster.restart_apiserver(crash=True)
        finally:
            node.run("ip", "link", "set", "eth1", "up")
        next_hops(old, gone, set(), seconds=90)
        new, = old.create("new", annotations=ROUTED)
        next_hops(old, new, BOTH)
        wait_current(herald)
    assert expired(herald) > before
    assert routes.seen == [BOTH]
    assert owners(old, local) == owner
