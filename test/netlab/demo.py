"""deploy/try: a first look at HeraldLB. Shows, step by step, what happens and what was seen on the wire.

    python3 demo.py [--kubernetes] [--keep] [--down]
"""

import argparse
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# pylint: disable=wrong-import-position
from netlab import (Documents, Herald, Lab, Prober, isolate, remove_leftovers, requests,  # noqa: E402
                    wait_for, who_answers)
from netlab.topology import ROOT, catch_signals, require_tools  # noqa: E402

KEPT = os.path.join(ROOT, "build", "try")
BOTH = ("IPv4", "IPv6")
MAP = """
            near ---+                          n1, n2, n3   nodes, each with herald and a small web server
    n1, n2, n3 -----+---- r1 ---- far          r1           a router: FRR and the Linux kernel, AS 64513
                                               near, far    clients: on the nodes' network, and behind the router
"""


class Show:
    """What is printed: numbered steps, and what was seen in them."""

    def __init__(self):
        self.number = 0
        self.start = time.monotonic()

    def step(self, text):
        self.number += 1
        print(f"\n[{self.number}] {text}  ({time.monotonic() - self.start:.1f} s)", flush=True)

    @staticmethod
    def say(*lines):
        for line in lines:
            print(f"    {line}", flush=True)


class Files:
    """Standalone: the documents of a cluster as YAML files in a directory."""

    words = "YAML files in a directory that all three share"

    def __init__(self, lab, _show):
        self.lab = lab
        self.docs = Documents.standard(lab)

    def close(self):
        pass

    def source(self):
        return {"standalone": self.docs}

    def service(self, name, **options):
        self.docs.service(name, **options)
        self.docs.endpoints(name, self.lab.nodes.values())

    def status(self, name):
        return self.docs.status(name)

    def reachable(self, vips):
        """There is no kube-proxy here; a rule per address does what it would do."""
        for vip in vips:
            self.lab.serve(vip)

    def leave(self, node):
        self.docs.node(node, leaving=True)

    def hints(self):
        return [("see the cluster's documents; change one and watch", f"ls {self.docs.dir}")]


class Api:
    """A real API server, controller manager, and a kube-proxy per node."""

    words = "a real Kubernetes API server, as the ServiceAccount that deploy/manifests makes"

    def __init__(self, lab, show):
        from netlab.kubernetes import Kubernetes
        show.step("Starting Kubernetes: etcd, kube-apiserver, kube-controller-manager, kube-proxy on each node")
        self.kube = Kubernetes(lab, log=show.say).start()
        show.say("It runs; the CRDs, namespace and RBAC of deploy/ are applied.")
        config = self.kube.config
        config("IPAddressPool", "segment", addresses=["10.9.0.200-10.9.0.250", "fd00:9::200-fd00:9::2ff"])
        config("IPAddressPool", "routed", addresses=["203.0.113.0/24", "2001:db8:113::/112"], avoidBuggyIPs=True,
               autoAssign=False)
        for name, address in (("r1", lab.router.v4), ("r1-v6", lab.router.v6)):
            config("BGPPeer", name, myASN=64514, peerASN=64513, peerAddress=address)
        config("L2Advertisement", "segment", ipAddressPools=["segment"])
        config("BGPAdvertisement", "routed", ipAddressPools=["routed"])

    def close(self):
        self.kube.close()

    def source(self):
        return {"kubeconfig": self.kube.herald_kubeconfig()}

    def service(self, name, **options):
        self.kube.pods(name)
        self.kube.service(name, **options)
        self.kube.wait_ready_endpoints(name, 3)

    def status(self, name):
        return self.kube.status(name)

    def reachable(self, vips):
        """kube-proxy sees to it."""

    def leave(self, node):
        self.kube.leave(node)

    def hints(self):
        return [("speak to the API server", " ".join(self.kube.cluster.kubectl_command("get", "services")))]


def url(vip):
    return f"http://[{vip}]/" if ":" in vip else f"http://{vip}/"


def run(lab, show, args, cleanup):
    """The whole show; returns what a user can do next."""
    show.say(*MAP.strip("\n").splitlines())
    source = (Api if args.kubernetes else Files)(lab, show)
    cleanup.append(source.close)

    show.step(f"Starting herald on n1, n2 and n3; it reads {source.words}")
    heralds = {name: Herald(lab, node, **source.source()) for name, node in lab.nodes.items()}
    for herald in heralds.values():
        herald.start()
    for herald in heralds.values():
        herald.wait_ready(20)
    sessions = wait_for(lab.router.established, 30, "BGP sessions of all nodes with the router",
                        until=lambda seen: len(seen) == 6)
    show.say("All three are ready, as uid 0 with no capability but CAP_NET_RAW.",
             f"The router has {len(sessions)} BGP sessions with them (IPv4 and IPv6).")

    show.step("Two Services of type LoadBalancer: `home` on the nodes' own network, `shop` routed by BGP")
    source.service("home", pool="segment", families=BOTH)
    source.service("shop", pool="routed", families=BOTH, policy="Local")
    home, shop = (wait_for(lambda name=name: source.status(name), 20, f"two addresses for {name}",
                           until=lambda ips: len(ips) == 2) for name in ("home", "shop"))
    source.reachable(home + shop)
    show.say(f"herald gave home {home[0]} and {home[1]}, shop {shop[0]} and {shop[1]}.")

    owner = show_layer2(lab, show, home)
    show_bgp(lab, show, shop)
    show_leaving(lab, show, source, heralds, owner, home[0], shop[0])
    return hints(lab, source, heralds, home, shop)


def show_layer2(lab, show, vips):
    show.step("Layer 2: who answers for home?")
    for vip in vips:
        macs = wait_for(lambda vip=vip: who_answers(lab.near, vip), 15, f"an answer for {vip}",
                        until=lambda seen: len(seen) == 1)
        name = lab.name_of(next(iter(macs)))
        protocol = "neighbour discovery" if ":" in vip else "ARP"
        tally = wait_for(lambda vip=vip: requests(lab.near, url(vip), 10), 15, f"answers from {vip}",
                         until=lambda seen: not seen.failures)
        show.say(f"near asked by {protocol} for {vip}: {', '.join(sorted(macs))} answered, that is {name}; nobody else.",
                 f"10 requests from near to {url(vip)} got answers from: {tally}.")
        if ":" not in vip:
            owner = name
    return owner


def show_bgp(lab, show, vips):
    show.step("BGP: how does the router reach shop?")
    for vip in vips:
        wait_for(lambda vip=vip: lab.next_hops(vip), 30, f"three next hops for {vip}",
                 until=lambda seen: seen == set(lab.nodes))
        show.say(f"r1's kernel, `ip route show {vip}`:")
        show.say(*["  " + line.strip() for line in
                   lab.router.ns.run("ip", "-6" if ":" in vip else "-4", "route", "show", vip).splitlines()])
        tally = wait_for(lambda vip=vip: requests(lab.far, url(vip), 60), 15, f"answers from {vip} by all nodes",
                         until=lambda seen: not seen.failures and len(seen.answers) == len(lab.nodes))
        show.say(f"60 requests from far to {url(vip)} got answers from: {tally}.")


def show_leaving(lab, show, source, heralds, name, home, shop):
    show.step(f"Node {name}, which has home's address, is taken out of service: its Node is tainted, herald gets SIGTERM")
    node, herald = lab.nodes[name], heralds[name]
    with Prober(lab.far, url(shop)) as far, Prober(lab.near, url(home)) as near:
        wait_for(lambda: min(len(far.requests), len(near.requests)), 10, "requests before", until=lambda n: n > 50)
        source.leave(node)
        start = time.monotonic()
        herald.signal_term()
        wait_for(lambda: lab.next_hops(shop), 15, f"routes without {name}", until=lambda seen: name not in seen)
        withdrawn = time.monotonic()
        status = herald.wait_end()
        macs = wait_for(lambda: who_answers(lab.near, home), 15, "a new owner of home's address",
                        until=lambda seen: len(seen) == 1 and node.mac not in seen)
        wait_for(lambda: len(far.since(withdrawn)), 10, "requests afterwards", until=lambda n: n > 200)
    left = sorted(set(lab.nodes) - {name})
    show.say(f"r1 dropped the route over {name} {(withdrawn - start) * 1000:.0f} ms after SIGTERM; "
             f"herald ended by itself (status {status}).",
             f"far went on all the time: {len(far.requests)} requests, {len(far.failed())} failed; of those begun after "
             f"the withdrawal {len(far.failed(withdrawn))} failed.",
             f"Since then {' and '.join(left)} answer shop: "
             + ", ".join(f"{key} {count}" for key, count in sorted(far.nodes(withdrawn).items())) + ".",
             f"home's address moved to {lab.name_of(next(iter(macs)))}; near: {len(near.requests)} requests, "
             f"{len(near.failed())} failed, longest pause {near.longest_gap() * 1000:.0f} ms.")
    if status != 0:
        raise AssertionError(f"{herald} ended with status {status}")
    if far.failed(withdrawn):
        raise AssertionError(f"requests failed after the withdrawal: {far.failed(withdrawn)[:3]}")


def hints(lab, source, heralds, home, shop):
    pid = lab.router.bgpd.pid
    running = next(name for name, herald in heralds.items() if herald.running())
    return [
        ("a request from behind the router", f"ip netns exec {lab.far.name} curl -s {url(shop[0])}"),
        ("a request on the nodes' network", f"ip netns exec {lab.near.name} curl -s {url(home[0])}"),
        ("who answers ARP", f"ip netns exec {lab.near.name} arping -c 3 -I eth0 {home[0]}"),
        ("the router's routes", f"ip -n {lab.router.ns.name} route show proto bgp"),
        ("the router's BGP", f"nsenter --target {pid} --mount --net vtysh -c 'show bgp summary'"),
        ("herald's metrics", f"ip netns exec {lab.nodes[running].ns.name} curl -s http://127.0.0.1:7490/metrics"),
        ("herald's log", f"tail -f {heralds[running].daemon.log}"),
        ("stop one more herald and see what changes", f"kill {heralds[running].daemon.pid}"),
        *source.hints()]


def down(quiet=False):
    """Removes what --keep left."""
    kube = os.path.join(KEPT, "kube")
    if os.path.isdir(kube):
        from kube.cluster import close_directory
        close_directory(kube)
    names = remove_leftovers("hltry-")
    there = os.path.isdir(KEPT)
    Lab(name="try", directory=KEPT).down()
    if not quiet:
        print(f"Removed {len(names)} namespaces and what ran in them." if names or there else "There was nothing to remove.")


def main(argv):
    parser = argparse.ArgumentParser(prog="deploy/try")
    for option in ("--kubernetes", "--keep", "--down"):
        parser.add_argument(option, action="store_true")
    args = parser.parse_args(argv)
    show, cleanup, finished = Show(), [], False
    try:
        require_tools()
        if args.down:
            down()
            return 0
        if args.keep:
            down(quiet=True)
        else:
            isolate()
        catch_signals()
        show.step("Three nodes, a router and two clients, each in a network namespace of its own")
        lab = Lab(nodes=3, control=args.kubernetes, keep=args.keep,
                  **({"name": "try", "directory": KEPT} if args.keep else {}))
        cleanup.append(lab.down)
        lab.up()
        next_steps = run(lab, show, args, cleanup)
        finished = True
        if args.keep:
            print("\nIt all stays until `deploy/try --down`. As root you can try:")
            for what, command in next_steps:
                print(f"    # {what}\n    {command}")
    except Exception as error:  # whatever it was: the reason, and nothing left behind
        print(f"\nFAILED: {error}", file=sys.stderr)
        if len(cleanup) > 0:
            for name, text in lab.logs(8).items():
                print(f"--- the log of {name} ends:\n{text}", file=sys.stderr)
    except KeyboardInterrupt:
        print("\nInterrupted.", file=sys.stderr)
    finally:
        if not (args.keep and finished):
            for end in reversed(cleanup):
                end()
            if cleanup:
                print("\nEverything was stopped and removed." if finished else "Everything was removed.", flush=True)
    return 0 if finished else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
