"""TCP MD5 signatures: a router that drops what is not signed, and the places where a password may stand."""

import os

import pytest

from netlab import Documents, Herald, wait_for
from netlab.documents import NAMESPACE
from netlab.wait import holds


@pytest.fixture
def signed(lab):
    """One herald, on n1, not started yet, and a router that wants both its sessions signed with "first"."""
    docs = Documents.standard(lab)
    node = lab.nodes["n1"]
    for address in (node.v4, node.v6):
        lab.router.password(address, "first")
    herald = Herald(lab, node, standalone=docs)
    yield docs, herald, node
    if herald.running():
        assert herald.stop() == 0


def wait_session(lab, address, times):
    wait_for(lambda: lab.router.session(address), 30, f"a session with {address}",
             until=lambda session: session == ("Established", times))


def assert_never_shown(herald, *passwords):
    kept = [herald.log()]
    for directory, _, names in os.walk(herald.state):
        for name in names:
            with open(os.path.join(directory, name), encoding="utf-8") as file:
                kept.append(file.read())
    assert len(kept) > 1
    for password in passwords:
        assert not any(password in text for text in kept)


def test_a_password_in_the_peer(lab, signed):
    docs, herald, node = signed
    docs.peer("r1", lab.router.v4, password="first")
    docs.peer("r1-v6", lab.router.v6, password="first")
    herald.start().wait_ready()
    wait_session(lab, node.v4, 1)
    wait_session(lab, node.v6, 1)
    assert_never_shown(herald, "first")


def test_a_password_in_a_secret_that_comes_and_changes(lab, signed):
    docs, herald, node = signed
    docs.peer("r1", lab.router.v4, passwordSecret={"name": "tor"})
    docs.delete_config("BGPPeer", "r1-v6")
    herald.start().wait_ready()
    wait_for(lambda: herald.log_lines("r1", "PasswordSecretMissing", "does not exist"), 10, "that it is missing")
    docs.password("tor", "first", type="Opaque")
    wait_for(lambda: herald.log_lines("r1", "PasswordSecretMissing", "is not of type"), 10, "that it is of another type")
    assert lab.router.session(node.v4)[1] == 0
    docs.password("tor", "first")
    wait_session(lab, node.v4, 1)
    docs.password("tor", "second")
    docs.service("web", pool="routed")
    docs.endpoints("web", [node])
    vip = wait_for(lambda: docs.status("web"), 10, "an address")[0]
    wait_for(lambda: lab.next_hops(vip), 10, "a route", until=lambda hops: hops == {"n1"})
    assert lab.router.session(node.v4) == ("Established", 1)
    lab.router.password(node.v4, "second")
    wait_session(lab, node.v4, 2)
    docs.delete("Secret", "tor", NAMESPACE)
    wait_for(lambda: len(herald.log_lines("module=config", "PasswordSecretMissing", "does not exist")), 10,
             "that it is missing again", until=lambda n: n == 2)
    holds(lambda: lab.router.session(node.v4), 1, "the session", until=lambda session: session == ("Established", 2))
    assert_never_shown(herald, "first", "second")


def test_a_restarted_daemon_takes_its_signed_session_up_again(lab, signed):
    docs, herald, node = signed
    docs.peer("r1", lab.router.v4, passwordSecret={"name": "tor"})
    docs.password("tor", "first")
    herald.start().wait_ready()
    wait_session(lab, node.v4, 1)
    assert herald.stop() == 0
    herald.start().wait_ready()
    wait_session(lab, node.v4, 2)
