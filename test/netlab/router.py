"""The upstream router: FRR's zebra and bgpd, and the kernel that forwards by equal-cost multipath.

AS 64513; it expects the nodes as AS 64514 and waits for them to connect (passive). It takes host routes of the
routed pools only, IPv4 on IPv4 sessions and IPv6 on IPv6 sessions, and tells the nodes nothing.
"""

import contextlib
import json
import os
import shutil
import subprocess

from .namespace import LabError, run
from .wait import wait_for

ASN = 64513
NODE_ASN = 64514
FRR = "/usr/lib/frr"
PREFIXES4 = "203.0.113.0/24"
PREFIXES6 = "2001:db8:113::/112"


class Router:
    """start(), stop(), restart(); vtysh() and json() ask FRR, routes() asks the kernel, peers() sums the sessions up."""

    v4 = "10.9.0.254"
    v6 = "fd00:9::fe"

    def __init__(self, lab, ns):
        self.lab = lab
        self.ns = ns
        self.dir = os.path.join(lab.dir, ns.role, "frr")
        self.zebra = self.bgpd = None

    def start(self):
        if not os.path.exists(f"{FRR}/bgpd"):
            raise LabError("FRR is not installed; test/deps lab installs it")
        os.makedirs(self.dir, exist_ok=True)
        self.write("zebra.conf", f"hostname {self.ns.role}\n")
        self.write("bgpd.conf", self.config())
        shutil.chown(self.dir, "frr", "frr")
        if self.zebra is None:
            common = ["-u", "frr", "-g", "frr", "-z", "/run/frr/zserv.api", "--vty_socket", "/run/frr", "-P", "0",
                      "--log", "stdout"]
            binds = {self.dir: "/run/frr"}
            self.zebra = self.lab.daemon(self.ns, [f"{FRR}/zebra", "-f", "/run/frr/zebra.conf", "-i",
                                                   "/run/frr/zebra.pid", *common], "zebra", binds=binds)
            self.bgpd = self.lab.daemon(self.ns, [f"{FRR}/bgpd", "-f", "/run/frr/bgpd.conf", "-i",
                                                  "/run/frr/bgpd.pid", *common], "bgpd", binds=binds)
        self.zebra.start()
        wait_for(lambda: self.ask("zebra", "show version"), 10, "zebra's answer")
        self.bgpd.start()
        wait_for(lambda: {peer.get("bgpState") for peer in self.peers().values()}, 10, "bgpd that accepts sessions",
                 until=lambda states: "Idle" not in states)

    def stop(self):
        """Ends both daemons at once and takes their routes out of the kernel, so that nothing of the past remains."""
        for daemon in (self.bgpd, self.zebra):
            daemon.kill9()
        for family in ("-4", "-6"):
            run("ip", "-n", self.ns.name, family, "route", "flush", "proto", "bgp", check=False)
            run("ip", "-n", self.ns.name, family, "neigh", "flush", "dev", "eth0", check=False)
        run("ip", "-n", self.ns.name, "nexthop", "flush", check=False)
        for name in os.listdir(self.dir):
            if not name.endswith(".conf"):
                os.unlink(os.path.join(self.dir, name))

    def restart(self):
        self.stop()
        self.start()

    def write(self, name, text):
        path = os.path.join(self.dir, name)
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        shutil.chown(path, "frr", "frr")

    def config(self):
        nodes = list(self.lab.nodes.values())
        return "\n".join([
            f"hostname {self.ns.role}",
            "log timestamp precision 6",
            f"ip prefix-list POOL4 seq 5 permit {PREFIXES4} ge 32",
            f"ipv6 prefix-list POOL6 seq 5 permit {PREFIXES6} ge 128",
            "route-map POOL4 permit 10", " match ip address prefix-list POOL4", "exit",
            "route-map POOL6 permit 10", " match ipv6 address prefix-list POOL6", "exit",
            "route-map NOTHING deny 10", "exit",
            f"router bgp {ASN}",
            f" bgp router-id {self.v4}",
            " no bgp default ipv4-unicast",
            " bgp log-neighbor-changes",
            " timers bgp 3 9",
            " neighbor NODES peer-group",
            f" neighbor NODES remote-as {NODE_ASN}",
            " neighbor NODES passive",
            *[f" neighbor {address} peer-group NODES" for node in nodes for address in (node.v4, node.v6)],
            " address-family ipv4 unicast",
            *self.activate("POOL4", [node.v4 for node in nodes]),
            " exit-address-family",
            " address-family ipv6 unicast",
            *self.activate("POOL6", [node.v6 for node in nodes]),
            " exit-address-family",
            "exit", ""])

    @staticmethod
    def activate(pool, addresses):
        lines = ["  maximum-paths 64"]
        for address in addresses:
            lines += [f"  neighbor {address} activate", f"  neighbor {address} route-map {pool} in",
                      f"  neighbor {address} route-map NOTHING out"]
        return lines

    def ask(self, daemon, *commands):
        """One FRR daemon's answer; RuntimeError if it does not listen or does not know the command."""
        where = {"zebra": self.zebra, "bgpd": self.bgpd}[daemon]
        argv = ["vtysh", "-d", daemon] + [word for command in commands for word in ("-c", command)]
        environment = {**os.environ, "HOME": "/run/frr"}  # where vtysh writes its history
        done = subprocess.run(where.inside(*argv), capture_output=True, text=True, timeout=10, env=environment)
        if done.returncode != 0 or done.stdout.startswith("%"):
            raise LabError(f"{daemon}: {(done.stdout + done.stderr).strip()}")
        return done.stdout

    def vtysh(self, *commands):
        """What a user sees who types the commands at this router."""
        daemon = "zebra" if commands[0].startswith(("show ip route", "show ipv6 route")) else "bgpd"
        return self.ask(daemon, *commands)

    def json(self, command):
        return json.loads(self.vtysh(command))

    def routes(self, prefix):
        """The next hops of one prefix in the kernel's routing table: a set of addresses, empty without a route."""
        prefix = str(prefix)
        if "/" not in prefix:
            prefix += "/128" if ":" in prefix else "/32"
        family = "-6" if ":" in prefix else "-4"
        output = run("ip", "-n", self.ns.name, "-j", family, "route", "show", "exact", prefix)
        hops = set()
        for route in json.loads(output or "[]"):
            for hop in route.get("nexthops", [route]):
                hops.add(hop.get("gateway") or hop.get("via", {}).get("host"))
        hops.discard(None)
        return hops

    def peers(self):
        """Per session, by the peer's address: FRR's record (bgpState, connectionsEstablished, lastResetDueTo ...)."""
        return self.json("show bgp neighbors json")

    def session(self, address):
        """(state, how often it was established) of the session with one address."""
        peer = self.peers().get(address, {})
        return peer.get("bgpState"), peer.get("connectionsEstablished", 0)

    def password(self, address, password):
        """From now on the session with that address must be signed (TCP MD5, RFC 2385)."""
        self.vtysh("configure terminal", f"router bgp {ASN}", f"neighbor {address} password {password}")

    def established(self):
        with contextlib.suppress(ValueError, LabError):
            return {address for address, peer in self.peers().items() if peer.get("bgpState") == "Established"}
        return set()
