"""What a kubelet would do for the objects of a cluster: nodes with addresses, pods that are Ready."""

import datetime
import http.client

from .api import ApiError

STRATEGIC_MERGE = "application/strategic-merge-patch+json"
MERGE = "application/merge-patch+json"


class Objects:
    """Mixed into Cluster; needs its request() and wait_for()."""

    def create_namespace(self, name):
        """Makes a namespace (it may exist) and waits until pods can be created in it."""
        try:
            self.request("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
        except ApiError as error:
            if error.code != http.client.CONFLICT:
                raise
        self.wait_for(lambda: self.exists(f"/api/v1/namespaces/{name}/serviceaccounts/default"), 30,
                      f"the ServiceAccount default in namespace {name}")

    def exists(self, path):
        """The object at this API path, or None if there is none."""
        try:
            return self.request("GET", path)
        except ApiError as error:
            if error.code == http.client.NOT_FOUND:
                return None
            raise

    def create_node(self, name, internal_ips, labels=None, *, ready=True, pod_cidrs=()):
        """Makes a Node with these InternalIPs (a str or a list); if it exists, it gets them."""
        labels = {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux", **(labels or {})}
        node = {"metadata": {"name": name, "labels": labels}, "spec": {}}
        if pod_cidrs:
            node["spec"] = {"podCIDR": pod_cidrs[0], "podCIDRs": list(pod_cidrs)}
        try:
            self.request("POST", "/api/v1/nodes", node)
        except ApiError as error:
            if error.code != http.client.CONFLICT:
                raise
            self.request("PATCH", f"/api/v1/nodes/{name}", {"metadata": {"labels": labels}},
                         content_type=MERGE)
        addresses = [{"type": "InternalIP", "address": ip} for ip in as_list(internal_ips)]
        self._patch_status(f"/api/v1/nodes/{name}", MERGE,
                           {"addresses": [*addresses, {"type": "Hostname", "address": name}]})
        self.set_node_ready(name, ready)

    def set_node_ready(self, name, ready):
        self._patch_status(f"/api/v1/nodes/{name}", STRATEGIC_MERGE,
                           {"conditions": [condition("Ready", ready)]})

    def create_ready_pod(self, namespace, name, node, ips, labels, *, ports=None, ready=True):
        """Makes a pod on a node, as its kubelet would report it: running, with these IPs (a str or a list).

        What answers there is the caller's affair. ports: named container ports, {"http": 8080}.
        The namespace must have been made by create_namespace ("default" was).
        """
        container = {"name": "backend", "image": "none.invalid/backend:1",
                     "ports": [{"name": key, "containerPort": port} for key, port in (ports or {}).items()]}
        self.request("POST", f"/api/v1/namespaces/{namespace}/pods", {
            "metadata": {"name": name, "labels": labels},
            "spec": {"nodeName": node, "containers": [container], "automountServiceAccountToken": False,
                     "tolerations": [{"operator": "Exists"}]},
        })
        ips = as_list(ips)
        status = {"phase": "Running", "startTime": now(), "podIP": ips[0],
                  "podIPs": [{"ip": ip} for ip in ips]}
        self._patch_status(f"/api/v1/namespaces/{namespace}/pods/{name}", STRATEGIC_MERGE,
                           status | pod_conditions(ready, scheduled=True))

    def set_pod_ready(self, namespace, name, ready):
        self._patch_status(f"/api/v1/namespaces/{namespace}/pods/{name}", STRATEGIC_MERGE,
                           pod_conditions(ready))

    def delete_pod(self, namespace, name, grace_seconds=0):
        """0: it is gone at once. More: it stays, terminating, until it is deleted with 0."""
        self.request("DELETE", f"/api/v1/namespaces/{namespace}/pods/{name}",
                     {"kind": "DeleteOptions", "apiVersion": "v1", "gracePeriodSeconds": grace_seconds})

    def set_load_balancer_ips(self, namespace, name, ips):
        """Writes status.loadBalancer of a Service by hand (a str or a list; empty: none)."""
        ingress = [{"ip": ip, "ipMode": "VIP"} for ip in as_list(ips)]
        self._patch_status(f"/api/v1/namespaces/{namespace}/services/{name}", MERGE,
                           {"loadBalancer": {"ingress": ingress}})

    def endpoints(self, namespace, service):
        """The endpoints of all EndpointSlices of a Service."""
        selector = f"labelSelector=kubernetes.io/service-name%3D{service}"
        path = f"/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices"
        slices = self.request("GET", f"{path}?{selector}")
        return [endpoint for each in slices["items"] for endpoint in each.get("endpoints") or []]

    def ready_endpoints(self, namespace, service):
        """The addresses of a Service's ready endpoints, sorted."""
        return sorted(address for endpoint in self.endpoints(namespace, service)
                      if endpoint["conditions"].get("ready") for address in endpoint["addresses"])

    def _patch_status(self, path, content_type, status):
        self.request("PATCH", f"{path}/status", {"status": status}, content_type=content_type)


def as_list(value):
    return [value] if isinstance(value, str) else list(value)


def now():
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def condition(kind, true):
    return {"type": kind, "status": str(bool(true)), "lastTransitionTime": now(), "reason": "SetByTest"}


def pod_conditions(ready, scheduled=False):
    always = [condition("PodScheduled", True), condition("Initialized", True)] if scheduled else []
    return {"conditions": [*always, condition("ContainersReady", ready), condition("Ready", ready)]}
