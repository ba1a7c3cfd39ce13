"""What must not happen on the wire while something goes wrong elsewhere."""

import contextlib
import threading

from netlab import Capture, Prober, requests, wait_for, who_answers

ALL = {"n1", "n2", "n3"}
ROUTED = {"heraldlb.io/address-pool": "routed"}
FEW = 3  # requests, of the 140 that are made in a second


def owners(world, address):
    return {world.lab.name_of(mac) for mac in who_answers(world.lab.near, address)}


def next_hops(world, address, expected, seconds=40):
    try:
        return wait_for(lambda: world.lab.next_hops(address), seconds, f"routes to {address}",
                        until=lambda hops: hops == expected)
    except AssertionError as error:
        raise AssertionError(f"{error}\n{circumstances(world, address)}") from None


def circumstances(world, address):
    """What is known of the Service that holds an address, of its endpoints, and what the heralds said last."""
    lines = []
    for item in world.cluster.get("services", "-A")["items"]:
        if address not in [entry["ip"] for entry in item["status"]["loadBalancer"].get("ingress", [])]:
            continue
        name = item["metadata"]["name"]
        lines += [f"{name}: {c['type']}={c['status']} {c['reason']}: {c['message']}"
                  for c in item["status"].get("conditions", [])]
        for part in world.cluster.get("endpointslices", "-l", f"kubernetes.io/service-name={name}")["items"]:
            lines += [f"{name}: endpoint {e['addresses']} at {e.get('nodeName')}: {e['conditions']}"
                      for e in part["endpoints"] or []]
    for herald in world.heralds.values():
        lines += [f"{herald}: {line}" for line in herald.log().splitlines()[-5:]]
    return "\n".join(lines)


class Watcher:
    """What a question was answered, again and again, while the block ran: every answer that differs from the last."""

    def __init__(self, ask):
        self.ask = ask
        self.seen = []
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.work, daemon=True)

    def work(self):
        while not self.ended.wait(0.02):
            answer = self.ask()
            if not self.seen or self.seen[-1] != answer:
                self.seen.append(answer)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *exc):
        self.ended.set()
        self.thread.join()


def burst_is_over(world, address):
    with Capture(world.lab.near) as capture:
        wait_for(lambda: who_answers(world.lab.near, address, window=2.9), 10, "an answer")
    return not capture.unasked(address)


def sent_updates(herald):
    return {k: v for k, v in herald.metrics().items() if k.startswith("herald_bgp_updates_sent_total")}


def not_current(herald):
    """The watches that are not current."""
    return [watch for watch, synced in herald.metrics().items() if watch.startswith("herald_watch_synced") and not synced]


def wait_current(herald, seconds=60):
    wait_for(lambda: not_current(herald), seconds, f"{herald.node}: no watch that is not current", until=lambda kinds: not kinds)


def serves(namespace, address, seconds=60):
    """Waits until requests to the address are answered, one after the other."""
    wait_for(lambda: requests(namespace, f"http://{address}/", 30), seconds, f"answers of {address}",
             until=lambda tally: not tally.failures)


def answered(prober):
    """Requests are answered. Now and then, at most once in 20 s or so, the first packet of a connection crosses a node
    untranslated, with every route and rule in place and nothing else happening (it goes round between node and router
    until its TTL ends), or a few that begin in the same moment do. A node that does not serve fails a third of all."""
    every = prober.since(0)
    failed = [request for request in every if request.error is not None]
    assert not any(last.start - first.start < 1 for first, last in zip(failed, failed[FEW:])), [
        (round(request.start - every[0].start, 2), request.node, request.error) for request in failed[:40]]


def settled(world, routed, local):
    """Both addresses are announced and served, and the takeover burst of the local one is over."""
    next_hops(world, routed, set(world.heralds))
    wait_for(lambda: owners(world, local), 10, "an owner", until=lambda names: len(names) == 1)
    serves(world.lab.far, routed)
    serves(world.lab.near, local)
    wait_for(lambda: burst_is_over(world, local), 20, "the end of the takeover burst")


@contextlib.contextmanager
def calm(world, routed, local, *, updates_of=None):
    """While the block runs, the wire stays as it is: no route is withdrawn or moved, no owner changes, nothing is said
    unasked, no BGP UPDATE is sent (by the heralds named in updates_of; all), and requests are answered."""
    heralds = [world.heralds[name] for name in (world.heralds if updates_of is None else updates_of)]
    updates = [sent_updates(herald) for herald in heralds]
    owner = owners(world, local)
    with Capture(world.lab.near) as capture, Watcher(lambda: world.lab.next_hops(routed)) as routes, \
            Prober(world.lab.far, f"http://{routed}/") as prober:
        yield prober
    assert routes.seen == [set(world.heralds)]
    answered(prober)
    assert [sent_updates(herald) for herald in heralds] == updates
    assert owners(world, local) == owner
    assert not capture.unasked(local)


@contextlib.contextmanager
def untouched(world, routed, others):
    """While the block runs, these nodes announce the address, whatever the rest does, and requests are answered."""
    with Watcher(lambda: world.lab.next_hops(routed)) as routes, Prober(world.lab.far, f"http://{routed}/") as prober:
        yield
    assert all(set(others) <= hops for hops in routes.seen), routes.seen
    answered(prober)


def all_current(world, seconds=60):
    for herald in world.heralds.values():
        wait_current(herald, seconds)


def renew_kube_proxies(world):
    """Where its API server was away, kube-proxy comes back kind by kind, each after a back-off of up to a minute: so long it
    rejects what is sent to a new Service, for it knows no endpoint yet. It is started anew; its rules stay meanwhile."""
    for node in world.lab.nodes.values():
        world.cluster.start_kube_proxy(node.name, node.ns.name)


def leader(world):
    """The name of the node whose herald leads now; None if none says so."""
    names = [name for name, herald in world.heralds.items()
             if herald.running() and herald.metrics().get("herald_leader")]
    return names[0] if len(names) == 1 else None


def wait_leader(world, *, other_than=None, seconds=60):
    return wait_for(lambda: leader_of_lease(world), seconds, "a leader",
                    until=lambda name: name is not None and name != other_than)


def leader_of_lease(world):
    holder = world.cluster.get("lease", "heraldlb", "-n", "heraldlb-system")["spec"].get("holderIdentity") or ""
    return holder.split("_")[0] or None
