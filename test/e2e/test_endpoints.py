"""The way to the API server breaks, each time in another manner, while clients are served: nothing on the wire changes,
and herald is back on its own.
"""

import contextlib
import json
import shutil

import pytest
from calm import ROUTED, all_current, calm, next_hops, not_current, renew_kube_proxies, settled
from conftest import NAMESPACE, by_token, running_world
from kube import KubectlError
from kube.pki import write_private
from netlab import wait_for

ACCOUNT = f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts/herald"


def preferring_the_second(cluster):
    """A second API server is what the heralds like best. Of the first one's authority they read the file."""
    preferred = cluster.start_second_apiserver()
    path, _ = by_token(cluster)
    with open(path, encoding="utf-8") as file:
        content = json.load(file)
    own = cluster.directory / "authority"
    own.mkdir()
    shutil.copy(cluster.directory / "pki" / "ca.crt", own / "ca.crt")
    server = content["clusters"][0]["cluster"]
    del server["certificate-authority-data"]
    server["certificate-authority"] = str(own / "ca.crt")
    return write_private(f"{path}.files", json.dumps(content)), ["--api-server", preferred]


@pytest.fixture(scope="module")
def two():
    with running_world(reach=preferring_the_second) as world:
        world.preferred = f"https://10.7.0.254:{world.cluster.port + 1}"
        yield world


@contextlib.contextmanager
def served(world, name, **what):
    """A routed and a local Service, that nothing happens to while the block runs; afterwards both are gone."""
    names = [f"{name}-routed", f"{name}-near"]
    try:
        routed, = world.create(names[0], annotations=ROUTED)
        local, = world.create(names[1])
        settled(world, routed, local)
        with calm(world, routed, local, **what):
            yield
    finally:
        world.delete(*names)


def goes_on(world, name, renew=True):
    """A new Service is given an address, and every node announces it. renew: kube-proxy's API server was away."""
    if renew:
        renew_kube_proxies(world)
    try:
        address, = world.create(name, annotations=ROUTED)
        next_hops(world, address, set(world.heralds))
    finally:
        world.delete(name)


def none_current(world, seconds=60):
    for herald in world.heralds.values():
        wait_for(lambda h=herald: not_current(h), seconds, f"watches of {herald.node} that are refused")


def all_use(world, server, seconds=60):
    key = f'herald_api_server{{server="{server}"}}'
    for herald in world.heralds.values():
        wait_for(lambda h=herald: h.metrics().get(key), seconds, f"{herald} at {server}", until=lambda used: used == 1)


def counted(world, metric):
    """The sum of a metric's samples, for each node."""
    return {name: sum(value for key, value in herald.metrics().items() if key.partition("{")[0] == metric)
            for name, herald in world.heralds.items()}


def lists_not_expired(world):
    lists, expired = counted(world, "herald_watch_lists_total"), counted(world, "herald_watch_expired_total")
    return {name: lists[name] - expired[name] for name in lists}


# ---- half-open connections

def herald_ports(node, server_port):
    """The local ports of herald's connections to the API server that its kernel believes in."""
    lines = node.ns.run("ss", "-Htnp", "state", "established", f"( dport = :{server_port} )").splitlines()
    return {line.split()[2].rpartition(":")[2] for line in lines if '"herald"' in line}


@contextlib.contextmanager
def half_open(node, address, server_port, ports):
    """From now on no packet of these connections arrives anywhere, and nobody is told."""
    node.ns.nft(f"""table ip herald-e2e-half-open {{
        set old {{ type inet_service; elements = {{ {", ".join(sorted(ports))} }}; }}
        chain to {{ type filter hook output priority -300;
            ip daddr {address} tcp dport {server_port} tcp sport @old counter drop; }}
        chain from {{ type filter hook prerouting priority -300;
            ip saddr {address} tcp sport {server_port} tcp dport @old drop; }}
    }}""")
    try:
        yield
    finally:
        node.ns.nft("delete table ip herald-e2e-half-open")


def dropped(node):
    rules = json.loads(node.ns.run("nft", "-j", "list", "chain", "ip", "herald-e2e-half-open", "to"))["nftables"]
    return sum(part["counter"]["packets"] for rule in rules if "rule" in rule
               for part in rule["rule"]["expr"] if "counter" in part)


def test_half_open_connections_are_found(world):
    """Every connection to the API server dies without a word. It stays like that: only new connections help, and herald
    makes them long before a watch that says nothing would be missed."""
    cluster = world.cluster
    with contextlib.ExitStack() as silence:
        with served(world, "half-open"):
            old = {}
            for name, node in world.lab.nodes.items():
                old[name] = herald_ports(node, cluster.port)
                assert old[name], f"{name} has connections"
                silence.enter_context(half_open(node, cluster.address, cluster.port, old[name]))
            for name, node in world.lab.nodes.items():
                wait_for(lambda n=node, o=old[name]: o & herald_ports(n, cluster.port), 25,
                         f"the end of what is half open on {name}", until=lambda left: not left)
            all_current(world)
        goes_on(world, "half-open-later")
        assert all(dropped(node) > 0 for node in world.lab.nodes.values())


# ---- tokens

def refused(world, kubeconfig):
    try:
        world.cluster.kubectl("get", "services", kubeconfig=kubeconfig)
        return False
    except KubectlError as error:
        return "Unauthorized" in error.stderr or "must be logged in" in error.stderr


def test_a_token_that_is_revoked_and_replaced(world):
    """The ServiceAccount is made anew: tokens of the old one are worth nothing. Watches that run by them go on, so the API
    server is killed as well. The token that the kubelet brings is found without a restart."""
    cluster = world.cluster
    kubeconfig = cluster.directory / f"sa-{NAMESPACE}-herald.kubeconfig"
    account = cluster.request("GET", ACCOUNT)
    with served(world, "revoked"):
        cluster.request("DELETE", ACCOUNT)
        cluster.request("POST", ACCOUNT.rpartition("/")[0],
                        {"metadata": {"name": "herald", "labels": account["metadata"].get("labels", {})}})
        try:
            wait_for(lambda: refused(world, kubeconfig), 30, "a token that is refused")
            cluster.restart_apiserver(crash=True)
            for herald in world.heralds.values():
                wait_for(lambda h=herald: h.log_lines("Unauthorized"), 60, f"{herald} refused")
            none_current(world)
        finally:
            cluster.service_account_kubeconfig(NAMESPACE, "herald")
        all_current(world)
    goes_on(world, "revoked-later")


# ---- two API servers

def test_the_api_server_in_use_is_killed(two):
    """The other one is taken at once, and nothing is listed again but what that one has not watched itself so far (410);
    the better one is taken back when it is there."""
    all_use(two, two.preferred)
    with served(two, "killed", updates_of=()):  # those of a new Service come and go
        listed, failovers = lists_not_expired(two), counted(two, "herald_api_failovers_total")
        two.cluster.kill_second_apiserver()
        try:
            all_use(two, two.cluster.server)
            all_current(two)
            assert lists_not_expired(two) == listed
            assert all(count > failovers[name] for name, count in counted(two, "herald_api_failovers_total").items())
            goes_on(two, "killed-meanwhile", renew=False)
        finally:
            two.cluster.start_second_apiserver()
        all_use(two, two.preferred)
        all_current(two)
    goes_on(two, "killed-later")


def test_the_api_server_in_use_hangs(two):
    """Its connections stay, its kernel acknowledges every byte and accepts new connections: only the question whether it
    lives tells that it does not."""
    all_use(two, two.preferred)
    with served(two, "hangs", updates_of=()):
        two.cluster.pause_second_apiserver()
        try:
            all_use(two, two.cluster.server)
            all_current(two)
            goes_on(two, "hangs-meanwhile", renew=False)
        finally:
            two.cluster.resume_second_apiserver()
        all_use(two, two.preferred)
        all_current(two)
    goes_on(two, "hangs-later")


def test_the_authority_of_the_api_servers_is_replaced(two):
    """They have certificates that nobody knows: herald speaks to none of them, until the file holds their authority."""
    with served(two, "authority"):
        authority = two.cluster.renew_certificates()
        none_current(two)
        for herald in two.heralds.values():
            assert herald.running()
        write_private(two.cluster.directory / "authority" / "ca.crt", authority.read_text())
        all_current(two)
    goes_on(two, "authority-later")
