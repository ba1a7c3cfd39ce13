"""What must be known before anything new happens, and what a kind that cannot be had holds up."""

import contextlib
import json
import os

import pytest
from alone import POOL, SERVICES, addresses, configure, create, delete, routed, small_world, synced
from calm import Watcher
from conftest import METALLB_CRD, NAMESPACE, ROOT, SPEAKER, config_object
from kube.api import ApiError
from netlab import wait_for
from netlab.wait import holds

CLUSTER_ROLE = "/apis/rbac.authorization.k8s.io/v1/clusterroles/heraldlb"
ROLE = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{NAMESPACE}/roles/herald"
CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
BEFORE = "lb-before"  # where MetalLB's objects are
MERGE = "application/merge-patch+json"


def without_crds(cluster):
    rendered = cluster.kubectl("kustomize", os.path.join(ROOT, "deploy", "manifests"))
    kept = [part for part in rendered.split("\n---\n") if "\nkind: CustomResourceDefinition" not in part]
    cluster.kubectl("apply", "-f", "-", input="\n---\n".join(kept))


@pytest.fixture(scope="module")
def alone():
    with small_world(without_crds, args=("--metallb-namespace", BEFORE)) as world:
        yield world


def said(alone, name):
    found = alone.cluster.request("GET", f"{SERVICES}/{name}")["status"].get("conditions", [])
    return {c["type"]: c["reason"] for c in found}.get("heraldlb.io/Allocated")


def test_kinds_that_do_not_exist_are_empty_and_are_seen_when_they_come(alone):
    """Nothing is installed but the namespace and the roles; the first list is a stream, where the server has that."""
    alone.herald.start().wait_ready(30)
    create(alone, "waits", wait=False)
    wait_for(lambda: said(alone, "waits"), 20, "what it waits for", until=lambda reason: reason == "NoPools")
    alone.cluster.kubectl("apply", "-k", os.path.join(ROOT, "deploy", "crds"))
    alone.cluster.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s")
    configure(alone.cluster)
    address, = wait_for(lambda: addresses(alone, "waits"), 30, "an address")
    routed(alone, address)
    assert alone.herald.metrics()['herald_watch_lists_total{form="stream"}'] > 0


def test_metallbs_objects_are_read_in_the_namespace_that_is_named(alone):
    """And in no other. Its kinds come while herald runs; so does a speaker there, which is a foreign controller."""
    cluster = alone.cluster
    cluster.apply(METALLB_CRD)
    cluster.kubectl("wait", "--for=condition=Established", "crd", METALLB_CRD["metadata"]["name"], "--timeout=30s")
    cluster.apply(config_object("IPAddressPool", "pool", addresses=["203.0.113.0/25"]))
    for namespace, pool, range_ in ((BEFORE, "before", "203.0.113.128/28"), ("metallb-system", "elsewhere", "203.0.113.160/28")):
        cluster.create_namespace(namespace)
        cluster.apply(config_object("IPAddressPool", pool, "metallb.io/v1beta1", namespace, addresses=[range_]))
    for name in ("before", "elsewhere"):
        create(alone, f"of-{name}", wait=False, annotations={"metallb.io/address-pool": name})
    address, = wait_for(lambda: addresses(alone, "of-before"), 30, "an address")
    assert address == "203.0.113.128"
    routed(alone, address)
    wait_for(lambda: said(alone, "of-elsewhere"), 20, "a reason", until=lambda reason: reason == "UnknownPool")
    cluster.create_ready_pod(BEFORE, "speaker-n1", "n1", alone.node.v4, SPEAKER)
    try:
        wait_for(lambda: alone.lab.next_hops(address), 20, "no route", until=lambda hops: not hops)
        assert alone.herald.metrics()["herald_foreign_controller"] == 1
    finally:
        cluster.delete_pod(BEFORE, "speaker-n1")
    routed(alone, address)
    delete(alone, "of-before", "of-elsewhere")
    cluster.kubectl("delete", "crd", METALLB_CRD["metadata"]["name"])
    cluster.apply(POOL)


def stop(alone, announced):
    assert alone.herald.stop() == 0
    wait_for(lambda: alone.lab.next_hops(announced), 20, "no route", until=lambda hops: not hops)


@contextlib.contextmanager
def without_right(alone, path, resource):
    """Nobody may list or watch that meanwhile."""
    role = alone.cluster.request("GET", path)
    role["metadata"].pop("resourceVersion")
    less = json.loads(json.dumps(role))
    for rule in less["rules"]:
        if "watch" in rule["verbs"]:
            rule["resources"] = [each for each in rule["resources"] if each != resource]
    less["rules"] = [rule for rule in less["rules"] if rule["resources"]]
    try:
        alone.cluster.request("PUT", path, less)
        yield
    finally:
        alone.cluster.request("PUT", path, role)


@pytest.mark.parametrize("path, resource", [(CLUSTER_ROLE, "endpointslices"), (CLUSTER_ROLE, "nodes"), (ROLE, "bgppeers")])
def test_what_is_forbidden_at_the_start_holds_up_what_is_new(alone, path, resource):
    """What this boot announced goes on. It is said once what is missing, and all goes on when it is given."""
    kept, = addresses(alone, "waits")
    new = f"needs-{resource}"
    stop(alone, kept)
    start = len(alone.herald.log_lines("forbidden"))
    with without_right(alone, path, resource):
        alone.herald.start()
        routed(alone, kept)
        with Watcher(lambda: alone.lab.next_hops(kept)) as routes:
            wait_for(lambda: alone.herald.log_lines(resource, "forbidden"), 30, "a sentence that says what is missing")
            create(alone, new, wait=False)
            holds(lambda: (alone.herald.get("/readyz")[0], addresses(alone, new)), 2, "nothing new",
                  until=lambda seen: seen == (503, []))
    assert len(alone.herald.log_lines("forbidden")) - start < 10
    alone.herald.wait_ready(60)
    address, = wait_for(lambda: addresses(alone, new), 60, "an address")
    routed(alone, address)
    assert routes.seen == [{"n1"}] and addresses(alone, "waits") == [kept]
    delete(alone, new)


@contextlib.contextmanager
def dead_conversion(alone, kind, **spec):
    """A kind that cannot be listed: an object is stored in a version that only a webhook could convert, and it is dead."""
    plural = f"{kind.lower()}s"
    url = f"{CRDS}/{plural}.heraldlb.io"
    crd = alone.cluster.request("GET", url)
    second = {**json.loads(json.dumps(crd["spec"]["versions"][0])), "name": "v1alpha2"}
    first = {**crd["spec"]["versions"][0], "storage": False}
    webhook = {"strategy": "Webhook", "webhook": {"conversionReviewVersions": ["v1"],
                                                  "clientConfig": {"url": "https://127.0.0.1:1/convert"}}}
    path = f"/apis/heraldlb.io/v1alpha2/namespaces/{NAMESPACE}/{plural}"
    alone.cluster.request("PATCH", url, {"spec": {"versions": [first, second], "conversion": webhook}}, content_type=MERGE)
    body = {"apiVersion": "heraldlb.io/v1alpha2", "kind": kind, "metadata": {"name": "other-version"}}

    def stored():
        with contextlib.suppress(ApiError):  # the version is not served yet
            return alone.cluster.request("POST", path, {**body, "spec": spec})
    wait_for(stored, 30, "an object of the other version")
    try:
        yield
    finally:
        alone.cluster.request("DELETE", f"{path}/other-version")
        alone.cluster.request("PATCH", f"{url}/status", {"status": {"storedVersions": ["v1alpha1"]}}, content_type=MERGE)
        alone.cluster.request("PATCH", url, {"spec": {
            "versions": crd["spec"]["versions"], "conversion": {"strategy": "None", "webhook": None}}}, content_type=MERGE)


def owned(alone):
    return sum(value for key, value in alone.herald.metrics().items() if key.startswith("herald_layer2_owned"))


def test_a_kind_that_cannot_be_listed_holds_up_allocation_only(alone):
    """Before and after a restart: what is announced stays, an endpoint that comes and goes is followed, no Service gets an
    address or loses one."""
    kept, = addresses(alone, "waits")
    alone.cluster.apply(config_object("L2Advertisement", "pool", interfaces=["eth0"]))
    wait_for(lambda: owned(alone), 20, "an owned address", until=lambda n: n == 1)
    with dead_conversion(alone, "L2Advertisement"):
        stop(alone, kept)
        alone.herald.start()
        routed(alone, kept)
        wait_for(lambda: alone.herald.log_lines("L2Advertisement", "conversion webhook"), 30, "a sentence about it")
        with Watcher(lambda: alone.lab.next_hops(kept)) as routes:
            alone.herald.wait_ready(30)
            create(alone, "held-up", wait=False)
            holds(lambda: addresses(alone, "held-up"), 3, "no address", until=lambda found: not found)
        assert routes.seen == [{"n1"}] and addresses(alone, "waits") == [kept]
        assert owned(alone) == 1, "by an advertisement that is not known now"
        slice_ = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/waits"
        endpoints = alone.cluster.request("GET", slice_)["endpoints"]
        alone.cluster.request("PATCH", slice_, {"endpoints": []}, content_type=MERGE)
        wait_for(lambda: alone.lab.next_hops(kept), 20, "no route without an endpoint", until=lambda hops: not hops)
        alone.cluster.request("PATCH", slice_, {"endpoints": endpoints}, content_type=MERGE)
        routed(alone, kept)
    address, = wait_for(lambda: addresses(alone, "held-up"), 60, "an address")
    routed(alone, address)
    assert addresses(alone, "waits") == [kept]


def test_peers_that_cannot_be_listed_keep_their_sessions(alone):
    """A daemon restarts meanwhile, twice: which peers there are is known from before, and stays known."""
    kept, = addresses(alone, "waits")
    with dead_conversion(alone, "BGPPeer", myASN=64514, peerASN=64513, peerAddress="10.9.0.253"):
        for _ in range(2):
            said_before = len(alone.herald.log_lines("BGPPeer", "conversion webhook"))
            stop(alone, kept)
            alone.herald.start()
            routed(alone, kept)
            with Watcher(lambda: alone.lab.next_hops(kept)) as routes:
                wait_for(lambda: len(alone.herald.log_lines("BGPPeer", "conversion webhook")), 30, "a sentence about it",
                         until=lambda n, before=said_before: n > before)
                alone.herald.wait_ready(30)
                holds(lambda: alone.lab.next_hops(kept), 2, "the route", until=lambda hops: hops == {"n1"})
            assert routes.seen == [{"n1"}]
    wait_for(lambda: synced(alone, "BGPPeer"), 60, "peers that are known")
    routed(alone, kept)
