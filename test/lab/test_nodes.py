"""What a node's labels and the options of the command line decide."""

from netlab import Documents, Herald, wait_for
from netlab.wait import holds

EXCLUDED = {"node.kubernetes.io/exclude-from-external-load-balancers": ""}


def sessions(herald):
    return {name: up for name, up in herald.metrics().items() if name.startswith("herald_bgp_session_up")}


def test_options_hold_where_settings_say_nothing(lab):
    """--load-balancer-class: its Services only. --ignore-exclude-lb: the label of control planes does not count."""
    node = lab.nodes["n1"]
    docs = Documents.standard(lab)
    docs.node(node, labels=EXCLUDED)
    herald = Herald(lab, node, standalone=docs,
                    args=["--load-balancer-class", "example.com/ours", "--ignore-exclude-lb"]).start().wait_ready()
    docs.service("ours", pool="routed", lb_class="example.com/ours")
    docs.service("plain", pool="routed")
    for name in ("ours", "plain"):
        docs.endpoints(name, [node])
    vip, = wait_for(lambda: docs.status("ours"), 10, "an address")
    wait_for(lambda: lab.next_hops(vip), 10, "a route", until=lambda hops: hops == {"n1"})
    holds(lambda: docs.status("plain"), 1, "no address", until=lambda ips: not ips)
    assert herald.stop() == 0


def test_a_node_that_is_labelled_gets_its_peer_and_loses_it(lab):
    node = lab.nodes["n1"]
    docs = Documents.standard(lab)
    docs.delete_config("BGPPeer", "r1-v6")
    docs.peer("r1", lab.router.v4, nodeSelectors=[{"matchLabels": {"rack": "a"}}])
    herald = Herald(lab, node, standalone=docs).start().wait_ready()
    assert not sessions(herald)
    for _ in range(2):
        docs.node(node, labels={"rack": "a"})
        wait_for(lambda: sessions(herald), 15, "a session that is up", until=lambda seen: list(seen.values()) == [1])
        docs.node(node, labels={"rack": "b"})
        wait_for(lambda: sessions(herald), 15, "no session", until=lambda seen: not seen)
    assert herald.stop() == 0
