"""A real Kubernetes control plane in the laboratory: where netlab and test/kube meet.

    with Lab(control=True) as lab, Kubernetes(lab) as kube:
        heralds = [Herald(lab, node, kubeconfig=kube.herald_kubeconfig()) for node in lab.nodes.values()]
        kube.config("IPAddressPool", "routed", addresses=["203.0.113.0/24"])
        kube.pods("web")                        # one on each node, answered by the node's backend
        kube.service("web", pool="routed")
        kube.status("web")

The shipped CRDs, namespace and RBAC are applied; herald runs as the ServiceAccount that they make. `cluster` is
test/kube's Cluster, with kubectl() and what else tests need.
"""

import os

from .documents import CONFIG, NAMESPACE
from .topology import BACKEND_PORT, ROOT
from .wait import wait_for

SERVICE_ACCOUNT = "herald"
LEAVING_TAINT = "ToBeDeletedByClusterAutoscaler=1:NoSchedule"


class Kubernetes:
    """start() and close(), or `with`. log is called with lines about the progress of a first build."""

    def __init__(self, lab, log=None):
        from kube import Cluster  # only who needs Kubernetes needs test/kube
        self.lab = lab
        self.cluster = Cluster(netns=lab.control.name, address="10.7.0.254", log=log, detached=lab.keep,
                               directory=os.path.join(lab.dir, "kube"))

    def __enter__(self):
        return self.start()

    def __exit__(self, *exc):
        self.close()

    def start(self):
        self.cluster.start()
        try:
            for node in self.lab.nodes.values():
                self.cluster.create_node(node.name, [node.v4, node.v6])
                self.cluster.start_kube_proxy(node.name, node.ns.name)
            self.apply_shipped()
        except BaseException:
            self.close()
            raise
        return self

    def close(self):
        self.cluster.close()

    def apply_shipped(self):
        """What a user applies. No kubelet runs here, so the DaemonSet starts nothing."""
        self.cluster.kubectl("apply", "-k", os.path.join(ROOT, "deploy", "manifests"))
        self.cluster.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s")

    def herald_kubeconfig(self):
        return self.cluster.service_account_kubeconfig(NAMESPACE, SERVICE_ACCOUNT)

    def config(self, kind, name, **spec):
        self.cluster.apply({"apiVersion": CONFIG, "kind": kind, "spec": spec,
                            "metadata": {"name": name, "namespace": NAMESPACE}})

    def pods(self, name, nodes=None):
        """One ready pod per node; its addresses are the node's, so the node's backend answers for it."""
        for node in nodes or self.lab.nodes.values():
            self.cluster.create_ready_pod("default", f"{name}-{node.name}", node.name, [node.v4, node.v6],
                                          {"app": name}, ports={"http": BACKEND_PORT})

    def service(self, name, *, pool=None, ips=(), policy="Cluster", families=("IPv4",)):
        notes = {key: value for key, value in (("heraldlb.io/address-pool", pool),
                                               ("heraldlb.io/loadBalancerIPs", ",".join(ips))) if value}
        self.cluster.apply({
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "annotations": notes},
            "spec": {"type": "LoadBalancer", "selector": {"app": name}, "externalTrafficPolicy": policy,
                     "ipFamilies": list(families),
                     "ipFamilyPolicy": "RequireDualStack" if len(families) > 1 else "SingleStack",
                     "ports": [{"name": "http", "port": 80, "targetPort": BACKEND_PORT}]}})

    def status(self, name):
        """The addresses in the Service's status, in order."""
        status = self.cluster.get("service", name).get("status", {})
        return [entry["ip"] for entry in status.get("loadBalancer", {}).get("ingress", []) if entry.get("ip")]

    def wait_ready_endpoints(self, name, count, timeout=20):
        wait_for(lambda: self.cluster.ready_endpoints("default", name), timeout, f"{count} ready endpoints of {name}",
                 until=lambda found: len(found) >= count)

    def leave(self, node):
        self.cluster.kubectl("taint", "node", node.name, LEAVING_TAINT)
