"""The shipped roles are minimal: every verb that they grant is used, and without any one rule something is forbidden.

The API server's own audit log tells both. Its etcd is Debian's, with which watches begin with a LIST.
"""

import contextlib
import json
import os
import re
import types
import urllib.parse

import pytest
from conftest import METALLB_CRD, NAMESPACE, ROOT, config_object
from kube import Cluster
from netlab import Herald, Lab, wait_for
from relay import Relay, relayed

RELAY_PORT = 7443
USER = f"system:serviceaccount:{NAMESPACE}:herald"
RBAC = "/apis/rbac.authorization.k8s.io/v1"
ROLES = {"ClusterRole": f"{RBAC}/clusterroles/heraldlb", "Role": f"{RBAC}/namespaces/{NAMESPACE}/roles/herald"}
SERVICES = "/api/v1/namespaces/default/services"
METALLB_KINDS = ("IPAddressPool", "BGPPeer", "BGPAdvertisement", "L2Advertisement")
# Server-side apply asks for "create" within a request that is a "patch".
NOT_SEEN_BY_ITSELF = {("heraldlb.io", "nodestates", "create")}


def metallb_crd(kind):
    text = json.dumps(METALLB_CRD).replace("IPAddressPool", kind).replace("ipaddresspool", kind.lower())
    return json.loads(text.replace("v1beta1", "v1beta2") if kind == "BGPPeer" else text)


def shipped():
    """(role's kind, number of the rule) of every rule, and the rules themselves."""
    with open(os.path.join(ROOT, "deploy", "manifests", "rbac.yaml"), encoding="utf-8") as file:
        text = file.read()
    kinds = [part.split("kind: ", 1)[1].splitlines()[0] for part in text.split("\n---\n")]
    return [(kind, number) for kind, part in zip(kinds, text.split("\n---\n")) if kind in ROLES
            for number in range(part.count("- apiGroups:"))]


def requests_of(rule):
    """Each (group, resource, verb) that a rule allows."""
    return {(group, resource, verb) for group in rule["apiGroups"] for resource in rule["resources"]
            for verb in rule["verbs"]}


class Audit:
    """What herald asked of the API server, by its audit log."""

    def __init__(self, directory):
        self.path = directory / "audit.log"
        self.policy = directory / "audit-policy.yaml"
        self.policy.write_text(json.dumps({
            "apiVersion": "audit.k8s.io/v1", "kind": "Policy", "omitStages": ["RequestReceived"],
            "rules": [{"level": "Metadata", "users": [USER]}, {"level": "None"}]}))
        self.path.touch()

    def arguments(self):
        return [f"--audit-policy-file={self.policy}", f"--audit-log-path={self.path}"]

    def here(self):
        return self.path.stat().st_size

    def events(self, since=0):
        with open(self.path, encoding="utf-8") as file:
            file.seek(since)
            lines = [line for line in file if line.endswith("\n")]
        return map(json.loads, lines)

    def watched(self, resource, since):
        """What the watches of a resource asked for."""
        for event in self.events(since):
            if event.get("objectRef", {}).get("resource") == resource and event["verb"] == "watch":
                path, _, query = event["requestURI"].partition("?")
                yield path, urllib.parse.parse_qs(query)

    def seen(self, since=0):
        """(group, resource, verb, status) of each request."""
        for event in self.events(since):
            what = event.get("objectRef", {})
            name = what.get("resource", "") + (f"/{what['subresource']}" if what.get("subresource") else "")
            yield what.get("apiGroup", ""), name, event["verb"], event.get("responseStatus", {}).get("code")


@pytest.fixture(scope="module")
def watched(tmp_path_factory):
    audit = Audit(tmp_path_factory.mktemp("audit"))
    with Lab(nodes=1, control=True) as lab, Cluster(
            netns=lab.control.name, address="10.7.0.254", etcd="/usr/bin/etcd",
            apiserver_args=audit.arguments()) as cluster:
        cluster.apply(*[metallb_crd(kind) for kind in METALLB_KINDS])
        cluster.create_namespace("metallb-system")
        cluster.kubectl("apply", "-k", os.path.join(ROOT, "deploy", "manifests"))
        cluster.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s")
        node = lab.nodes["n1"]
        cluster.create_node(node.name, [node.v4, node.v6])
        cluster.apply(
            config_object("IPAddressPool", "pool", addresses=["203.0.113.0/24"], serviceAllocation={
                "namespaceSelectors": [{"matchLabels": {"kubernetes.io/metadata.name": "default"}}]}),
            config_object("BGPAdvertisement", "all"), config_object("L2Advertisement", "all"),
            config_object("Settings", "default", dataPlane={"kubeProxyHealthz": "off"}),
            config_object("BGPPeer", "r1", myASN=64514, peerASN=64513, peerAddress=lab.router.v4,
                          passwordSecret={"name": "tor"}))
        relay = Relay(cluster, RELAY_PORT)
        kubeconfig = relayed(cluster.service_account_kubeconfig(NAMESPACE, "herald"), RELAY_PORT)
        herald = Herald(lab, node, kubeconfig=kubeconfig, args=["--daemonset", "herald"])
        yield types.SimpleNamespace(lab=lab, cluster=cluster, audit=audit, relay=relay, herald=herald)
        relay.close()


def create(watched, name, pool=None):
    watched.cluster.request("POST", SERVICES, {
        "metadata": {"name": name, "annotations": {"heraldlb.io/address-pool": pool} if pool else {}},
        "spec": {"type": "LoadBalancer", "ports": [{"port": 80}]}})


def addresses(watched, name):
    return watched.cluster.request("GET", f"{SERVICES}/{name}")["status"]["loadBalancer"].get("ingress")


@contextlib.contextmanager
def running(watched):
    """herald from its start to its end, where nothing is that it makes."""
    for path in (f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases/heraldlb",
                 f"/api/v1/namespaces/{NAMESPACE}/secrets/herald-group-key",
                 "/apis/heraldlb.io/v1alpha1/nodestates/n1"):
        if watched.cluster.exists(path):
            watched.cluster.request("DELETE", path)
    watched.herald.start()
    wait_for(watched.herald.metrics, 15, "its metrics")
    try:
        yield
        assert watched.herald.stop() == 0, watched.herald.log()
    finally:
        watched.herald.stop()
        for service in watched.cluster.request("GET", SERVICES)["items"]:
            if service["spec"]["type"] == "LoadBalancer":
                watched.cluster.request("DELETE", f"{SERVICES}/{service['metadata']['name']}")


def lose_an_answer(watched):
    """A status is written and nobody says so: herald looks what became of it."""
    unknown = 'herald_api_writes_total{result="unknown"}'
    before = watched.herald.metrics()[unknown]
    with watched.relay.mute("PATCH", "/services/unanswered/status"):
        create(watched, "unanswered")
        wait_for(lambda: watched.herald.metrics()[unknown], 30, "an unknown outcome", until=lambda n: n > before)


def use_everything(watched):
    create(watched, "plain")
    wait_for(lambda: addresses(watched, "plain"), 30, "an address")
    lose_an_answer(watched)
    create(watched, "wrong", pool="nosuch")
    warnings = lambda: [e for e in watched.cluster.get("events.events.k8s.io")["items"]  # noqa: E731
                        if e["regarding"].get("name") == "wrong" and e["reason"] == "UnknownPool"]
    wait_for(warnings, 30, "a Warning")
    name_pool(watched, "pool")
    wait_for(lambda: addresses(watched, "wrong"), 30, "an address")
    name_pool(watched, "nosuch")
    wait_for(lambda: warnings()[0].get("series"), 30, "the same Event again, counted")


def name_pool(watched, pool):
    watched.cluster.kubectl("annotate", "service", "wrong", "--overwrite", f"heraldlb.io/address-pool={pool}")


def test_every_verb_is_used(watched):
    cluster, audit = watched.cluster, watched.audit
    granted = set()
    for path in ROLES.values():
        for rule in cluster.request("GET", path)["rules"]:
            granted |= requests_of(rule)
    with running(watched):
        use_everything(watched)
        # what comes by itself, a while later: the Lease's renewal, NodeState
        expected = granted - NOT_SEEN_BY_ITSELF - {("apps", "daemonsets", "get")}
        wait_for(lambda: expected - {each[:3] for each in audit.seen()}, 40, "uses of what is granted",
                 until=lambda unused: not unused, every=0.5)
    seen = {each[:3] for each in audit.seen()}
    assert not granted - NOT_SEEN_BY_ITSELF - seen
    assert not [each for each in audit.seen() if each[3] == 403]


def test_a_daemon_is_sent_only_what_it_uses(watched):
    """Load balancers, their slices, the one Secret that is named: by selectors, which the API server's log shows."""
    audit, start = watched.audit, watched.audit.here()
    with running(watched):
        create(watched, "plain")
        watched.cluster.request("POST", SERVICES, {"metadata": {"name": "inner"}, "spec": {"ports": [{"port": 80}]}})
        slices = wait_for(lambda: [query for _, query in audit.watched("endpointslices", start)], 30, "a watch of slices",
                          until=lambda seen: "plain" in str(seen))
        wait_for(lambda: watched.herald.metrics()["herald_watches_open"], 30, "a watch of each kind",
                 until=lambda n: 12 < n < 20)
        received = watched.herald.metrics()["herald_watch_received_bytes_total"]
        watched.cluster.kubectl("label", "service", "plain", "a=b")
        wait_for(lambda: watched.herald.metrics()["herald_watch_received_bytes_total"], 10, "bytes that are counted",
                 until=lambda n: n > received)
        watched.cluster.request("DELETE", f"{SERVICES}/inner")
    assert slices[-1]["labelSelector"][0].startswith("kubernetes.io/service-name in (") and "inner" not in str(slices)
    for path, query in audit.watched("services", start):
        assert query["fieldSelector"] == ["spec.type=LoadBalancer"], path
    for path, query in audit.watched("secrets", start):
        assert f"namespaces/{NAMESPACE}/" in path and query["fieldSelector"][0].startswith("metadata.name="), path
    for path, query in audit.watched("configmaps", start):
        assert query["fieldSelector"] == ["metadata.name=herald-config"], path


def allowed(cluster, rule):
    """Of what a rule is for, what the API server would let herald do now."""
    for group, resource, verb in sorted(requests_of(rule)):
        name, _, sub = resource.partition("/")
        review = cluster.request("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", {
            "spec": {"user": USER, "resourceAttributes": {
                "group": group, "resource": name, "subresource": sub, "verb": verb, "namespace": NAMESPACE,
                "name": rule.get("resourceNames", [""])[0]}}})
        if review["status"]["allowed"]:
            yield group, resource, verb


@pytest.mark.parametrize("kind, number", shipped(), ids=lambda value: str(value))
def test_without_a_rule_something_is_forbidden(watched, kind, number):
    cluster, audit = watched.cluster, watched.audit
    role = cluster.request("GET", ROLES[kind])
    rules = role["rules"]
    rule, removed = rules[number], requests_of(rules[number])
    role["metadata"].pop("resourceVersion")

    def forbidden():
        return removed & {each[:3] for each in audit.seen(start) if each[3] == 403}

    try:
        cluster.request("PUT", ROLES[kind], {**role, "rules": rules[:number] + rules[number + 1:]})
        wait_for(lambda: list(allowed(cluster, rule)), 30, "a role without the rule", until=lambda left: not left)
        start = audit.here()
        with running(watched):
            create(watched, "plain")
            if removed == {("", "services", "get")}:
                lose_an_answer(watched)
            if removed != {("apps", "daemonsets", "get")}:  # which is asked at the end
                wait_for(forbidden, 30, f"something forbidden of {sorted(removed)}")
        assert forbidden()
    finally:
        cluster.request("PUT", ROLES[kind], role)
        wait_for(lambda: set(allowed(cluster, rule)), 30, "the role as it was", until=lambda all_: all_ == removed)


def dispatched(cluster):
    """How many requests of each (FlowSchema, priority level) were let through."""
    counts = {}
    for line in cluster.request("GET", "/metrics").splitlines():
        if line.startswith("apiserver_flowcontrol_dispatched_requests_total{"):
            labels = dict(re.findall(r'(\w+)="([^"]*)"', line))
            key = labels["flow_schema"], labels["priority_level"]
            counts[key] = counts.get(key, 0) + float(line.rsplit(" ", 1)[1])
    return counts


def test_the_lease_does_not_wait_behind_other_requests(watched):
    """The shipped FlowSchemas are those by which the API server sorts what herald asks."""
    lease, others = ("heraldlb-lease", "leader-election"), ("heraldlb", "workload-high")
    before = dispatched(watched.cluster)
    with running(watched):
        create(watched, "plain")
        wait_for(lambda: dispatched(watched.cluster), 30, "requests sorted by both FlowSchemas",
                 until=lambda now: all(now.get(key, 0) > before.get(key, 0) for key in (lease, others)))
