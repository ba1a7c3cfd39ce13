"""Every kind of Service and of endpoint, as the real EndpointSlice controller makes them or as a user writes them."""

import json

from calm import ALL, ROUTED, next_hops
from conftest import NAMESPACE, config_object, service
from netlab import requests, wait_for

MERGE = "application/merge-patch+json"


def patch(world, name, **spec):
    world.cluster.request("PATCH", f"/api/v1/namespaces/default/services/{name}", {"spec": spec}, content_type=MERGE)


def create(world, name, wait=1, **spec):
    """A Service with these fields of its spec, on the routed pool; its addresses."""
    body = service(name, annotations=ROUTED)
    body["spec"].update(spec)
    body["spec"] = {key: value for key, value in body["spec"].items() if value is not None}
    world.cluster.kubectl("create", "-f", "-", input=json.dumps(body))
    return addresses(world, name, wait)


def addresses(world, name, wait=1):
    return wait_for(lambda: world.addresses(name), 30, f"{wait} addresses of {name}", until=lambda v: len(v) == wait)


def answers(world, address):
    wait_for(lambda: requests(world.lab.far, f"http://{address}/", 20), 15, "answers", until=lambda t: not t.failures)


def slice_of(name, number, *endpoints, family="IPv4"):
    return {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": family,
            "metadata": {"name": f"{name}-{number}", "labels": {"kubernetes.io/service-name": name}},
            "ports": [{"name": "http", "protocol": "TCP", "port": 8080}], "endpoints": list(endpoints)}


def endpoint(node, ready=True, named=True, **conditions):
    return {"addresses": [node.v4], "conditions": {"ready": ready, **conditions},
            **({"nodeName": node.name} if named else {})}


# ---- what a Service is


def test_a_change_of_type_frees_the_address_and_back_gets_one(world, clean):
    clean += ["typed", "heir"]
    address, = create(world, "typed")
    next_hops(world, address, ALL)
    patch(world, "typed", type="ClusterIP", externalTrafficPolicy=None, allocateLoadBalancerNodePorts=None)
    addresses(world, "typed", 0)
    next_hops(world, address, set())
    heir, = create(world, "heir")
    assert heir == address
    patch(world, "typed", type="LoadBalancer")
    other, = addresses(world, "typed")
    assert other != address
    next_hops(world, other, ALL)


def test_no_node_ports_are_needed(world, clean):
    clean.append("portless")
    address, = create(world, "portless", allocateLoadBalancerNodePorts=False)
    assert "nodePort" not in world.cluster.get("service", "portless")["spec"]["ports"][0]
    next_hops(world, address, ALL)
    answers(world, address)


def test_a_family_more_and_a_family_less_leave_the_other_alone(world, clean):
    clean.append("families")
    first, = create(world, "families")
    next_hops(world, first, ALL)
    patch(world, "families", ipFamilyPolicy="RequireDualStack", ipFamilies=["IPv4", "IPv6"])
    both = addresses(world, "families", 2)
    assert first in both
    second, = set(both) - {first}
    next_hops(world, second, ALL)
    answers(world, f"[{second}]")
    assert world.lab.next_hops(first) == ALL
    patch(world, "families", ipFamilyPolicy="SingleStack", ipFamilies=["IPv4"], clusterIPs=None)
    assert addresses(world, "families") == [first]
    next_hops(world, second, set())
    assert world.lab.next_hops(first) == ALL


def test_only_services_of_our_class_are_served(world, clean):
    clean += ["classless", "ours", "theirs"]
    kept, = create(world, "classless")
    next_hops(world, kept, ALL)
    theirs = service("theirs", annotations=ROUTED)
    theirs["spec"]["loadBalancerClass"] = "example.com/other"
    world.cluster.kubectl("create", "-f", "-", input=json.dumps(theirs))
    world.cluster.set_load_balancer_ips("default", "theirs", ["203.0.113.200"])
    world.cluster.apply(config_object("Settings", "default", loadBalancerClass="example.com/herald"))
    try:
        address, = create(world, "ours", loadBalancerClass="example.com/herald")
        next_hops(world, address, ALL)
        next_hops(world, kept, set())  # it is another's now, whose address is left alone
        assert world.addresses("classless") == [kept]
    finally:
        world.cluster.kubectl("delete", "settings.heraldlb.io", "default", "-n", NAMESPACE)
    next_hops(world, kept, ALL)
    next_hops(world, address, set())
    assert world.addresses("theirs") == ["203.0.113.200"] and not world.lab.next_hops("203.0.113.200")


def test_a_service_that_a_finalizer_keeps_is_announced_until_it_is_gone(world, clean):
    clean.append("final")
    address, = create(world, "final")
    next_hops(world, address, ALL)
    path = "/api/v1/namespaces/default/services/final"
    world.cluster.request("PATCH", path, {"metadata": {"finalizers": ["example.com/wait"]}}, content_type=MERGE)
    try:
        world.cluster.kubectl("delete", "service", "final", "--wait=false")
        patch(world, "final", ipFamilyPolicy="PreferDualStack")
        wait_for(lambda: world.cluster.get("service", "final")["spec"], 10, "both families",
                 until=lambda spec: len(spec["ipFamilies"]) == 2)
        later, = create(world, "later")
        clean.append("later")
        next_hops(world, later, ALL)  # so what came before was seen by all
        assert world.addresses("final") == [address] and world.lab.next_hops(address) == ALL
    finally:
        world.cluster.request("PATCH", path, {"metadata": {"finalizers": None}}, content_type=MERGE)
    next_hops(world, address, set())


def test_a_service_of_another_proxy_is_announced(world, clean):
    clean.append("proxied")
    body = service("proxied", annotations=ROUTED, policy="Local")
    body["metadata"]["labels"] = {"service.kubernetes.io/service-proxy-name": "other"}
    world.cluster.kubectl("create", "-f", "-", input=json.dumps(body))
    address, = addresses(world, "proxied")
    next_hops(world, address, ALL)


# ---- what stands behind it


def test_a_service_without_a_selector_has_the_endpoints_that_somebody_writes(world, clean):
    """Many slices, one of names, an endpoint in two of them, one without a nodeName."""
    clean += ["manual", "manual-local"]
    nodes, apply = world.lab.nodes, world.cluster.apply
    address, = create(world, "manual", selector=None)
    local, = create(world, "manual-local", selector=None, externalTrafficPolicy="Local")
    apply(slice_of("manual", 1, endpoint(nodes["n1"], named=False)),
          slice_of("manual-local", 1, endpoint(nodes["n1"], named=False)),
          slice_of("manual-local", 2, endpoint(nodes["n2"])))
    next_hops(world, address, ALL)
    next_hops(world, local, {"n2"})
    answers(world, address)
    answers(world, local)
    apply(slice_of("manual-local", 3, endpoint(nodes["n3"])), slice_of("manual-local", 4, endpoint(nodes["n3"])),
          slice_of("manual-local", 5, {"addresses": ["backend.example.com"]}, family="FQDN"))
    next_hops(world, local, {"n2", "n3"})
    world.cluster.kubectl("delete", "endpointslice", "manual-1")
    next_hops(world, address, set())
    world.cluster.kubectl("delete", "endpointslice", "manual-local-3", "manual-local-4")
    next_hops(world, local, {"n2"})


def test_publish_not_ready_addresses(world, clean):
    clean.append("published")
    address, = create(world, "published", externalTrafficPolicy="Local", publishNotReadyAddresses=True)
    next_hops(world, address, ALL)
    clean.append("plain-local")
    plain, = create(world, "plain-local", externalTrafficPolicy="Local")
    next_hops(world, plain, ALL)
    try:
        world.cluster.set_pod_ready("default", "web-n2", False)
        next_hops(world, plain, {"n1", "n3"})
        assert world.lab.next_hops(address) == ALL
    finally:
        world.cluster.set_pod_ready("default", "web-n2", True)
    next_hops(world, plain, ALL)


def test_terminating_endpoints_count_where_none_is_ready(world, clean):
    """Ready ones first; when the last ready one is gone, those that end but still serve carry the traffic."""
    clean += ["ending", "ending-local"]
    address, = create(world, "ending")
    local, = create(world, "ending-local", externalTrafficPolicy="Local")
    next_hops(world, address, ALL)
    next_hops(world, local, ALL)
    cluster = world.cluster
    try:
        cluster.delete_pod("default", "web-n2", 600)
        next_hops(world, local, {"n1", "n3"})
        assert world.lab.next_hops(address) == ALL
        cluster.delete_pod("default", "web-n1", 600)
        cluster.delete_pod("default", "web-n3", 600)
        next_hops(world, local, ALL)
        answers(world, local)
        assert world.lab.next_hops(address) == ALL
        cluster.set_pod_ready("default", "web-n3", False)  # it ends and does not serve any more
        next_hops(world, local, {"n1", "n2"})
    finally:
        for node in world.lab.nodes.values():
            cluster.delete_pod("default", f"web-{node.name}", 0)
            cluster.create_ready_pod("default", f"web-{node.name}", node.name, [node.v4, node.v6], {"app": "web"})
    next_hops(world, local, ALL)
