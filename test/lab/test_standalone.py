"""The directory itself: what happens when it cannot be written, and what a daemon remembers of its own boot."""

import os

import pytest

from netlab import Documents, Herald, wait_for

ALL = {"n1", "n2", "n3"}


@pytest.fixture
def alone(lab):
    """One herald, on n1, not started yet."""
    return Documents.standard(lab), Herald(lab, lab.nodes["n1"], standalone=os.path.join(lab.dir, "documents"))


def test_a_status_that_cannot_be_written_stops_nothing_else(lab, alone):
    docs, herald = alone
    with open(os.path.join(docs.dir, "status"), "w", encoding="ascii") as file:
        file.write("in the way")
    herald.start().wait_ready()
    docs.service("web", pool="routed")
    docs.endpoints("web", lab.nodes.values())
    wait_for(lambda: herald.log_lines("cannot write", "status"), 10, "a line that says so")
    docs.raw("broken.yaml", "apiVersion: heraldlb.io/v1alpha1\nkind: IPAddressPool\nmetadata: {name: broken}\n"
                            "spec: {addresses: [nonsense]}\n")
    wait_for(lambda: herald.log_lines("broken", "InvalidValue"), 10, "the next change is looked at all the same")
    os.unlink(os.path.join(docs.dir, "status"))
    os.mkdir(os.path.join(docs.dir, "status"))
    wait_for(lambda: docs.status("web"), 60, "an address once the status can be written")
    assert herald.stop() == 0


def test_a_restarted_daemon_continues_until_it_is_synced_and_forgets_what_is_gone(lab, alone):
    """The Service goes while the daemon is down: it is announced no longer than the directory takes to read."""
    docs, herald = alone
    herald.start().wait_ready()
    docs.service("stays", pool="routed")
    docs.service("goes", pool="routed")
    for name in ("stays", "goes"):
        docs.endpoints(name, lab.nodes.values())
    stays, goes = (wait_for(lambda n=name: docs.status(n), 10, f"an address for {name}")[0]
                   for name in ("stays", "goes"))
    for vip in (stays, goes):
        wait_for(lambda v=vip: lab.next_hops(v), 10, "a route", until=lambda hops: hops == {"n1"})
    kept = os.path.join(herald.state, "addresses")
    wait_for(lambda: set(os.listdir(kept)), 5, "both addresses in the state directory",
             until=lambda names: names == {stays, goes})
    assert herald.stop() == 0
    docs.delete_service("goes")
    herald.start().wait_ready()
    assert herald.log_lines("continuing 2 addresses")
    wait_for(lambda: lab.next_hops(stays), 10, "the route that stays", until=lambda hops: hops == {"n1"})
    wait_for(lambda: lab.next_hops(goes), 10, "no route", until=lambda hops: not hops)
    wait_for(lambda: set(os.listdir(kept)), 5, "one address in the state directory",
             until=lambda names: names == {stays})
    assert herald.stop() == 0


def test_a_state_directory_full_of_nonsense_is_no_obstacle(lab, alone):
    docs, herald = alone
    herald.start().wait_ready()
    docs.service("web", pool="routed")
    docs.endpoints("web", lab.nodes.values())
    vip = wait_for(lambda: docs.status("web"), 10, "an address")[0]
    wait_for(lambda: lab.next_hops(vip), 10, "a route", until=lambda hops: hops == {"n1"})
    assert herald.stop() == 0
    addresses = os.path.join(herald.state, "addresses")
    for name, text in {vip: "{", "203.0.113.9": '{"ip":"203.0.113.8"}', "203.0.113.10": "[]", "x": "\0" * 5000,
                       "203.0.113.11": '{"ip":"203.0.113.11","routes":[{"prefix":7}],"l2":3,"uids":{}}'}.items():
        with open(os.path.join(addresses, name), "w", encoding="ascii") as file:
            file.write(text)
    with open(os.path.join(herald.state, "peers"), "w", encoding="ascii") as file:
        file.write('[{"name":"r1","address":"nowhere"}, 5, null]')
    herald.start().wait_ready()
    wait_for(lambda: lab.next_hops(vip), 10, "the route again", until=lambda hops: hops == {"n1"})
    assert lab.next_hops("203.0.113.11") == set()
    assert herald.stop() == 0


def test_status_may_be_taken_away(lab, alone):
    """With status/ the addresses are gone; they are given anew, and the work goes on."""
    docs, herald = alone
    herald.start().wait_ready()
    docs.service("web", pool="routed")
    docs.endpoints("web", lab.nodes.values())
    vip = wait_for(lambda: docs.status("web"), 10, "an address")[0]
    wait_for(lambda: lab.next_hops(vip), 10, "a route", until=lambda hops: hops == {"n1"})
    os.rename(os.path.join(docs.dir, "status"), os.path.join(lab.dir, "old-status"))
    docs.service("other", pool="routed")
    docs.endpoints("other", lab.nodes.values())
    other = wait_for(lambda: docs.status("other"), 30, "an address in a status/ that was made again")[0]
    wait_for(lambda: lab.next_hops(other), 10, "a route", until=lambda hops: hops == {"n1"})
    again = wait_for(lambda: docs.status("web"), 10, "an address for the first one too")[0]
    wait_for(lambda: lab.next_hops(again), 10, "a route", until=lambda hops: hops == {"n1"})
    assert herald.stop() == 0
