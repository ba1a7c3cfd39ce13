"""What happens to the API server, and to leaders, while clients are served: nothing moves, and all is right again after."""

import concurrent.futures
import contextlib
import http.client
import json
import threading
import time

import pytest
from calm import (ALL, ROUTED, all_current, calm, leader, leader_of_lease, next_hops, not_current, owners,
                  renew_kube_proxies, settled, untouched, wait_current, wait_leader)
from kube.api import ApiError
from netlab import wait_for


@pytest.fixture
def pair(world, request):
    """A routed and a local Service that are announced and served: their addresses; gone afterwards, with `later`."""
    name = request.node.name.replace("_", "-").removeprefix("test-")[:40].strip("-")
    names = [f"{name}-r", f"{name}-l", "later"]
    routed, = world.create(names[0], annotations=ROUTED)
    local, = world.create(names[1])
    try:
        settled(world, routed, local)
        yield routed, local
    finally:
        world.delete(*names)


def goes_on(world):
    """A new Service gets its address and its routes."""
    renew_kube_proxies(world)
    address, = world.create("later", annotations=ROUTED)
    next_hops(world, address, ALL)


@contextlib.contextmanager
def apiserver_with(world, *arguments):
    """The API server restarted with these arguments, and afterwards without them."""
    before = list(world.cluster.apiserver_args)
    try:
        world.cluster.apiserver_args = before + list(arguments)
        world.cluster.restart_apiserver()
        yield
    finally:
        world.cluster.apiserver_args = before
        world.cluster.restart_apiserver()


def test_the_api_server_is_dead_for_a_minute(world, pair):
    """Longer than a Lease lasts and than anything here has patience for."""
    with calm(world, *pair):
        world.cluster.stop_apiserver(crash=True)
        try:
            away = time.monotonic()
            wait_for(lambda: not any(h.metrics()["herald_leader"] for h in world.heralds.values()), 30,
                     "the end of all leading")
            wait_for(lambda: time.monotonic() - away > 60, 70, "the end of the minute", every=0.5)
        finally:
            world.cluster.start_apiserver()
        all_current(world)
    goes_on(world)


def test_the_api_server_has_forgotten_where_a_watch_was(world, pair):
    """A watch that sleeps through a compaction of etcd lists again (410), and only what differs is news."""
    sleeper = next(name for name in sorted(ALL - owners(world, pair[1])) if name != leader(world))
    herald = world.heralds[sleeper]
    expired = herald.metrics()["herald_watch_expired_total"]
    with calm(world, *pair):
        herald.pause()
        try:
            world.cluster.stop_apiserver(crash=True)  # whose cache begins anew
            world.cluster.compact_etcd()
            world.cluster.start_apiserver()
            world.cluster.kubectl("annotate", "service", "kubernetes", "e2e.example.com/touched=yes", "--overwrite")
        finally:
            herald.resume()
        wait_for(lambda: herald.metrics()["herald_watch_expired_total"], 60, "a 410", until=lambda n: n > expired)
        all_current(world)
    goes_on(world)


def test_connections_that_the_server_sends_away(world, pair):  # pylint: disable=unused-argument
    """Only HTTP/2 is told to go away; this shows that a server which does so serves us as well."""
    with apiserver_with(world, "--goaway-chance=0.02"):
        all_current(world)
        goes_on(world)
    all_current(world)


def test_an_overloaded_server_is_waited_for(world, pair):
    """One request at a time and a crowd that wants more: 429 for whoever comes too late."""
    api = world.cluster
    ended = threading.Event()

    def crowd(_):
        while not ended.is_set():
            with contextlib.suppress(ApiError, OSError, http.client.HTTPException):
                api.request("GET", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", timeout=10)

    def refused():
        """The crowd is of system:masters, whom nobody refuses; this one is not."""
        try:
            api.request("GET", "/api/v1/services", as_user="somebody", timeout=10)
        except ApiError as error:
            return error.code == http.client.TOO_MANY_REQUESTS
        return False

    before = refusals(world)
    with calm(world, *pair), apiserver_with(
            world, "--enable-priority-and-fairness=false", "--max-requests-inflight=1",
            "--max-mutating-requests-inflight=1"):
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            try:
                pool.map(crowd, range(8))
                wait_for(refused, 30, "an overloaded server")
                wait_for(lambda: refusals(world), 60, "a herald that is sent away", until=lambda n: n > before)
            finally:
                ended.set()
        all_current(world)
    all_current(world)
    goes_on(world)


def test_a_leader_that_is_killed_is_replaced(world, pair):
    first = wait_leader(world)
    others = sorted(ALL - {first})
    herald = world.heralds[first]
    before = {name: world.addresses(name) for name in services(world)}
    with untouched(world, pair[0], others):
        try:
            herald.kill9()
            assert wait_leader(world, other_than=first) in others
            address, = world.create("later", annotations=ROUTED)
            next_hops(world, address, set(others))
            assert {name: world.addresses(name) for name in before} == before
        finally:
            herald.start().wait_ready(60)
        next_hops(world, pair[0], ALL)


def test_a_leader_that_slept_changes_nothing_when_it_wakes(world, pair):
    """Paused through its lease: another one leads and gives addresses; the first one wakes and must not write."""
    first = wait_leader(world)
    herald = world.heralds[first]
    before = {name: world.addresses(name) for name in services(world)}
    with untouched(world, pair[0], ALL - {first}):
        addresses, versions, second = replaced(world, herald, first)
        wait_for(lambda: herald.metrics()["herald_leader"], 30, "the end of its leading", until=lambda leads: not leads)
        wait_current(herald)
    assert {name: version(world, name) for name in services(world)} == versions, "nobody wrote anything"
    assert leader_of_lease(world) == second
    assert {name: world.addresses(name) for name in before} == before
    assert world.addresses("later") == addresses
    held = [ip for name in services(world) for ip in world.addresses(name)]
    assert len(held) == len(set(held)), "nobody holds what another one has"
    next_hops(world, addresses[0], ALL)
    next_hops(world, pair[0], ALL)


def test_an_address_that_was_given_to_another_is_not_won_back(world, pair):
    """While one node is cut off from the API, a Service is deleted and its address given to another one. When the node
    is back, it must not hold on to what it knew."""
    cut_off = next(name for name in sorted(ALL) if name != leader(world))
    herald = world.heralds[cut_off]
    node = world.lab.nodes[cut_off]
    before = {"metadata": {"annotations": {**ROUTED, "heraldlb.io/loadBalancerIPs": "203.0.113.99"}}}
    try:
        world.create("first-of-it", annotations=before["metadata"]["annotations"])
        next_hops(world, "203.0.113.99", ALL)
        first = world.cluster.get("service", "first-of-it")["metadata"]["uid"]
        with untouched(world, pair[0], ALL), cut(node, world.cluster.address):
            wait_for(lambda: not_current(herald), 60, "watches that are not current")
            world.delete("first-of-it")
            world.create("later", annotations=before["metadata"]["annotations"], families=("IPv4",))
            assert cut_off in world.lab.next_hops("203.0.113.99"), "it keeps what it knows"
        wait_current(herald)
        assert world.addresses("later") == ["203.0.113.99"]
        next_hops(world, "203.0.113.99", ALL)
        assert wait_for(lambda: state_of(herald, "203.0.113.99"), 10, "the new holder in the state directory",
                        until=lambda state: state and first not in state["uids"])
    finally:
        world.delete("first-of-it")


# ---- helpers

def refusals(world):
    """Lines about 429, but for those of a server that starts."""
    return sum("storage is" not in line for herald in world.heralds.values() for line in herald.log_lines("429"))


def replaced(world, herald, first):
    """While this leader sleeps another one gives an address away: the addresses, what stands there then, and who it is."""
    herald.pause()
    try:
        second = wait_leader(world, other_than=first)
        addresses = world.create("later", annotations=ROUTED)
        # one that both could give an address to, and that nobody had when the first one fell asleep
        wait_for(lambda: announced(world, "later"), 30, "all that the second one has to say about it")
        world.cluster.kubectl("annotate", "service", "later", "e2e.example.com/touched=yes", "--overwrite")
        versions = {name: version(world, name) for name in services(world)}
    finally:
        herald.resume()
    return addresses, versions, second


def services(world):
    return [item["metadata"]["name"] for item in world.cluster.get("services", "-n", "default")["items"]
            if item["spec"]["type"] == "LoadBalancer"]


def version(world, name):
    return world.cluster.get("service", name)["metadata"]["resourceVersion"]


def announced(world, name):
    return any(c["type"] == "heraldlb.io/Announced" and c["status"] == "True"
               for c in world.cluster.get("service", name)["status"].get("conditions", []))


def state_of(herald, address):
    try:
        with open(f"{herald.state}/addresses/{address}", encoding="utf-8") as file:
            return json.load(file)
    except (FileNotFoundError, json.JSONDecodeError):
        return None


@contextlib.contextmanager
def cut(node, address):
    """Every packet between the node and this address is dropped."""
    table = "herald-e2e-cut"
    node.ns.nft(f"""table inet {table} {{
        chain o {{ type filter hook output priority 0; ip daddr {address} drop; }}
        chain i {{ type filter hook input priority 0; ip saddr {address} drop; }}
    }}""")
    try:
        yield
    finally:
        node.ns.nft(f"delete table inet {table}")
