"""BGP on the wire: the router's kernel, its sessions, and what clients behind it see."""

import time

import pytest

from conftest import url
from netlab import Prober, requests, wait_for
from netlab.bgppeer import BAD_LENGTH, BAD_OPEN, BAD_UPDATE, NO_MARKER, WELL, BgpPeer
from netlab.wait import holds

ALL = {"n1", "n2", "n3"}
FAMILIES = ("IPv4", "IPv6")


@pytest.mark.parametrize("family", FAMILIES)
def test_three_next_hops_and_three_backends(standalone, family):
    lab = standalone.lab
    vip = standalone.service("web", family, pool="routed")
    standalone.wait_next_hops(vip, ALL)
    tally = requests(lab.far, url(vip), 60)
    assert not tally.failures and set(tally.answers) == ALL, str(tally)


@pytest.mark.parametrize("family", FAMILIES)
def test_no_request_fails_that_starts_after_a_leaving_node_withdrew(standalone, family):
    lab = standalone.lab
    vip = standalone.service("web", family, pool="routed")
    standalone.wait_next_hops(vip, ALL)
    leaver = standalone.heralds["n1"]
    with Prober(lab.far, url(vip)) as prober:
        wait_for(lambda: set(prober.nodes()), 10, "answers from all nodes", until=lambda seen: seen == ALL)
        standalone.docs.node(lab.nodes["n1"], leaving=True)
        leaver.signal_term()
        standalone.wait_next_hops(vip, ALL - {"n1"}, timeout=12)
        withdrawn = time.monotonic()
        assert leaver.wait_end(12) == 0
        wait_for(lambda: len(prober.since(withdrawn)) >= 200, 10, "200 requests after the withdrawal")
    assert not prober.failed(since=withdrawn)
    assert set(prober.nodes(since=withdrawn)) == ALL - {"n1"}
    address = lab.nodes["n1"].v6 if family == "IPv6" else lab.nodes["n1"].v4
    wait_for(lambda: lab.router.session(address)[0], 10, "the session to close", until=lambda s: s != "Established")
    assert lab.next_hops(vip) == ALL - {"n1"}, "a route came back that the router kept as stale"


def test_a_restart_leaves_the_other_nodes_alone(standalone):
    lab = standalone.lab
    vip = standalone.service("web", pool="routed")
    standalone.wait_next_hops(vip, ALL)
    others = [lab.nodes[name] for name in ("n2", "n3")]
    before = {node.v4: lab.router.session(node.v4) for node in others}
    assert {state for state, _ in before.values()} == {"Established"}
    herald = standalone.heralds["n1"]
    assert herald.stop() == 0
    herald.start()
    holds(lambda: lab.next_hops(vip), 1, "routes over the others", until=lambda seen: seen >= {"n2", "n3"})
    herald.wait_ready()
    standalone.wait_next_hops(vip, ALL)
    assert {node.v4: lab.router.session(node.v4) for node in others} == before


@pytest.mark.parametrize("fault", [NO_MARKER, BAD_LENGTH, BAD_OPEN, BAD_UPDATE])
def test_a_peer_that_sends_nonsense_hurts_its_own_session_only(standalone, fault):
    lab = standalone.lab
    vip = standalone.service("web", pool="routed")
    standalone.wait_next_hops(vip, ALL)
    before = {node.v4: lab.router.session(node.v4) for node in lab.nodes.values()}
    herald = standalone.heralds["n1"]
    with BgpPeer(lab.near, "10.9.0.100", 1790, behave=[fault, WELL]) as peer:
        standalone.docs.peer("odd", "10.9.0.100", peerPort=1790,
                             nodeSelectors=[{"matchLabels": {"kubernetes.io/hostname": "n1"}}])
        bad = wait_for(lambda: peer.sessions[0], 30, "a session with the odd peer")
        wait_for(lambda: bad.end, 15, "the end of that session")
        good = wait_for(lambda: peer.sessions[1], 60, "a new session")
        wait_for(lambda: good.updates, 30, "an UPDATE in the new session")
        assert good.end is None and good.notification is None
        expected = {NO_MARKER: (1, 1), BAD_LENGTH: (1, 2), BAD_OPEN: (2, 1)}.get(fault)
        assert bad.notification is not None and expected in (None, bad.notification)
        complaints = [line for line in herald.log_lines("10.9.0.100")
                      if "level=warn" in line or "level=error" in line]
        assert len(complaints) == 1, complaints
        assert lab.next_hops(vip) == ALL
        assert {node.v4: lab.router.session(node.v4) for node in lab.nodes.values()} == before
        standalone.docs.delete_config("BGPPeer", "odd")
        wait_for(lambda: good.end, 15, "the end of the session with a peer that was deleted")
    assert lab.next_hops(vip) == ALL
