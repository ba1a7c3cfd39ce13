"""A directory of Kubernetes documents for `herald run --standalone`.

Every object is a file of its own, KIND-NAMESPACE-NAME.yaml, replaced at once (written under a name that starts with a
dot, then renamed), so that a reader never meets half a document. What herald decides appears in status/ below it.
"""

import contextlib
import datetime
import ipaddress
import json
import os
import re
import uuid

CONFIG = "heraldlb.io/v1alpha1"
NAMESPACE = "heraldlb-system"
PLAIN = re.compile(r"[A-Za-z/][A-Za-z0-9_./-]*\Z")
WORDS = {"true", "false", "yes", "no", "on", "off", "null", "y", "n"}
LEAVING_TAINT = {"key": "ToBeDeletedByClusterAutoscaler", "value": "1", "effect": "NoSchedule"}


def yaml_text(value, indent=0):
    """Dictionaries, lists and scalars as block YAML; whatever YAML could misread is quoted."""
    pad = " " * indent
    if isinstance(value, dict):
        return "".join(f"{pad}{scalar(key)}:{nested(entry, indent)}" for key, entry in value.items())
    return "".join(f"{pad}- {yaml_text(entry, indent + 2).lstrip() if is_block(entry) else scalar(entry) + chr(10)}"
                   for entry in value)


def nested(value, indent):
    if not is_block(value):
        return f" {scalar(value)}\n"
    return "\n" + yaml_text(value, indent + (2 if isinstance(value, dict) else 0))


def is_block(value):
    return isinstance(value, (dict, list)) and bool(value)


def scalar(value):
    if isinstance(value, str) and PLAIN.match(value) and value.lower() not in WORDS:
        return value
    return json.dumps(value)


def load(text):
    """A document that herald wrote: JSON by the standard library, YAML by python3-yaml."""
    try:
        return json.loads(text)
    except ValueError:
        import yaml
        return yaml.safe_load(text)


class Documents:
    """One directory. put() and delete() any object; the other methods write one kind each, with what tests need."""

    def __init__(self, directory):
        self.dir = str(directory)
        self.uids = {}
        os.makedirs(self.dir, exist_ok=True)

    def __fspath__(self):
        return self.dir

    def __str__(self):
        return self.dir

    @classmethod
    def standard(cls, lab, name="documents"):
        """All the laboratory's nodes; pools `segment` (announced by layer 2) and `routed` (by BGP); the peers."""
        docs = cls(os.path.join(lab.dir, name))
        for node in lab.nodes.values():
            docs.node(node)
        docs.pool("segment", "10.9.0.200-10.9.0.250", "fd00:9::200-fd00:9::2ff")
        docs.pool("routed", "203.0.113.0/24", "2001:db8:113::/112", avoidBuggyIPs=True, autoAssign=False)
        docs.peer("r1", lab.router.v4)
        docs.peer("r1-v6", lab.router.v6)
        docs.config("L2Advertisement", "segment", ipAddressPools=["segment"])
        docs.config("BGPAdvertisement", "routed", ipAddressPools=["routed"])
        return docs

    def path(self, kind, name, namespace=""):
        return os.path.join(self.dir, "-".join(filter(None, (kind.lower(), namespace, name))) + ".yaml")

    def put(self, document):
        meta = document["metadata"]
        key = (document["kind"], meta.get("namespace", ""), meta["name"])
        uid, created = self.uids.setdefault(key, (str(uuid.uuid4()), now()))
        document = {**document, "metadata": {"uid": uid, "creationTimestamp": created, **meta}}
        self.raw(os.path.basename(self.path(key[0], key[2], key[1])), yaml_text(document))
        return document

    def raw(self, filename, text):
        """A file with any content, for what no correct writer would write."""
        path = os.path.join(self.dir, filename)
        hidden = os.path.join(self.dir, "." + filename)
        with open(hidden, "w", encoding="utf-8") as file:
            file.write(text)
        os.rename(hidden, path)

    def remove_file(self, filename):
        os.unlink(os.path.join(self.dir, filename))

    def delete(self, kind, name, namespace=""):
        os.unlink(self.path(kind, name, namespace))
        self.uids.pop((kind, namespace, name), None)

    def config(self, kind, name, **spec):
        return self.put({"apiVersion": CONFIG, "kind": kind, "metadata": {"name": name, "namespace": NAMESPACE},
                         "spec": spec})

    def delete_config(self, kind, name):
        self.delete(kind, name, NAMESPACE)

    def pool(self, name, *addresses, **spec):
        return self.config("IPAddressPool", name, addresses=list(addresses), **spec)

    def peer(self, name, address, **spec):
        return self.config("BGPPeer", name, **{"myASN": 64514, "peerASN": 64513, "peerAddress": address, **spec})

    def password(self, name, password, **fields):
        """A Secret as a BGPPeer's passwordSecret names it."""
        return self.put({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": NAMESPACE},
                         "type": "kubernetes.io/basic-auth", "stringData": {"password": password}, **fields})

    def node(self, node, *, leaving=False, labels=None, ready=True):
        return self.put({
            "apiVersion": "v1", "kind": "Node",
            "metadata": {"name": node.name, "labels": {"kubernetes.io/hostname": node.name, **(labels or {})}},
            "spec": {"taints": [LEAVING_TAINT]} if leaving else {},
            "status": {"addresses": [{"type": "InternalIP", "address": address} for address in (node.v4, node.v6)],
                       "conditions": [{"type": "Ready", "status": "True" if ready else "False"}]}})

    def service(self, name, *, namespace="default", pool=None, ips=(), policy="Cluster", families=("IPv4",),
                annotations=None, port=80, lb_class=None):
        """A Service of type LoadBalancer. pool and ips (requested addresses) become annotations."""
        notes = dict(annotations or {})
        if pool:
            notes["heraldlb.io/address-pool"] = pool
        if ips:
            notes["heraldlb.io/loadBalancerIPs"] = ",".join(ips)
        return self.put({
            "apiVersion": "v1", "kind": "Service",
            "metadata": {"name": name, "namespace": namespace, "annotations": notes},
            "spec": {"type": "LoadBalancer", "externalTrafficPolicy": policy, "selector": {"app": name},
                     **({"loadBalancerClass": lb_class} if lb_class else {}),
                     "ipFamilies": list(families),
                     "ipFamilyPolicy": "RequireDualStack" if len(families) > 1 else "SingleStack",
                     "ports": [{"name": "http", "protocol": "TCP", "port": port, "targetPort": 8080}]}})

    def endpoints(self, name, nodes, *, namespace="default", ready=True, serving=None, terminating=False):
        """The Service's EndpointSlices, one per family: one endpoint on each of the nodes."""
        conditions = {"ready": ready, "serving": ready if serving is None else serving, "terminating": terminating}
        nodes = list(nodes)
        for family in ("IPv4", "IPv6"):
            self.put({
                "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
                "metadata": {"name": f"{name}-{family.lower()}", "namespace": namespace,
                             "labels": {"kubernetes.io/service-name": name}},
                "addressType": family,
                "ports": [{"name": "http", "protocol": "TCP", "port": 8080}],
                "endpoints": [{"addresses": [node.v4 if family == "IPv4" else node.v6], "nodeName": node.name,
                               "conditions": conditions} for node in nodes]})

    def delete_service(self, name, namespace="default"):
        """As in a cluster: the Service first, its EndpointSlices after it."""
        self.delete("Service", name, namespace)
        for family in ("ipv4", "ipv6"):
            with contextlib.suppress(FileNotFoundError):
                self.delete("EndpointSlice", f"{name}-{family}", namespace)

    def statuses(self):
        """Every document in status/, by file name."""
        found = {}
        with contextlib.suppress(FileNotFoundError):
            for entry in sorted(os.listdir(os.path.join(self.dir, "status"))):
                if not entry.startswith("."):
                    with open(os.path.join(self.dir, "status", entry), encoding="utf-8") as file:
                        found[entry] = load(file.read())
        return found

    def status(self, name, namespace="default"):
        """The addresses that herald gave a Service, in order; empty if none yet."""
        for document in self.statuses().values():
            meta = (document or {}).get("metadata", {})
            if document.get("kind") == "Service" and (meta.get("namespace"), meta.get("name")) == (namespace, name):
                ingress = document.get("status", {}).get("loadBalancer", {}).get("ingress") or []
                return [str(ipaddress.ip_address(entry["ip"])) for entry in ingress if entry.get("ip")]
        return []


def now():
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
