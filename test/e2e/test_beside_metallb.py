"""A cluster that has MetalLB, or had it: what is read, what is left alone, and when nothing is announced."""

import json
import os

from calm import ALL, ROUTED, all_current, next_hops, owners
from conftest import METALLB_CRD, NAMESPACE, ROOT, SPEAKER, config_object, service
from netlab import wait_for
from netlab.router import ASN

METALLB = "metallb-system"
FOREIGN = "198.51.100.7"


def conditions(world, name):
    """{type without the prefix: (status, reason)} of ours on a Service."""
    return {c["type"].split("/", 1)[1]: (c["status"], c["reason"])
            for c in world.cluster.get("service", name)["status"].get("conditions", [])
            if c["type"].startswith("heraldlb.io/")}


def give_as_metallb(world, name, address):
    """A Service as MetalLB's controller leaves it."""
    body = service(name, annotations={"metallb.io/address-pool": "routed", "metallb.io/ip-allocated-from-pool": "routed"})
    world.cluster.kubectl("create", "-f", "-", input=json.dumps(body))
    world.cluster.set_load_balancer_ips("default", name, address)


def begins_beside_a_speaker(herald):
    """It knows of the speaker before it says or writes anything."""
    lines = len(herald.log().splitlines())
    assert herald.stop() == 0
    herald.start().wait_ready(30)
    said = herald.log().splitlines()[lines:]
    assert herald.metrics()["herald_foreign_controller"] == 1
    assert not [line for line in said if 'msg="answering"' in line or "module=event" in line], said


def test_nothing_is_announced_while_metallbs_speaker_runs(world, clean):
    """And when it is gone all is announced, under the addresses that MetalLB gave."""
    clean += ["before", "before-near", "meanwhile", "given"]
    routed, = world.create("before", annotations=ROUTED)
    local, = world.create("before-near")
    next_hops(world, routed, ALL)
    wait_for(lambda: owners(world, local), 10, "an owner", until=lambda names: len(names) == 1)
    world.cluster.create_ready_pod(METALLB, "speaker-n1", "n1", world.lab.nodes["n1"].v4, SPEAKER)
    try:
        next_hops(world, routed, set())
        wait_for(lambda: owners(world, local), 10, "silence", until=lambda names: not names)
        give_as_metallb(world, "given", "203.0.113.222")
        body = service("meanwhile", annotations=ROUTED)
        world.cluster.kubectl("create", "-f", "-", input=json.dumps(body))
        wait_for(lambda: [s["status"]["conditions"] for s in world.cluster.get("nodestates")["items"]], 40,
                 "states that say why", until=lambda states: all(
                     any(c["reason"] == "ForeignController" for c in state) for state in states))
        assert all(herald.metrics()["herald_foreign_controller"] == 1 for herald in world.heralds.values())
        begins_beside_a_speaker(world.heralds["n3"])
        made = world.cluster.get("service", "meanwhile")
        assert not made["status"]["loadBalancer"] and not made["status"].get("conditions"), "nothing is written"
        assert world.addresses("before") == [routed] and world.addresses("before-near") == [local]
    finally:
        world.cluster.delete_pod(METALLB, "speaker-n1")
    next_hops(world, routed, ALL)
    wait_for(lambda: owners(world, local), 20, "an owner", until=lambda names: len(names) == 1)
    address, = wait_for(lambda: world.addresses("meanwhile"), 20, "an address")
    next_hops(world, address, ALL)
    next_hops(world, "203.0.113.222", ALL)
    assert world.addresses("given") == ["203.0.113.222"]


def test_metallbs_controller_alone_is_no_speaker(world, clean):
    clean.append("beside-controller")
    world.cluster.create_ready_pod(METALLB, "controller", "n1", world.lab.nodes["n1"].v4,
                                   {**SPEAKER, "app.kubernetes.io/component": "controller"})
    try:
        address, = world.create("beside-controller", annotations=ROUTED)
        next_hops(world, address, ALL)
        assert all(herald.metrics()["herald_foreign_controller"] == 0 for herald in world.heralds.values())
    finally:
        world.cluster.delete_pod(METALLB, "controller")


def test_of_two_pools_of_one_name_ours_is_used_and_it_is_told(world, clean):
    clean.append("shadowed")
    world.cluster.apply(
        config_object("IPAddressPool", "twin", "metallb.io/v1beta1", METALLB, addresses=["10.9.0.170/32"],
                      autoAssign=False),
        config_object("IPAddressPool", "twin", addresses=["10.9.0.171/32"], autoAssign=False))
    try:
        address, = world.create("shadowed", annotations={"heraldlb.io/address-pool": "twin"})
        assert address == "10.9.0.171"
        wait_for(lambda: [e for e in world.events("IPAddressPool", "twin", METALLB) if e[1] == "Shadowed"], 20,
                 "an Event about MetalLB's pool")
        world.delete("shadowed")
        world.cluster.kubectl("delete", "ipaddresspools.heraldlb.io", "twin", "-n", NAMESPACE)
        address, = world.create("shadowed", annotations={"heraldlb.io/address-pool": "twin"})
        assert address == "10.9.0.170", "the other one is in nobody's shadow any more"
    finally:
        world.delete("shadowed")
        for group in ("heraldlb.io", "metallb.io"):
            namespace = NAMESPACE if group == "heraldlb.io" else METALLB
            world.cluster.kubectl("delete", f"ipaddresspools.{group}", "twin", "-n", namespace, "--ignore-not-found")


def test_an_address_that_another_controller_gave_is_left_alone(world, clean):
    """No pool of ours has it and no annotation says that we gave it; it came while the Service was of our class."""
    clean.append("foreign")
    body = service("foreign", annotations={"heraldlb.io/address-pool": "nosuch"})
    world.cluster.kubectl("create", "-f", "-", input=json.dumps(body))
    wait_for(lambda: conditions(world, "foreign"), 20, "what is said of it",
             until=lambda found: found.get("Allocated") == ("False", "UnknownPool"))
    world.cluster.set_load_balancer_ips("default", "foreign", FOREIGN)
    wait_for(lambda: conditions(world, "foreign"), 30, "what is said of it",
             until=lambda found: found.get("Allocated") == ("False", "ForeignAddress"))
    before = world.cluster.get("service", "foreign")
    assert before["status"]["loadBalancer"] == {"ingress": [{"ip": FOREIGN, "ipMode": "VIP"}]}
    assert "heraldlb.io/ip-allocated-from-pool" not in before["metadata"]["annotations"]
    assert world.lab.next_hops(FOREIGN) == set()


def test_services_of_another_class_are_not_touched(world, clean):
    """Not by an annotation, not by a condition, not by an Event; whatever their status holds."""
    clean += ["other-class", "after-it"]
    body = service("other-class", annotations=ROUTED)
    body["spec"]["loadBalancerClass"] = "example.com/other"
    world.cluster.kubectl("create", "-f", "-", input=json.dumps(body))
    world.cluster.set_load_balancer_ips("default", "other-class", "203.0.113.200")
    before = world.cluster.get("service", "other-class")
    address, = world.create("after-it", annotations={**ROUTED, "heraldlb.io/loadBalancerIPs": "203.0.113.201"})
    next_hops(world, address, ALL)
    assert world.cluster.get("service", "other-class") == before
    assert not world.events("Service", "other-class")
    assert world.lab.next_hops("203.0.113.200") == set()


def test_passwords_of_metallbs_peers_are_read_in_its_namespace(world):
    """By deploy/metallb, which gives the right to; MetalLB's type and key of the Secret."""
    crd = json.dumps(METALLB_CRD).replace("IPAddressPool", "BGPPeer").replace("ipaddresspool", "bgppeer")
    peer = config_object("BGPPeer", "signed", "metallb.io/v1beta2", METALLB, myASN=64514, peerASN=ASN,
                         peerAddress=world.lab.router.v4, passwordSecret={"name": "signed"})
    nodes = [node.v4 for node in world.lab.nodes.values()]
    world.cluster.apply(json.loads(crd.replace("v1beta1", "v1beta2")))
    world.cluster.kubectl("wait", "--for=condition=Established", "crd", "bgppeers.metallb.io", "--timeout=30s")
    world.cluster.kubectl("apply", "-f", os.path.join(ROOT, "deploy", "metallb", "secrets.yaml"))
    world.cluster.kubectl("delete", "bgppeers.heraldlb.io", "r1", "-n", NAMESPACE)
    try:
        for address in nodes:
            world.lab.router.password(address, "of-metallb")
        world.cluster.apply(peer, {
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "signed", "namespace": METALLB},
            "type": "kubernetes.io/basic-auth", "stringData": {"password": "of-metallb"}})
        wait_for(lambda: {world.lab.router.session(address)[0] for address in nodes}, 120, "all signed sessions",
                 until=lambda states: states == {"Established"})
    finally:
        for address in nodes:
            world.lab.router.vtysh("configure terminal", f"router bgp {ASN}", f"no neighbor {address} password")
        world.cluster.kubectl("delete", "crd", "bgppeers.metallb.io")
        world.cluster.kubectl("delete", "-f", os.path.join(ROOT, "deploy", "metallb", "secrets.yaml"))
        world.cluster.apply(config_object("BGPPeer", "r1", myASN=64514, peerASN=ASN, peerAddress=world.lab.router.v4))
        wait_for(lambda: {world.lab.router.session(address)[0] for address in nodes}, 120, "all sessions",
                 until=lambda states: states == {"Established"})
    all_current(world)  # a kind that is gone with all its objects is no worry
