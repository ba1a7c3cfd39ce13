"""The Secret that a BGPPeer names: missing, made, changed, against a router that drops what is not signed."""

import json

import pytest
from conftest import NAMESPACE
from netlab import wait_for
from netlab.router import ASN


def secret(password, kind="kubernetes.io/basic-auth"):
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "tor", "namespace": NAMESPACE}, "type": kind,
            "stringData": {"password": password}}


def name_secret(world, value):
    patch = json.dumps({"spec": {"passwordSecret": value}})
    world.cluster.kubectl("patch", "bgppeers.heraldlb.io", "r1-v6", "-n", NAMESPACE, "--type=merge", "-p", patch)


@pytest.fixture
def signed(world):
    """The IPv6 sessions must be signed with "first", and the BGPPeer names a Secret that is not there."""
    addresses = [node.v6 for node in world.lab.nodes.values()]
    name_secret(world, {"name": "tor"})
    for address in addresses:
        world.lab.router.password(address, "first")
    yield addresses
    for address in addresses:
        world.lab.router.vtysh("configure terminal", f"router bgp {ASN}", f"no neighbor {address} password")
    name_secret(world, None)
    world.cluster.kubectl("delete", "secret", "tor", "-n", NAMESPACE, "--ignore-not-found")
    wait_sessions(world, addresses)


def wait_sessions(world, addresses):
    wait_for(lambda: {world.lab.router.session(address)[0] for address in addresses}, 120, "all signed sessions",
             until=lambda states: states == {"Established"})


def test_a_secret_that_is_made_later_and_changes(world, signed):
    def told(what):
        return [e for e in world.events("BGPPeer", "r1-v6", NAMESPACE)
                if e[:2] == ("Warning", "PasswordSecretMissing") and what in e[2]]
    wait_for(lambda: told("does not exist"), 30, "an Event that says so")
    wait_for(lambda: world.cluster.get("nodestate", "n1")["status"]["configErrors"], 40, "it in the NodeState",
             until=lambda errors: [e["reason"] for e in errors] == ["PasswordSecretMissing"])
    assert not {world.lab.router.session(address)[0] for address in signed} & {"Established"}
    assert world.lab.router.session(world.lab.nodes["n1"].v4)[0] == "Established"
    world.cluster.apply(secret("first"))
    wait_sessions(world, signed)
    times = {address: world.lab.router.session(address)[1] for address in signed}
    world.cluster.apply(secret("second"))
    for address in signed:
        world.lab.router.password(address, "second")
        wait_for(lambda a=address: world.lab.router.session(a), 60, "a session with the second password",
                 until=lambda session, t=times[address]: session[0] == "Established" and session[1] > t)
    for herald in world.heralds.values():
        assert '"second"' not in herald.log() and "=second" not in herald.log()
