"""What a user does with kubectl, and what reaches the wire: the main job on a real API server."""

import glob
import json
import os

import pytest
from calm import ALL, ROUTED, Watcher, all_current, calm, next_hops, owners, renew_kube_proxies, settled
from conftest import API, NAMESPACE, ROOT, config_object
from netlab import requests, wait_for


def test_a_created_service_gets_an_address(world, clean):
    clean.append("plain")
    address, = world.create("plain")
    made = world.cluster.get("service", "plain")
    assert made["status"]["loadBalancer"]["ingress"] == [{"ip": address, "ipMode": "VIP"}]
    assert made["metadata"]["annotations"]["heraldlb.io/ip-allocated-from-pool"] == "segment"
    assert wait_for(lambda: [e for e in world.events("Service", "plain") if e[:2] == ("Normal", "Allocated")], 10,
                    "an Event that says so")


def test_a_client_on_the_segment_reaches_it_by_layer_2(world, clean):
    clean.append("near")
    address, = world.create("near")
    wait_for(lambda: owners(world, address), 10, "an owner", until=lambda names: len(names) == 1)
    tally = wait_for(lambda: requests(world.lab.near, f"http://{address}/", 10), 15, "answers",
                     until=lambda tally: not tally.failures)
    assert set(tally.answers) <= ALL and tally.answers


def test_a_client_behind_the_router_reaches_it_by_bgp_over_three_nodes(world, clean):
    clean.append("far")
    address, = world.create("far", annotations=ROUTED)
    assert address.startswith("203.0.113.")
    next_hops(world, address, ALL)
    wait_for(lambda: requests(world.lab.far, f"http://{address}/", 20), 15, "kube-proxy's rules on every node",
             until=lambda tally: not tally.failures)
    assert set(requests(world.lab.far, f"http://{address}/", 90).answers) == ALL


def test_dual_stack_by_bgp_and_by_layer_2(world, clean):
    clean += ["dual", "dual-near"]
    routed = world.create("dual", wait=2, families=("IPv4", "IPv6"), annotations=ROUTED)
    local = world.create("dual-near", wait=2, families=("IPv4", "IPv6"))
    for address in routed:
        next_hops(world, address, ALL)
    for address in local:
        wait_for(lambda a=address: owners(world, a), 10, f"an owner of {address}", until=lambda names: len(names) == 1)
    v6 = next(address for address in routed if ":" in address)
    wait_for(lambda: requests(world.lab.far, f"http://[{v6}]/", 10), 15, "answers by IPv6",
             until=lambda tally: not tally.failures)


def test_readiness_moves_the_route_of_a_local_service(world, clean):
    clean.append("local")
    address, = world.create("local", policy="Local", annotations=ROUTED)
    next_hops(world, address, ALL)
    try:
        world.cluster.set_pod_ready("default", "web-n2", False)
        next_hops(world, address, {"n1", "n3"})
        wait_for(lambda: set(requests(world.lab.far, f"http://{address}/", 20).answers), 10, "two nodes",
                 until=lambda names: names == {"n1", "n3"})
    finally:
        world.cluster.set_pod_ready("default", "web-n2", True)
    next_hops(world, address, ALL)


def test_a_requested_address_is_honoured(world, clean):
    clean.append("asks")
    first, = world.create("asks", annotations=ROUTED)
    next_hops(world, first, ALL)
    world.cluster.kubectl("annotate", "service", "asks", "heraldlb.io/loadBalancerIPs=203.0.113.77")
    wait_for(lambda: world.addresses("asks"), 10, "the requested address", until=lambda v: v == ["203.0.113.77"])
    next_hops(world, "203.0.113.77", ALL)
    next_hops(world, first, set())


def test_a_status_that_somebody_clears_is_restored_and_stays_announced(world, clean):
    """Design decisions 6 and 10: the same address comes back, although a lower one is free, and no route moves."""
    clean += ["lower", "cleared"]
    lower, = world.create("lower", annotations=ROUTED)
    address, = world.create("cleared", annotations=ROUTED)
    world.delete("lower")
    next_hops(world, lower, set())
    next_hops(world, address, ALL)
    with Watcher(lambda: world.lab.next_hops(address)) as routes:
        world.cluster.set_load_balancer_ips("default", "cleared", [])
        wait_for(lambda: world.addresses("cleared"), 10, "the address again", until=lambda v: v == [address])
        next_hops(world, address, ALL)
    assert routes.seen == [ALL]


def test_a_deleted_service_leaves_the_wire(world, clean):
    clean += ["gone", "gone-near"]
    routed, = world.create("gone", annotations=ROUTED)
    local, = world.create("gone-near")
    next_hops(world, routed, ALL)
    wait_for(lambda: owners(world, local), 10, "an owner", until=lambda names: len(names) == 1)
    world.delete("gone", "gone-near")
    next_hops(world, routed, set())
    wait_for(lambda: owners(world, local), 10, "silence", until=lambda names: not names)


def test_a_restart_of_the_api_server_changes_nothing_on_the_wire(world, clean):
    clean += ["calm", "calm-near", "after"]
    routed, = world.create("calm", annotations=ROUTED)
    local, = world.create("calm-near")
    settled(world, routed, local)
    with calm(world, routed, local):
        world.cluster.restart_apiserver()
        all_current(world)
    renew_kube_proxies(world)
    world.create("after", annotations=ROUTED)  # and the work goes on: a new Service is served


def test_a_bad_pool_is_refused_and_all_else_goes_on(world, clean):
    clean += ["before-bad", "after-bad"]
    before, = world.create("before-bad", annotations=ROUTED)
    next_hops(world, before, ALL)
    try:
        world.cluster.apply(config_object("IPAddressPool", "backwards", addresses=["10.9.0.99-10.9.0.90"]))
        warning = wait_for(lambda: [e for e in world.events("IPAddressPool", "backwards", NAMESPACE)
                                    if e[0] == "Warning"], 10, "a Warning about the pool")[0]
        assert warning[1] == "InvalidValue" and "spec.addresses[0]" in warning[2]
        after, = world.create("after-bad", annotations=ROUTED)
        next_hops(world, after, ALL)
        assert world.lab.next_hops(before) == ALL
    finally:
        world.cluster.kubectl("delete", "ipaddresspools.heraldlb.io", "backwards", "-n", NAMESPACE)


def test_what_cannot_be_served_says_why(world, clean):
    clean.append("nowhere")
    body = {"heraldlb.io/address-pool": "nosuch"}
    world.cluster.apply({"apiVersion": "v1", "kind": "Service",
                         "metadata": {"name": "nowhere", "annotations": body},
                         "spec": {"type": "LoadBalancer", "ports": [{"port": 80}], "selector": {"app": "web"}}})
    event = wait_for(lambda: [e for e in world.events("Service", "nowhere") if e[0] == "Warning"], 10, "a Warning")[0]
    assert event[1] == "UnknownPool" and "nosuch" in event[2]
    assert world.addresses("nowhere") == []


def test_metallb_objects_are_read_as_they_are(world, clean):
    clean.append("switcher")
    world.cluster.apply(config_object("IPAddressPool", "old", group="metallb.io/v1beta1", namespace="metallb-system",
                                      addresses=["10.9.0.150-10.9.0.159"], autoAssign=False))
    try:
        address, = world.create("switcher", annotations={"metallb.io/address-pool": "old"})
        assert address == "10.9.0.150"
    finally:
        world.delete("switcher")
        world.cluster.kubectl("delete", "ipaddresspools.metallb.io", "old", "-n", "metallb-system")


def test_the_configmap_is_configuration_too(world, clean):
    clean.append("mapped")
    pool = {"apiVersion": API, "kind": "IPAddressPool", "metadata": {"name": "mapped"},
            "spec": {"addresses": ["10.9.0.160/32"], "autoAssign": False}}
    world.cluster.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "herald-config",
                                                                            "namespace": NAMESPACE},
                         "data": {"pools.yaml": json.dumps(pool)}})
    try:
        address, = world.create("mapped", annotations={"heraldlb.io/address-pool": "mapped"})
        assert address == "10.9.0.160"
    finally:
        world.delete("mapped")
        world.cluster.kubectl("delete", "configmap", "herald-config", "-n", NAMESPACE)


def test_samples_and_the_talos_overlay_are_accepted(world):
    for sample in sorted(glob.glob(os.path.join(ROOT, "deploy", "samples", "*.yaml"))):
        world.cluster.kubectl("apply", "--dry-run=server", "-f", sample)
    rendered = world.cluster.kubectl("kustomize", os.path.join(ROOT, "deploy", "talos"))
    assert "https://localhost:7445" in rendered and "--daemonset=herald" in rendered
    world.cluster.kubectl("apply", "--dry-run=server", "-k", os.path.join(ROOT, "deploy", "talos"))


def test_the_shipped_objects_are_accepted_and_the_schema_refuses_nonsense(world):
    bad = config_object("BGPPeer", "bad", myASN=64514, peerASN=64513, peerAddress="not-an-address")
    with pytest.raises(Exception, match="peerAddress"):
        world.cluster.apply(bad)
    pools = world.cluster.get("ipaddresspools.heraldlb.io", "-n", NAMESPACE)["items"]
    assert {pool["metadata"]["name"] for pool in pools} >= {"segment", "routed"}


def test_a_daemon_restarted_while_the_api_is_away_continues_what_it_announced(world, clean):
    """Design decision 7: what this boot announces is kept; nothing is added, nothing is allocated."""
    clean += ["kept", "kept-near"]
    routed, = world.create("kept", annotations=ROUTED)
    local, = world.create("kept-near")
    next_hops(world, routed, ALL)
    owner, = wait_for(lambda: owners(world, local), 10, "an owner", until=lambda names: len(names) == 1)
    herald = world.heralds[owner]
    world.cluster.stop_apiserver()
    try:
        assert herald.stop() == 0
        next_hops(world, routed, ALL - {owner})
        wait_for(lambda: owners(world, local), 10, "silence", until=lambda names: not names)
        herald.start()
        next_hops(world, routed, ALL)
        wait_for(lambda: owners(world, local), 10, "the owner again", until=lambda names: names == {owner})
        assert herald.get("/readyz")[0] == 503  # it is not synced, and says so
    finally:
        world.cluster.start_apiserver()
    herald.wait_ready(60)
    all_current(world)
    assert world.lab.next_hops(routed) == ALL and owners(world, local) == {owner}
    renew_kube_proxies(world)


def test_after_a_reboot_nothing_is_continued(world, clean):
    """The state directory is of another boot: its addresses are not announced."""
    clean.append("old")
    routed, = world.create("old", annotations=ROUTED)
    next_hops(world, routed, ALL)
    herald = world.heralds["n3"]
    world.cluster.stop_apiserver()
    try:
        assert herald.stop() == 0
        next_hops(world, routed, ALL - {"n3"})
        with open(f"{herald.state}/boot", "w", encoding="ascii") as file:
            file.write("00000000-0000-0000-0000-000000000000\n")
        herald.start()
        wait_for(lambda: herald.get("/livez")[0], 10, "its answer", until=lambda status: status == 200)
        assert not [k for k in herald.metrics() if k.startswith("herald_bgp_session_up")]
        assert world.lab.next_hops(routed) == ALL - {"n3"}
    finally:
        world.cluster.start_apiserver()
    herald.wait_ready(60)
    next_hops(world, routed, ALL)
    renew_kube_proxies(world)
