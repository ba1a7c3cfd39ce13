"""Layer 2 on the wire: who answers ARP and neighbour discovery, and whether a client gets through."""

import pytest

from conftest import url
from netlab import Capture, requests, wait_for, who_answers
from netlab.wait import holds

FAMILIES = ("IPv4", "IPv6")


def one_owner(lab, vip, timeout=15):
    """The MAC address of the only node that answers for vip; it must be the same in repeated questions."""
    answers = wait_for(lambda: who_answers(lab.near, vip), timeout, f"an answer for {vip}")
    holds(lambda: who_answers(lab.near, vip, window=0.2), 1, f"one and the same owner of {vip}",
          until=lambda seen: seen == answers)
    assert len(answers) == 1, f"{vip} is claimed by {sorted(map(lab.name_of, answers))}"
    return answers.pop()


@pytest.mark.parametrize("family", FAMILIES)
def test_exactly_one_node_answers_and_the_client_gets_through(standalone, family):
    lab = standalone.lab
    with Capture(lab.near) as capture:
        vip = standalone.service("web", family, pool="segment")
        owner = one_owner(lab, vip)
        unasked = wait_for(lambda: capture.unasked(vip), 5, "an announcement that nobody asked for")
    assert {frame.mac for frame in unasked} == {owner}
    tally = requests(lab.near, url(vip), 20)
    assert not tally.failures and set(tally.answers) == {lab.name_of(owner)}, str(tally)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_leaving_owner_hands_over(standalone, family):
    lab = standalone.lab
    vip = standalone.service("web", family, pool="segment")
    first = one_owner(lab, vip)
    name = lab.name_of(first)
    standalone.docs.node(lab.nodes[name], leaving=True)
    standalone.heralds[name].signal_term()
    assert standalone.heralds[name].wait_end(12) == 0
    wait_for(lambda: who_answers(lab.near, vip), 15, f"another owner than {name}",
             until=lambda seen: seen and first not in seen)
    second = one_owner(lab, vip)
    assert second != first
    tally = wait_for(lambda: requests(lab.near, url(vip), 5), 10, "requests that are answered by the new owner",
                     until=lambda tally: not tally.failures)
    assert set(tally.answers) == {lab.name_of(second)}


def test_addresses_spread_over_the_nodes(standalone):
    """Twelve addresses on three nodes: one node has them all with a probability of 3^-11."""
    lab = standalone.lab
    vips = [standalone.service(f"web{number}", pool="segment") for number in range(12)]
    answers = [wait_for(lambda vip=vip: who_answers(lab.near, vip), 15, f"an answer for {vip}") for vip in vips]
    assert all(len(macs) == 1 for macs in answers), answers
    assert len(set().union(*answers)) > 1, answers


def test_addresses_of_others_are_left_alone(standalone):
    lab = standalone.lab
    standalone.service("web", pool="segment")
    assert who_answers(lab.near, "10.9.0.250") == set()
    assert who_answers(lab.near, "10.9.0.77") == set()
    assert who_answers(lab.near, lab.nodes["n2"].v4) == {lab.nodes["n2"].mac}
