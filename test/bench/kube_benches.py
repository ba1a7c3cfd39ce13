"""The benches of the Kubernetes side: kube-sync, kube-churn, allocate."""

import concurrent.futures
import http.client
import os
import subprocess
import threading
import time

from kube import netns as ns
from netlab import wait_for

MERGE = "application/merge-patch+json"
SLICES = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices"
SERVICES = "/api/v1/namespaces/default/services"
ANNOUNCED = 'herald_bgp_prefixes_sent{peer="peer"}'


def in_parallel(function, items, threads=12):
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        list(pool.map(function, items))


def service_body(name):
    return {"metadata": {"name": name}, "spec": {"type": "LoadBalancer", "ports": [{"port": 80}],
                                                 "allocateLoadBalancerNodePorts": False}}


def slice_body(name, node, ready=True):
    return {"metadata": {"name": name, "labels": {"kubernetes.io/service-name": name}}, "addressType": "IPv4",
            "ports": [{"name": "", "protocol": "TCP", "port": 8080}],
            "endpoints": [{"addresses": [node.v4], "nodeName": node.name,
                           "conditions": {"ready": ready, "serving": ready, "terminating": False}}]}


def address_of(i):
    return f"198.{18 + i // 65536}.{i // 256 % 256}.{i % 256}"


class Sampler(threading.Thread):
    """The largest resident and anonymous memory of a process, looked at every few milliseconds."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid, self.ended, self.rss, self.anonymous = pid, threading.Event(), 0, 0

    def run(self):
        while not self.ended.wait(0.005):
            rss, anonymous = memory_kib(self.pid)
            self.rss, self.anonymous = max(self.rss, rss), max(self.anonymous, anonymous)

    def stop(self):
        self.ended.set()
        self.join()


def memory_kib(pid):
    try:
        with open(f"/proc/{pid}/status", encoding="ascii") as file:
            fields = dict(line.split(":", 1) for line in file if line.startswith(("VmRSS", "RssAnon")))
        return int(fields["VmRSS"].split()[0]), int(fields["RssAnon"].split()[0])
    except (OSError, KeyError):
        return 0, 0


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def mib(kib):
    return round(kib / 1024, 1)


def fill(bench, count, node):
    """So many Services that hold an address already, each with a slice."""
    cluster = bench.cluster

    def make(i):
        name = f"s{i}"
        cluster.request("POST", SERVICES, service_body(name))
        cluster.request("PATCH", f"{SERVICES}/{name}/status", {
            "metadata": {"annotations": {"heraldlb.io/ip-allocated-from-pool": "bench", "heraldlb.io/lease-term": "1"}},
            "status": {"loadBalancer": {"ingress": [{"ip": address_of(i), "ipMode": "VIP"}]}}}, content_type=MERGE)
        cluster.request("POST", SLICES, slice_body(name, node))

    in_parallel(make, range(count))


def curl_lists(bench):
    """Seconds that two curls take, side by side, for the same two lists as herald's."""
    cluster = bench.cluster
    pki = cluster.pki
    certificate, key = pki.client("bench-curl", ("system:masters",))
    start = time.monotonic()
    running = [subprocess.Popen(ns.command(cluster.netns, [
        "curl", "-sS", "--fail", "-o", "/dev/null", "--cacert", str(pki.ca), "--cert", str(certificate),
        "--key", str(key), f"{cluster.server}{path}"]))
        for path in ("/api/v1/services?fieldSelector=spec.type%3DLoadBalancer",
                     "/apis/discovery.k8s.io/v1/endpointslices?labelSelector=%21service.kubernetes.io%2Fheadless")]
    for process in running:
        if process.wait() != 0:
            raise RuntimeError("curl failed")
    return time.monotonic() - start


def wait_synced(herald, start, timeout=120):
    def ready():
        try:
            return herald.get("/readyz", timeout=1)[0] == 200
        except (OSError, http.client.HTTPException):
            return False

    wait_for(ready, timeout, "synced", every=0.005)
    return time.monotonic() - start


def conditions(bench):
    """How many Services are said to be announced."""
    items = bench.cluster.request("GET", "/api/v1/services?fieldSelector=spec.type%3DLoadBalancer")["items"]
    return sum(any(c["type"] == "heraldlb.io/Announced" and c["status"] == "True"
                   for c in item["status"].get("conditions", [])) for item in items)


def kube_sync(options, make_bench, make_peer):
    count = options.services or 10000
    with make_bench(1, start=False) as bench, make_peer(bench):
        node = bench.lab.nodes["n1"]
        fill(bench, count, node)
        herald = bench.heralds[0]
        herald.start()  # a first one says in every Service what it says; those that are measured find that said
        wait_for(lambda: conditions(bench), 300, "conditions of all Services", until=lambda n: n == count, every=1)
        herald.stop()
        runs = []
        for _ in range(options.runs):
            curl = curl_lists(bench)
            start = time.monotonic()
            herald.start()
            sampler = Sampler(herald.daemon.pid)
            sampler.start()
            synced = wait_synced(herald, start)
            wait_for(lambda: herald.metrics().get(ANNOUNCED), 120, "everything announced",
                     until=lambda n: n == count)
            announced = time.monotonic() - start
            time.sleep(5)  # what was needed for the start is given back
            sampler.stop()
            rss, anonymous = memory_kib(herald.daemon.pid)
            runs.append({"curl_s": round(curl, 2), "synced_s": round(synced, 2), "ratio": round(synced / curl, 2),
                         "announced_s": round(announced, 2), "cpu_s": round(cpu_seconds(herald.daemon.pid), 2),
                         "peak_rss_mib": mib(sampler.rss), "peak_anonymous_mib": mib(sampler.anonymous),
                         "steady_rss_mib": mib(rss), "steady_anonymous_mib": mib(anonymous)})
            herald.stop()
    return {"services": count, "runs": runs, "median_ratio": sorted(run["ratio"] for run in runs)[len(runs) // 2]}


def churn(bench, node, count, seconds):
    """100 times a second the only endpoint of one of the Services turns off or on. When each write was answered, by
    address, and how many were late."""
    written, start, late, ready = {}, time.monotonic(), 0, [True] * count

    def change(i):
        ready[i] = not ready[i]
        bench.cluster.request("PATCH", f"{SLICES}/s{i}", {
            "endpoints": slice_body("", node, ready[i])["endpoints"]}, content_type=MERGE)
        written.setdefault(address_of(i), []).append(time.monotonic())

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        for k in range(100 * seconds):
            pause = start + k / 100 - time.monotonic()
            if pause > 0:
                time.sleep(pause)
            elif pause < -0.1:
                late += 1
            pool.submit(change, k * 7919 % count)
    return written, late


def delays_of(written, seen):
    """From the answer to each write to the UPDATE of each node. The same address twice within a moment may be one."""
    found = []
    for (_, address), wires in seen.items():
        times = written.get(address, [])
        if len(wires) == len(times):
            found += [wire - write for wire, write in zip(wires, times)]
    return sorted(found)


def kube_churn(options, make_bench, make_peer):
    """Each change is an UPDATE of each of two nodes, and a condition that the leader writes."""
    count, seconds = options.services or 1000, options.seconds
    with make_bench(2, start=False) as bench, make_peer(bench) as peer:
        node = bench.lab.nodes["n1"]
        fill(bench, count, node)
        for herald in bench.heralds:
            herald.start()
        for herald in bench.heralds:
            wait_for(lambda h=herald: h.metrics().get(ANNOUNCED), 120, "everything announced", until=lambda n: n == count)
        wait_for(lambda: conditions(bench), 300, "conditions of all Services", until=lambda n: n == count, every=1)
        time.sleep(2)
        before = [(herald.metrics(), cpu_seconds(herald.daemon.pid)) for herald in bench.heralds]
        peer.seen.clear()
        start = time.monotonic()
        written, late = churn(bench, node, count, seconds)
        took = time.monotonic() - start
        time.sleep(1)
        cpu, received = {}, {}
        for herald, (was, cpu_was) in zip(bench.heralds, before):
            now, role = herald.metrics(), "leader" if was["herald_leader"] else "other"
            cpu[role] = round(100 * (cpu_seconds(herald.daemon.pid) - cpu_was) / took, 2)
            received[role] = round((now["herald_watch_received_bytes_total"] - was["herald_watch_received_bytes_total"]) /
                                   (100 * seconds))
        delays = delays_of(written, peer.seen)
    return {"changes": 100 * seconds, "seconds": round(took, 1), "late": late, "cpu_percent_of_a_core": cpu,
            "bytes_per_change": received, "matched": len(delays),
            "answer_to_wire_p50_ms": round(1e3 * delays[len(delays) // 2], 2) if delays else None,
            "answer_to_wire_p99_ms": round(1e3 * delays[int(len(delays) * 0.99)], 2) if delays else None}


def allocate(options, make_bench, make_peer):
    """Services made as fast as the API server takes them, three daemons running; then the same by a bare client."""
    count = options.services or 5000
    with make_bench(3) as bench, make_peer(bench):
        node = bench.lab.nodes["n1"]

        def make(i):
            bench.cluster.request("POST", SLICES, slice_body(f"s{i}", node))
            bench.cluster.request("POST", SERVICES, service_body(f"s{i}"))

        start = time.monotonic()
        in_parallel(make, range(count))
        posted = time.monotonic() - start
        for herald in bench.heralds:
            wait_for(lambda h=herald: h.metrics().get(ANNOUNCED), 600, "everything announced",
                     until=lambda n: n == count)
        done = time.monotonic() - start
        cpu = [round(cpu_seconds(herald.daemon.pid), 1) for herald in bench.heralds]
        rss = [mib(memory_kib(herald.daemon.pid)[0]) for herald in bench.heralds]
        for herald in bench.heralds:
            herald.stop()

        def bare(i):
            bench.cluster.request("POST", SLICES, slice_body(f"b{i}", node))
            bench.cluster.request("POST", SERVICES, service_body(f"b{i}"))
            bench.cluster.request("PATCH", f"{SERVICES}/b{i}/status", {
                "status": {"loadBalancer": {"ingress": [{"ip": address_of(i), "ipMode": "VIP"}]}}},
                content_type=MERGE)

        start = time.monotonic()
        in_parallel(bare, range(count))
        bare_done = time.monotonic() - start
    return {"services": count, "posted_s": round(posted, 1), "announced_s": round(done, 1),
            "bare_client_s": round(bare_done, 1), "ratio": round(done / bare_done, 2), "cpu_s": cpu, "rss_mib": rss}
