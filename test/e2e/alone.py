"""A small cluster: one node, no kube-proxy, FRR as the peer, and one herald that reaches the API server through a relay."""

import contextlib
import os
import types

from conftest import NAMESPACE, ROOT, config_object
from kube import Cluster
from netlab import Herald, Lab, wait_for
from relay import Relay, relayed

RELAY_PORT = 7443
SERVICES = "/api/v1/namespaces/default/services"
SLICES = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices"
POOL = config_object("IPAddressPool", "pool", addresses=["203.0.113.0/24"])


def configure(cluster):
    cluster.apply(POOL, config_object("BGPAdvertisement", "pool"),
                  config_object("Settings", "default", dataPlane={"kubeProxyHealthz": "off"}),
                  config_object("BGPPeer", "r1", myASN=64514, peerASN=64513, peerAddress="10.9.0.254"))


def install(cluster):
    cluster.kubectl("apply", "-k", os.path.join(ROOT, "deploy", "manifests"))
    cluster.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s")
    configure(cluster)


@contextlib.contextmanager
def small_world(prepare=install, args=()):
    """herald is not started. prepare(cluster): what is installed before its ServiceAccount is asked for."""
    with Lab(nodes=1, control=True) as lab, Cluster(netns=lab.control.name, address="10.7.0.254") as cluster:
        prepare(cluster)
        node = lab.nodes["n1"]
        cluster.create_node(node.name, [node.v4, node.v6])
        relay = Relay(cluster, RELAY_PORT)
        kubeconfig = relayed(cluster.service_account_kubeconfig(NAMESPACE, "herald"), RELAY_PORT)
        herald = Herald(lab, node, kubeconfig=kubeconfig, args=args)
        yield types.SimpleNamespace(lab=lab, cluster=cluster, relay=relay, herald=herald, node=node)
        assert herald.stop() == 0, herald.log()
        relay.close()


def create(alone, name, wait=True, annotations=None):
    """A Service with a ready endpoint on the node; its addresses."""
    alone.cluster.request("POST", SLICES, {
        "metadata": {"name": name, "labels": {"kubernetes.io/service-name": name}}, "addressType": "IPv4",
        "ports": [{"port": 80}],
        "endpoints": [{"addresses": [alone.node.v4], "nodeName": alone.node.name, "conditions": {"ready": True}}]})
    alone.cluster.request("POST", SERVICES, {"metadata": {"name": name, "annotations": annotations or {}}, "spec": {
        "type": "LoadBalancer", "ports": [{"port": 80}]}})
    if not wait:
        return None
    address, = wait_for(lambda: addresses(alone, name), 30, f"an address for {name}")
    routed(alone, address)
    return address


def delete(alone, *names):
    """And waits until their routes are gone: the next Service may get the same address."""
    for name in names:
        held = addresses(alone, name) if alone.cluster.exists(f"{SERVICES}/{name}") else []
        alone.cluster.kubectl("delete", "service,endpointslice", name, "--ignore-not-found")
        for address in held:
            wait_for(lambda a=address: alone.lab.next_hops(a), 30, f"no route to {address}",
                     until=lambda hops: not hops)


def addresses(alone, name):
    status = alone.cluster.request("GET", f"{SERVICES}/{name}")["status"]["loadBalancer"]
    return [entry["ip"] for entry in status.get("ingress", [])]


def routed(alone, address):
    wait_for(lambda: alone.lab.next_hops(address), 30, f"a route to {address}", until=lambda hops: hops == {"n1"})


def synced(alone, kind, group="heraldlb.io"):
    return alone.herald.metrics()[f'herald_watch_synced{{kind="{kind}",group="{group}"}}'] == 1
