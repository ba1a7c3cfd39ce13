"""The laboratory itself, without herald: an instrument that cannot show the fault proves nothing."""

import os
import subprocess
import sys

import pytest

from netlab import Capture, Daemon, Documents, Prober, requests, wait_for, who_answers
from netlab import documents

VIP4, VIP6 = "203.0.113.1", "2001:db8:113::1"
TEST = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


@pytest.mark.parametrize("vip", [VIP4, VIP6])
def test_the_routers_kernel_spreads_connections(lab, vip):
    lab.serve(vip)
    hops = [node.v6 if ":" in vip else node.v4 for node in lab.nodes.values()]
    route = f"route add {vip} " + " ".join(f"nexthop via {hop}" for hop in hops)
    lab.router.ns.ip_batch(route)
    assert lab.next_hops(vip) == {"n1", "n2", "n3"}
    tally = requests(lab.far, f"http://[{vip}]/" if ":" in vip else f"http://{vip}/", 90)
    assert set(tally.answers) == {"n1", "n2", "n3"} and not tally.failures
    assert min(tally.answers.values()) > 9


def test_an_address_without_a_route_is_not_reached(lab):
    assert lab.next_hops(VIP4) == set()
    assert requests(lab.far, f"http://{VIP4}/", 2, timeout=0.3).failures.total() == 2


@pytest.mark.parametrize("family", ["v4", "v6"])
def test_who_answers_sees_none_one_and_two(lab, family):
    n1, n2 = lab.nodes["n1"], lab.nodes["n2"]
    shared = "10.9.0.222" if family == "v4" else "fd00:9::222"
    assert who_answers(lab.near, shared) == set()
    assert who_answers(lab.near, getattr(n2, family)) == {n2.mac}
    for node in (n1, n2):
        node.ns.ip_batch(f"address add {shared} dev eth0" + (" nodad" if ":" in shared else ""))
    assert who_answers(lab.near, shared) == {n1.mac, n2.mac}


def test_capture_sees_what_nobody_asked_for(lab):
    node = lab.nodes["n1"]
    with Capture(lab.near) as capture:
        node.ns.run("arping", "-U", "-c", "1", "-I", "eth0", node.v4, check=False)
        frames = wait_for(lambda: capture.unasked(node.v4), 3, "a gratuitous ARP")
    assert frames[0].mac == node.mac


def test_the_prober_sees_an_outage_and_its_end(lab):
    node = lab.nodes["n1"]
    lab.serve(node.v4, 80, [node])
    with Prober(lab.near, f"http://{node.v4}/", timeout=0.3) as prober:
        wait_for(lambda: len(prober.requests) > 50, 5, "50 requests")
        assert not prober.failed()
        lab.unserve(node.v4)
        wait_for(prober.failed, 5, "a failed request")
        lab.serve(node.v4, 80, [node])
        again = wait_for(lambda: next((r.end for r in reversed(prober.requests) if not r.error
                                       and r.start > prober.failed()[-1].end), None), 5, "an answered request")
        wait_for(lambda: len(prober.since(again)) > 50, 5, "50 more")
    assert not prober.failed(since=again)
    assert prober.nodes() == {"n1": len(prober.requests) - len(prober.failed())}


def test_a_daemon_has_the_privileges_of_the_pod_and_no_other(lab):
    daemon = lab.daemon(lab.nodes["n1"].ns, ["/bin/sleep", "60"], "sleep", capabilities=("net_raw",)).start()
    status = wait_for(lambda: status_of(daemon), 5, "sleep", until=lambda s: s["Name"] == "sleep")
    assert (status["Uid"].split()[0], status["CapPrm"], status["CapEff"], status["CapBnd"], status["NoNewPrivs"]) == \
        ("0", "0000000000002000", "0000000000002000", "0000000000002000", "1")
    assert daemon.stop() == -15


def status_of(daemon):
    with open(f"/proc/{daemon.pid}/status", encoding="ascii") as file:
        return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)


def test_documents_are_yaml(tmp_path):
    yaml = pytest.importorskip("yaml")
    docs = Documents(tmp_path)
    odd = {"kind": "Odd", "metadata": {"name": "odd"}, "a": ["yes", "1:2", "", "x y", 'q"', None, True, 7],
           "b": [{"c": [], "d": {}, "e": [1, [2, 3]]}, {"f": {"g": "::1"}}]}
    written = docs.put(odd)
    with open(docs.path("Odd", "odd"), encoding="utf-8") as file:
        assert yaml.safe_load(file) == written
    assert documents.load(documents.yaml_text(odd)) == odd
    docs.delete("Odd", "odd")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("how", ["exception", "SIGTERM", "SIGKILL"])
def test_nothing_is_left_however_the_program_ends(tmp_path, how):
    """The namespaces live in the runner's private /run; what could leak is processes and files."""
    program = ("import os, signal, sys; from netlab import Lab, isolate; isolate()\n"
               f"with Lab(1, name='gone', directory={str(tmp_path / 'lab')!r}) as lab:\n"
               "    print(*(daemon.pid for daemon in lab.running), flush=True)\n"
               + {"exception": "    raise ValueError", "SIGTERM": "    os.kill(os.getpid(), signal.SIGTERM)",
                  "SIGKILL": "    os.kill(os.getpid(), signal.SIGKILL)"}[how])
    done = subprocess.run([sys.executable, "-c", program], env={**os.environ, "PYTHONPATH": TEST}, timeout=30,
                          capture_output=True, text=True)
    assert done.returncode != 0
    pids = done.stdout.split()
    assert len(pids) == 3, done.stderr
    wait_for(lambda: not [pid for pid in pids if alive(pid)], 5, f"processes {pids} to end")
    assert not [name for name in os.listdir("/run") if name == "netns"
                and any(entry.startswith("hlgone-") for entry in os.listdir("/run/netns"))]
    wait_for(lambda: not (tmp_path / "lab").exists(), 5, "its directory to go")


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


def test_a_daemon_that_is_not_there_is_said_so(lab, tmp_path):
    with pytest.raises(RuntimeError, match="/nowhere/herald is not there"):
        Daemon(lab.near, ["/nowhere/herald"], str(tmp_path / "log")).start()
