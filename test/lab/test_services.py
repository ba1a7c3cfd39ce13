"""What happens on the wire when a Service appears, changes and goes."""

import pytest

from netlab import wait_for, who_answers

ALL = {"n1", "n2", "n3"}
CASES = [("IPv4", "203.0.113.50", "10.9.0.222"), ("IPv6", "2001:db8:113::50", "fd00:9::222")]


def owners(lab, vip):
    return {lab.name_of(mac) for mac in who_answers(lab.near, vip)}


@pytest.mark.parametrize("family,requested,_", CASES)
def test_bgp_follows_a_service(standalone, family, requested, _):
    lab, docs = standalone.lab, standalone.docs
    n1, n2, n3 = lab.nodes.values()
    vip = standalone.service("web", family, pool="routed")
    standalone.wait_next_hops(vip, ALL)

    docs.service("web", families=(family,), pool="routed", policy="Local")
    docs.endpoints("web", [n2])
    standalone.wait_next_hops(vip, {"n2"})
    docs.endpoints("web", [n1, n3])
    standalone.wait_next_hops(vip, {"n1", "n3"})
    docs.endpoints("web", [n1, n3], ready=False)
    standalone.wait_next_hops(vip, set())
    docs.endpoints("web", [n1, n3])

    docs.service("web", families=(family,), pool="routed", ips=[requested])
    wait_for(lambda: docs.status("web"), 10, "the requested address", until=lambda ips: ips == [requested])
    standalone.wait_next_hops(requested, ALL)
    standalone.wait_next_hops(vip, set())

    docs.delete_service("web")
    standalone.wait_next_hops(requested, set())


@pytest.mark.parametrize("family,_,requested", CASES)
def test_layer_2_follows_a_service(standalone, family, _, requested):
    lab, docs = standalone.lab, standalone.docs
    vip = standalone.service("web", family, pool="segment")
    wait_for(lambda: owners(lab, vip), 15, "one owner", until=lambda seen: len(seen) == 1)

    docs.service("web", families=(family,), pool="segment", policy="Local")
    for node in lab.nodes.values():
        docs.endpoints("web", [node])
        wait_for(lambda: owners(lab, vip), 15, f"{node} alone, where the endpoint is",
                 until=lambda seen, name=node.name: seen == {name})

    docs.service("web", families=(family,), pool="segment", ips=[requested])
    wait_for(lambda: docs.status("web"), 10, "the requested address", until=lambda ips: ips == [requested])
    wait_for(lambda: owners(lab, requested), 15, "one owner of it", until=lambda seen: len(seen) == 1)
    wait_for(lambda: owners(lab, vip), 15, "silence for the old address", until=lambda seen: not seen)

    docs.delete_service("web")
    wait_for(lambda: owners(lab, requested), 15, "silence", until=lambda seen: not seen)


def test_a_service_without_endpoints_is_not_announced(standalone):
    vip = standalone.service("web", endpoints=[], pool="routed")
    other = standalone.service("other", pool="routed")
    standalone.wait_next_hops(other, ALL)
    assert standalone.lab.next_hops(vip) == set()
    standalone.docs.endpoints("web", standalone.lab.nodes.values())
    standalone.wait_next_hops(vip, ALL)


def test_two_services_never_share_an_address_unasked(standalone):
    vips = [standalone.service(name, pool="routed") for name in ("a", "b", "c")]
    assert len(set(vips)) == 3
