"""One real cluster for all tests: etcd, kube-apiserver, kube-controller-manager, a kube-proxy per node, FRR, three heralds.

Everything that a user would apply is applied as it is shipped: deploy/manifests with the CRDs, the RBAC and the
DaemonSet. No kubelet runs the DaemonSet, so the heralds are started by hand, as the pod would be: with the
ServiceAccount's token and no capability but NET_RAW.
"""

import contextlib
import json
import os
import sys
import types

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "test"))

from kube import Cluster  # noqa: E402
from netlab import Herald, Lab, isolate, wait_for  # noqa: E402

NAMESPACE = "heraldlb-system"
API = "heraldlb.io/v1alpha1"

SPEAKER = {"app.kubernetes.io/name": "metallb", "app.kubernetes.io/component": "speaker"}  # labels of its pods
METALLB_CRD = {  # as much of MetalLB's own CRD as makes the kind exist
    "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
    "metadata": {"name": "ipaddresspools.metallb.io"},
    "spec": {"group": "metallb.io", "scope": "Namespaced",
             "names": {"kind": "IPAddressPool", "listKind": "IPAddressPoolList", "plural": "ipaddresspools",
                       "singular": "ipaddresspool"},
             "versions": [{"name": "v1beta1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {
                 "type": "object", "x-kubernetes-preserve-unknown-fields": True}}}]}}


LOG_LINES = 40  # of each herald, where a test fails


def pytest_configure(config):
    isolate()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):  # pylint: disable=unused-argument
    """A failed test shows what the heralds said last."""
    report = (yield).get_result()
    if not report.failed:
        return
    for made in getattr(item, "funcargs", {}).values():
        heralds = [*getattr(made, "heralds", {}).values(), *filter(None, [getattr(made, "herald", None)])]
        report.sections += [(f"log of {herald}", "\n".join(herald.log().splitlines()[-LOG_LINES:])) for herald in heralds]


def config_object(kind, name, group=API, namespace=NAMESPACE, **spec):
    return {"apiVersion": group, "kind": kind, "metadata": {"name": name, "namespace": namespace}, "spec": spec}


def service(name, *, policy="Cluster", families=("IPv4",), annotations=None, namespace="default"):
    return {"apiVersion": "v1", "kind": "Service",
            "metadata": {"name": name, "namespace": namespace, "annotations": annotations or {}},
            "spec": {"type": "LoadBalancer", "externalTrafficPolicy": policy, "selector": {"app": "web"},
                     "ipFamilies": list(families),
                     "ipFamilyPolicy": "RequireDualStack" if len(families) > 1 else "SingleStack",
                     "ports": [{"name": "http", "protocol": "TCP", "port": 80, "targetPort": 8080}]}}


class World(types.SimpleNamespace):
    """lab, cluster, heralds; and what the tests ask again and again."""

    def addresses(self, name, namespace="default"):
        ingress = self.cluster.get("service", name, "-n", namespace)["status"]["loadBalancer"].get("ingress", [])
        return [entry["ip"] for entry in ingress]

    def create(self, name, wait=1, **kwargs):
        """A Service by `kubectl create`; returns its addresses when it has so many."""
        self.cluster.kubectl("create", "-f", "-", input=json.dumps(service(name, **kwargs)))
        return wait_for(lambda: self.addresses(name), 30, f"an address for {name}", until=lambda v: len(v) == wait)

    def delete(self, *names):
        for name in names:
            self.cluster.kubectl("delete", "service", name, "--ignore-not-found")

    def events(self, kind, name, namespace="default"):
        """(type, reason, note) of the Events about an object."""
        items = self.cluster.get("events.events.k8s.io", "-n", namespace)["items"]
        return [(event["type"], event["reason"], event.get("note", "")) for event in items
                if event.get("regarding", {}).get("kind") == kind and event["regarding"].get("name") == name]


def register_nodes(lab, cluster):
    for node in lab.nodes.values():
        cluster.create_node(node.name, [node.v4, node.v6])
        cluster.start_kube_proxy(node.name, node.ns.name)
        cluster.create_ready_pod("default", f"web-{node.name}", node.name, [node.v4, node.v6], {"app": "web"})


def configure(lab, cluster):
    cluster.apply(
        config_object("IPAddressPool", "segment", addresses=["10.9.0.200-10.9.0.250", "fd00:9::200-fd00:9::2ff"]),
        config_object("IPAddressPool", "routed", addresses=["203.0.113.0/24", "2001:db8:113::/112"], autoAssign=False,
                      avoidBuggyIPs=True),
        config_object("L2Advertisement", "segment", ipAddressPools=["segment"]),
        config_object("BGPAdvertisement", "routed", ipAddressPools=["routed"]),
        config_object("BGPPeer", "r1", myASN=64514, peerASN=64513, peerAddress=lab.router.v4),
        config_object("BGPPeer", "r1-v6", myASN=64514, peerASN=64513, peerAddress=lab.router.v6))


def by_token(cluster):
    """How the heralds reach the API server: a kubeconfig, and more arguments."""
    return cluster.service_account_kubeconfig(NAMESPACE, "herald"), []


@contextlib.contextmanager
def running_world(nodes=3, reach=by_token, **servers):
    """servers: what Cluster takes to run others than the newest."""
    with Lab(nodes=nodes, control=True) as lab, Cluster(netns=lab.control.name, address="10.7.0.254", **servers) as cluster:
        cluster.apply(METALLB_CRD)
        cluster.create_namespace("metallb-system")
        cluster.kubectl("apply", "-k", os.path.join(ROOT, "deploy", "manifests"))
        cluster.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s")
        register_nodes(lab, cluster)
        configure(lab, cluster)
        kubeconfig, args = reach(cluster)
        heralds = {name: Herald(lab, node, kubeconfig=kubeconfig, args=["--daemonset", "herald", *args]).start()
                   for name, node in lab.nodes.items()}
        for herald in heralds.values():
            herald.wait_ready(30)
        yield World(lab=lab, cluster=cluster, heralds=heralds)
        for herald in heralds.values():
            assert herald.stop() == 0, herald.log()


@pytest.fixture(scope="session")
def world():
    with running_world() as world:
        yield world


@pytest.fixture
def clean(world):
    """Names of Services that are deleted after the test."""
    names = []
    yield names
    world.delete(*names)
