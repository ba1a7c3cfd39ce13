"""What is written to the API server: only our fields, only what changed, and by one writer."""

import json

from calm import ALL, ROUTED, next_hops, wait_leader
from conftest import NAMESPACE, config_object, service
from kube.objects import now
from netlab import wait_for

SERVICES = "/api/v1/namespaces/default/services"
POOLS = f"/apis/heraldlb.io/v1alpha1/namespaces/{NAMESPACE}/ipaddresspools"
MERGE = "application/merge-patch+json"


def get(world, name):
    return world.cluster.request("GET", f"{SERVICES}/{name}")


def create(world, name, **kwargs):
    world.cluster.request("POST", SERVICES, service(name, **kwargs))


def conditions(found):
    return {c["type"]: c for c in found["status"].get("conditions", [])}


def says(world, name, kind, status, reason, seconds=30):
    """Waits until a condition of ours is like that; returns it."""
    return wait_for(lambda: conditions(get(world, name)).get(f"heraldlb.io/{kind}", {}), seconds,
                    f"{kind}={status} {reason} of {name}",
                    until=lambda c: (c.get("status"), c.get("reason")) == (status, reason))


def accepted(world, plural, name, status, reason):
    path = f"/apis/heraldlb.io/v1alpha1/namespaces/{NAMESPACE}/{plural}/{name}"

    def ask():
        found = world.cluster.request("GET", path)
        return next((c for c in found.get("status", {}).get("conditions", []) if c["type"] == "Accepted"
                     and c["observedGeneration"] == found["metadata"]["generation"]), {})
    return wait_for(ask, 30, f"Accepted={status} {reason} of {plural} {name}",
                    until=lambda c: (c.get("status"), c.get("reason")) == (status, reason))


def test_the_conditions_follow_what_happens_to_a_service(world, clean):
    clean.append("told")
    create(world, "told", annotations={"heraldlb.io/address-pool": "nosuch"})
    missing = says(world, "told", "Allocated", "False", "UnknownPool")
    assert "nosuch" in missing["message"]
    says(world, "told", "Announced", "False", "NoAddress")
    world.cluster.request("PATCH", f"{SERVICES}/told", {"metadata": {"annotations": ROUTED}}, content_type=MERGE)
    got = says(world, "told", "Allocated", "True", "Allocated")
    assert got["lastTransitionTime"] >= missing["lastTransitionTime"]
    says(world, "told", "Announced", "True", "Announced")
    world.cluster.request("PATCH", f"{SERVICES}/told", {"spec": {"selector": {"app": "nobody"}}}, content_type=MERGE)
    says(world, "told", "Announced", "False", "NoEndpoints")
    says(world, "told", "Allocated", "True", "Allocated")


def test_only_our_part_of_a_status_is_written(world, clean):
    """Addresses are canonical; a condition of somebody else, and what else stands there, survives every write of ours."""
    clean.append("shared-status")
    foreign = {"type": "example.com/Watched", "status": "True", "reason": "Yes", "message": "",
               "lastTransitionTime": "2026-01-01T00:00:00Z"}
    create(world, "shared-status", families=("IPv6",), annotations={"heraldlb.io/address-pool": "nosuch"})
    says(world, "shared-status", "Allocated", "False", "UnknownPool")
    world.cluster.request("PATCH", f"{SERVICES}/shared-status/status", {"status": {"conditions": [foreign]}},
                          content_type="application/strategic-merge-patch+json")
    world.cluster.request("PATCH", f"{SERVICES}/shared-status", {"metadata": {"annotations": {
        **ROUTED, "heraldlb.io/loadBalancerIPs": "2001:0db8:0113:0::00AB"}}}, content_type=MERGE)
    says(world, "shared-status", "Announced", "True", "Announced")
    found = get(world, "shared-status")
    assert found["status"]["loadBalancer"] == {"ingress": [{"ip": "2001:db8:113::ab", "ipMode": "VIP"}]}
    assert conditions(found)["example.com/Watched"] == foreign
    assert found["metadata"]["annotations"]["heraldlb.io/ip-allocated-from-pool"] == "routed"


def test_nothing_is_written_when_nothing_changed(world, clean):
    """A restart of the leader, which lists all anew and begins with empty hands, writes no object again."""
    clean += ["quiet", "quiet-wrong"]
    create(world, "quiet", annotations=ROUTED)
    create(world, "quiet-wrong", annotations={"heraldlb.io/address-pool": "nosuch"})
    says(world, "quiet", "Announced", "True", "Announced")
    says(world, "quiet-wrong", "Announced", "False", "NoAddress")
    accepted(world, "ipaddresspools", "routed", "True", "Accepted")

    def versions():
        objects = [get(world, "quiet"), get(world, "quiet-wrong")]
        for plural in ("ipaddresspools", "bgppeers", "bgpadvertisements", "l2advertisements"):
            objects += world.cluster.get(f"{plural}.heraldlb.io", "-n", NAMESPACE)["items"]
        return {(o.get("kind"), o["metadata"]["name"]): o["metadata"]["resourceVersion"] for o in objects}

    # of other tests' Services the pools' counters may still be due
    before = wait_for(lambda: (versions(), counters(world, "routed")), 30, "counters that are right",
                      until=lambda seen: seen[1] == held(world, "203.0.113.", "2001:db8:113:"))[0]
    first = wait_leader(world)
    world.heralds[first].restart()
    leader = wait_leader(world)
    create(world, "after-it", annotations=ROUTED)  # the new leader has looked at all the others before
    clean.append("after-it")
    says(world, "after-it", "Announced", "True", "Announced")
    assert wait_for(lambda: world.heralds[leader].metrics()["herald_api_writes_pending"] == 0, 10, "no write that waits")
    after = versions()
    after.pop(("IPAddressPool", "routed")), before.pop(("IPAddressPool", "routed"))  # it counts the new one
    assert after == before


def counters(world, name):
    """(IPv4, IPv6) addresses in use, as the pool's status says."""
    status = world.cluster.request("GET", f"{POOLS}/{name}").get("status", {})
    return status.get("assignedIPv4"), status.get("assignedIPv6")


def held(world, *prefixes):
    ingress = [entry["ip"] for item in world.cluster.get("services", "-A")["items"]
               for entry in item["status"].get("loadBalancer", {}).get("ingress", [])]
    return tuple(len({ip for ip in ingress if ip.startswith(prefix)}) for prefix in prefixes)


def test_the_pool_tells_how_full_it_is(world, clean):
    clean.append("counted")
    pool = config_object("IPAddressPool", "small", addresses=["10.9.0.180/31", "fd00:9::180/127"], autoAssign=False)
    world.cluster.apply(pool)
    try:
        wait_for(lambda: counters(world, "small"), 30, "an empty pool", until=lambda n: n == (0, 0))
        world.create("counted", wait=2, families=("IPv4", "IPv6"), annotations={"heraldlb.io/address-pool": "small"})
        wait_for(lambda: counters(world, "small"), 30, "one of each", until=lambda n: n == (1, 1))
        status = world.cluster.request("GET", f"{POOLS}/small")["status"]
        assert (status["availableIPv4"], status["availableIPv6"]) == (1, 1)
        world.delete("counted")
        wait_for(lambda: counters(world, "small"), 30, "an empty pool", until=lambda n: n == (0, 0))
    finally:
        world.delete("counted")
        world.cluster.request("DELETE", f"{POOLS}/small")


def test_configuration_tells_whether_it_is_accepted(world):
    wrong = config_object("IPAddressPool", "wrong", addresses=["10.9.0.99-10.9.0.90"])
    right = config_object("IPAddressPool", "wrong", addresses=["10.9.0.190-10.9.0.191"], autoAssign=False)
    world.cluster.apply(wrong)
    try:
        refused = accepted(world, "ipaddresspools", "wrong", "False", "InvalidValue")
        assert "spec.addresses[0]" in refused["message"]
        world.cluster.apply(right)
        accepted(world, "ipaddresspools", "wrong", "True", "Accepted")
        for plural, name in (("bgppeers", "r1"), ("bgpadvertisements", "routed"), ("l2advertisements", "segment")):
            accepted(world, plural, name, "True", "Accepted")
    finally:
        world.cluster.request("DELETE", f"{POOLS}/wrong")


def test_a_fact_that_comes_again_is_one_event_that_counts(world, clean):
    clean.append("again")
    create(world, "again", annotations={"heraldlb.io/address-pool": "nosuch"})
    says(world, "again", "Allocated", "False", "UnknownPool")

    def events():
        return [e for e in world.cluster.get("events.events.k8s.io", "-n", "default")["items"]
                if e["regarding"].get("name") == "again" and e["reason"] == "UnknownPool"]

    for _ in range(2):
        for pool, reason in (("routed", "Allocated"), ("nosuch", "UnknownPool")):
            world.cluster.request("PATCH", f"{SERVICES}/again", {"metadata": {"annotations": {
                "heraldlb.io/address-pool": pool}}}, content_type=MERGE)
            says(world, "again", "Allocated", str(pool == "routed"), reason)
    event, = wait_for(events, 20, "one Event with a count", until=lambda found: found and found[0].get("series"))
    assert event["series"]["count"] >= 2
    assert event["reportingController"].startswith("heraldlb.io") and event["action"]
    leader = wait_leader(world)
    assert event["reportingInstance"].startswith(leader), "there is one who tells of Services: the leader"


def test_of_two_that_hold_one_address_every_node_keeps_the_same(world, clean):
    """What must never be, as another program or a restored backup leaves it: the judge of all nodes is one."""
    clean += ["elder", "younger"]
    elder, = world.create("elder", annotations=ROUTED)
    next_hops(world, elder, ALL)
    created = get(world, "elder")["metadata"]["creationTimestamp"]
    wait_for(now, 5, "another second of the clock", until=lambda time: time > created)
    younger, = world.create("younger", annotations=ROUTED)
    next_hops(world, younger, ALL)
    for herald in world.heralds.values():
        herald.pause()
    try:
        world.cluster.set_load_balancer_ips("default", "younger", elder)
    finally:
        for herald in world.heralds.values():
            herald.resume()
    other, = wait_for(lambda: world.addresses("younger"), 40, "another address of the younger one",
                      until=lambda found: len(found) == 1 and found != [elder])
    assert world.addresses("elder") == [elder]
    next_hops(world, elder, ALL)
    next_hops(world, other, ALL)
    uid = get(world, "elder")["metadata"]["uid"]
    for herald in world.heralds.values():
        def holders(h=herald):
            with open(f"{h.state}/addresses/{elder}", encoding="utf-8") as file:
                return json.load(file)["uids"]
        wait_for(holders, 20, f"the elder alone on {herald}", until=lambda uids, u=uid: uids == [u])


def test_the_groups_key_is_made_by_the_leader_once(world):
    path = f"/api/v1/namespaces/{NAMESPACE}/secrets/herald-group-key"
    made = wait_for(lambda: world.cluster.exists(path), 20, "the Secret")
    assert len(made["data"]["key"]) == 44  # 32 octets in base64
    world.heralds[wait_leader(world)].restart()
    leader = wait_leader(world)
    wait_for(lambda: world.heralds[leader].metrics()["herald_leader"], 20, "a leader")
    assert world.cluster.exists(path)["data"] == made["data"]
    assert not any(made["data"]["key"] in herald.log() for herald in world.heralds.values())


def test_keys_of_the_configmap_come_change_and_go(world, clean):
    clean += ["first-key", "second-key"]

    def pool(name, address):
        return json.dumps({"apiVersion": "heraldlb.io/v1alpha1", "kind": "IPAddressPool", "metadata": {"name": name},
                           "spec": {"addresses": [f"{address}/32"], "autoAssign": False}})

    def configmap(**data):
        world.cluster.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {
            "name": "herald-config", "namespace": NAMESPACE}, "data": {f"{key}.yaml": text for key, text in data.items()}})

    configmap(one=pool("key-one", "10.9.0.161"), two=pool("key-two", "10.9.0.162"))
    try:
        assert world.create("first-key", annotations={"heraldlb.io/address-pool": "key-one"}) == ["10.9.0.161"]
        configmap(one=pool("key-one", "10.9.0.161"), two=pool("key-two", "10.9.0.163"))
        assert world.create("second-key", annotations={"heraldlb.io/address-pool": "key-two"}) == ["10.9.0.163"]
        configmap(two=pool("key-two", "10.9.0.163"))
        create(world, "third-key", annotations={"heraldlb.io/address-pool": "key-one"})
        clean.append("third-key")
        says(world, "third-key", "Allocated", "False", "UnknownPool")
        assert world.addresses("second-key") == ["10.9.0.163"]
    finally:
        world.cluster.kubectl("delete", "configmap", "herald-config", "-n", NAMESPACE)
