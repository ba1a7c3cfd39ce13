"""The laboratory's map:

            near ---+                                   10.9.0.0/24, fd00:9::/64: one bridge, in the namespace `sw`
    n1, n2, n3 -----+---- r1 ---- far                   10.8.0.0/24, fd00:8::/64 behind the router
         |
         +--------------- control (only if asked for)   10.7.0.0/24: the nodes' way to the Kubernetes API
"""

import contextlib
import ipaddress
import os
import secrets
import shutil
import signal
import threading

from . import backend
from .namespace import LabError, Namespace, guard_directory, need_root, remove_leftovers, run
from .process import Daemon
from .router import Router
from .traffic import http_get
from .wait import wait_for

BACKEND_PORT = 8080
HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
QUIET = {"net__ipv6__conf__all__accept_dad": 0, "net__ipv6__conf__default__accept_dad": 0,
         "net__ipv6__conf__default__accept_ra": 0, "net__ipv6__conf__all__accept_redirects": 0,
         "net__ipv4__conf__all__accept_redirects": 0, "net__ipv4__conf__default__accept_redirects": 0,
         "net__ipv4__conf__all__rp_filter": 0, "net__ipv4__conf__default__rp_filter": 0}
FORWARD = {"net__ipv4__ip_forward": 1, "net__ipv6__conf__all__forwarding": 1,
           "net__ipv4__conf__all__send_redirects": 0, "net__ipv4__conf__default__send_redirects": 0}
ECMP = {"net__ipv4__fib_multipath_hash_policy": 1, "net__ipv6__fib_multipath_hash_policy": 1}


class Node:
    """One node: its namespace `ns`, its addresses (v4, v6, control), its MAC address and its backend."""

    def __init__(self, number, ns):
        self.name = f"n{number}"
        self.ns = ns
        self.v4 = f"10.9.0.{number}"
        self.v6 = f"fd00:9::{number:x}"
        self.control = f"10.7.0.{number}"
        self.mac = f"02:00:00:00:09:{number:02x}"
        self.link_local = f"fe80::ff:fe00:9{number:02x}"
        self.backend = None

    def __repr__(self):
        return self.name


class Lab:
    """Use it as a context manager, or up() and down(). After up(): nodes (by name), near, far, router, control, dir."""

    def __init__(self, nodes=3, *, control=False, name=None, directory=None, keep=False):
        self.id = name or secrets.token_hex(3)
        self.prefix = f"hl{self.id}-"
        self.dir = os.path.abspath(directory or os.path.join(ROOT, "build", "lab", self.id))
        self.keep = keep
        self.count = nodes
        self.with_control = control
        self.nodes = {}
        self.all = {}
        self.near = self.far = self.switch = self.control = self.router = None
        self.running = []
        self.served = {}

    def __enter__(self):
        return self.up()

    def __exit__(self, *exc):
        self.down()

    def up(self):
        need_root()
        catch_signals()
        guard_directory(self.dir)
        os.makedirs(self.dir, exist_ok=True)
        try:
            self.make_namespaces()
            self.make_links()
            self.router = Router(self, self.all["r1"])
            self.router.start()
            self.start_backends()
        except BaseException:
            self.down()
            raise
        return self

    def down(self):
        """End every process of the laboratory, remove its namespaces and its directory. Safe to call twice."""
        for daemon in reversed(self.running):
            with contextlib.suppress(Exception):
                daemon.kill9()
        self.running.clear()
        remove_leftovers(self.prefix)
        self.all.clear()
        self.nodes.clear()
        shutil.rmtree(self.dir, ignore_errors=True)
        with contextlib.suppress(OSError):
            os.rmdir(os.path.dirname(self.dir))

    def make_namespaces(self):
        names = ["sw", "near", "r1", "far"] + (["cp"] if self.with_control else [])
        names += [f"n{number}" for number in range(1, self.count + 1)]
        for name in names:
            self.all[name] = Namespace(self.prefix + name, name)
            self.all[name].sysctl(**QUIET)
        self.switch, self.near, self.far = self.all["sw"], self.all["near"], self.all["far"]
        self.control = self.all.get("cp")
        for number in range(1, self.count + 1):
            node = Node(number, self.all[f"n{number}"])
            self.nodes[node.name] = node
            node.ns.sysctl(**FORWARD)
        self.all["r1"].sysctl(**FORWARD, **ECMP)
        for client in (self.near, self.far):
            client.sysctl(net__ipv4__ip_local_port_range="1024 65535")

    def make_links(self):
        self.make_bridge(self.switch, "br0")
        self.plug(self.switch, "br0", self.near, "eth0", "02:00:00:00:09:64", "10.9.0.100/24", "fd00:9::100/64")
        self.plug(self.switch, "br0", self.all["r1"], "eth0", "02:00:00:00:09:fe", "10.9.0.254/24", "fd00:9::fe/64")
        for node in self.nodes.values():
            self.plug(self.switch, "br0", node.ns, "eth0", node.mac, f"{node.v4}/24", f"{node.v6}/64")
        for ns in [self.near] + [node.ns for node in self.nodes.values()]:
            ns.ip_batch("route add default via 10.9.0.254", "route add default via fd00:9::fe")
        run("ip", "link", "add", "name", "eth1", "netns", self.all["r1"].name, "type", "veth",
            "peer", "name", "eth0", "netns", self.far.name)
        self.all["r1"].ip_batch("address add 10.8.0.1/24 dev eth1", "address add fd00:8::1/64 dev eth1 nodad",
                                "link set eth1 up")
        self.far.ip_batch("address add 10.8.0.2/24 dev eth0", "address add fd00:8::2/64 dev eth0 nodad",
                          "link set eth0 up", "route add default via 10.8.0.1", "route add default via fd00:8::1")
        if self.control:
            self.make_bridge(self.control, "eth0")
            self.control.ip_batch("address add 10.7.0.254/24 dev eth0")
            for node in self.nodes.values():
                self.plug(self.control, "eth0", node.ns, "eth1", node.mac.replace(":09:", ":07:"),
                          f"{node.control}/24")

    @staticmethod
    def make_bridge(ns, name):
        ns.ip_batch(f"link add {name} type bridge stp_state 0 mcast_snooping 0", f"link set {name} up")

    @staticmethod
    def plug(switch, bridge, ns, interface, mac, *addresses):
        """A cable from a namespace's new interface to a port of the bridge; the port has the namespace's role as name."""
        run("ip", "link", "add", "name", interface, "netns", ns.name, "address", mac, "type", "veth",
            "peer", "name", ns.role, "netns", switch.name)
        switch.ip_batch(f"link set {ns.role} master {bridge}", f"link set {ns.role} up")
        ns.ip_batch(*[f"address add {address} dev {interface}" + (" nodad" if ":" in address else "")
                      for address in addresses], f"link set {interface} up")

    def start_backends(self):
        for node in self.nodes.values():
            node.backend = self.daemon(node.ns, ["/usr/bin/python3", "-IS", "/run/lab/backend.py", node.name,
                                                 str(BACKEND_PORT)], "backend",
                                       binds={os.path.abspath(backend.__file__): "/run/lab/backend.py"})
            node.backend.start()
        for node in self.nodes.values():
            wait_for(lambda node=node: http_get(self.near, f"http://{node.v4}:{BACKEND_PORT}/", 1), 10,
                     f"the backend on {node}")

    def daemon(self, ns, argv, name, **kwargs):
        """A Daemon whose log lies in the laboratory's directory, and which ends with the laboratory."""
        os.makedirs(os.path.join(self.dir, ns.role), exist_ok=True)
        daemon = Daemon(ns, argv, os.path.join(self.dir, ns.role, f"{name}.log"), keep=self.keep, **kwargs)
        self.running.append(daemon)
        return daemon

    def serve(self, vip, port=80, nodes=None):
        """What kube-proxy does in a cluster: connections to vip:port go to the backend of the node they reach."""
        for node in nodes or self.nodes.values():
            self.served.setdefault(node.name, set()).add((str(ipaddress.ip_address(vip)), port))
        self.program()

    def unserve(self, vip=None, port=80):
        """The contrary; without an address, all of them."""
        for rules in self.served.values():
            rules.difference_update(set(rules) if vip is None else {(str(ipaddress.ip_address(vip)), port)})
        self.program()

    def program(self):
        for name, rules in self.served.items():
            lines = [f"{'ip6' if ':' in vip else 'ip'} daddr {vip} tcp dport {port} redirect to :{BACKEND_PORT}"
                     for vip, port in sorted(rules)]
            self.nodes[name].ns.nft("table inet lab\ndelete table inet lab\ntable inet lab {\n chain services {\n"
                                    "  type nat hook prerouting priority dstnat;\n  " + "\n  ".join(lines) + "\n }\n}\n")

    def next_hops(self, prefix):
        """The names of the nodes over which the router's kernel sends to prefix (an address alone is a host route)."""
        names = {address: node.name for node in self.nodes.values()
                 for address in (node.v4, node.v6, node.link_local)}
        return {names.get(address, address) for address in self.router.routes(prefix)}

    def name_of(self, mac):
        """The node with this MAC address, by name; the MAC address itself if it is no node's."""
        return next((node.name for node in self.nodes.values() if node.mac == mac), mac)

    def logs(self, lines=30):
        """The ends of all daemons' logs, for a report about a failure."""
        return {repr(daemon): daemon.tail(lines) for daemon in self.running if daemon.text()}


def catch_signals():
    """SIGTERM and SIGHUP end the program the way Ctrl-C does, so that what it started is cleaned up."""
    def interrupt(_number, _frame):
        raise KeyboardInterrupt

    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is signal.SIG_DFL:
                signal.signal(number, interrupt)


def require_tools():
    missing = [tool for tool in ("ip", "nft", "nsenter", "setpriv", "mount") if not shutil.which(tool)]
    if missing:
        raise LabError(f"not installed: {', '.join(missing)}; test/deps lab installs what the laboratory needs")
