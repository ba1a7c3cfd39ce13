"""A laboratory of network namespaces for HeraldLB: nodes, a router, clients, and what is needed to watch them.

    from netlab import Documents, Herald, Lab, isolate, wait_for

    isolate()                                   # private /run: nothing can leak, however this process ends
    with Lab(nodes=3) as lab:                   # n1..n3, near, far, r1 (FRR)
        docs = Documents.standard(lab)          # a directory for `herald run --standalone`
        heralds = [Herald(lab, node, standalone=docs) for node in lab.nodes.values()]
        ...
        docs.service("web", pool="routed")
        docs.endpoints("web", lab.nodes.values())
        vip = wait_for(lambda: docs.status("web"), 10, "an address for web")[0]
        lab.serve(vip)                          # what kube-proxy does in a cluster
        wait_for(lambda: lab.next_hops(vip), 10, "three next hops", until=lambda n: n == {"n1", "n2", "n3"})
        print(requests(lab.far, f"http://{vip}/", 60).answers)

Addresses: the segment is 10.9.0.0/24 and fd00:9::/64 (nodes .1 and up, near .100, r1 .254 and ::fe), the network
behind the router 10.8.0.0/24 and fd00:8::/64. Layer-2 pools are 10.9.0.200-250 and fd00:9::200-2ff, routed pools
203.0.113.0/24 and 2001:db8:113::/112. With control=True each node also has eth1 in 10.7.0.0/24 (the node's number),
at whose other end, 10.7.0.254 in the namespace `lab.control`, a Kubernetes control plane can run.

Python's standard library only. Needs root, iproute2, nftables, util-linux and FRR.
"""

from .documents import Documents
from .herald import Herald
from .namespace import LabError, Namespace, isolate, remove_leftovers
from .process import Daemon
from .router import Router
from .topology import Lab, Node
from .traffic import Prober, Tally, http_get, requests
from .wait import wait_for
from .wire import Capture, who_answers

__all__ = ["Capture", "Daemon", "Documents", "Herald", "Lab", "LabError", "Namespace", "Node", "Prober", "Router",
           "Tally", "http_get", "isolate", "remove_leftovers", "requests", "wait_for", "who_answers"]
