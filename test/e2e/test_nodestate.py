"""What every node tells about itself: NodeState objects, as kubectl shows them."""

from conftest import config_object
from netlab import wait_for

ALL = {"n1", "n2", "n3"}


def states(world):
    return {item["metadata"]["name"]: item for item in world.cluster.get("nodestates")["items"]}


def condition(state, kind):
    return {c["type"]: c for c in state["status"]["conditions"]}[kind]


def all_established(found):
    return set(found) == ALL and all(state["status"]["sessions"] == "2/2" for state in found.values())


def test_every_node_tells_who_it_is_and_whom_it_speaks_to(world):
    found = wait_for(lambda: states(world), 40, "three states with two sessions each", until=all_established)
    leaders = [name for name, state in found.items() if state["status"]["leader"]]
    holder = world.cluster.get("lease", "heraldlb", "-n", "heraldlb-system")["spec"]["holderIdentity"]
    assert len(leaders) == 1 and holder.startswith(leaders[0])
    for name, state in found.items():
        node = world.cluster.get("node", name)
        owner, = state["metadata"]["ownerReferences"]
        assert (owner["kind"], owner["name"], owner["uid"]) == ("Node", name, node["metadata"]["uid"])
        status = state["status"]
        assert condition(state, "Ready")["status"] == "True" and condition(state, "Synced")["status"] == "True"
        assert {peer["name"] for peer in status["peers"]} == {"r1", "r1-v6"}
        assert {peer["address"] for peer in status["peers"]} == {world.lab.router.v4, world.lab.router.v6}
        interface, = [i for i in status["interfaces"] if i["name"] == "eth0"]
        assert interface["up"] and world.lab.nodes[name].v4 in interface["addresses"]
        assert status["version"] and status["bootID"] and status["apiServer"].startswith("https://")
    table = world.cluster.kubectl("get", "hns")
    assert "SESSIONS" in table or "PEERS" in table
    assert table.count("2/2") == 3


def test_owned_addresses_and_counts_are_told(world):
    address, = world.create("told")
    routed, = world.create("routed", annotations={"heraldlb.io/address-pool": "routed"})
    try:
        def owners():
            return [name for name, state in states(world).items()
                    if address in [a["address"] for a in state["status"]["layer2"]["addresses"]]]
        wait_for(owners, 40, "one owner", until=lambda names: len(names) == 1)
        wait_for(lambda: states(world), 90, "one routed address each",
                 until=lambda found: all(s["status"]["announced"]["bgp"] >= 1 for s in found.values()))
        assert all(peer["prefixesSent"] >= 1 for state in states(world).values()
                   for peer in state["status"]["peers"] if peer["name"] == "r1"), routed
    finally:
        world.delete("told", "routed")


def test_what_is_wrong_with_metallbs_objects_is_told_here(world):
    """They have no condition of ours."""
    bad = config_object("IPAddressPool", "bad", "metallb.io/v1beta1", "metallb-system", addresses=["nonsense"])
    world.cluster.apply(bad)

    def errors(state):
        return [(e["group"], e["namespace"], e["name"], e["reason"]) for e in state["status"]["configErrors"]]
    try:
        wait_for(lambda: states(world), 40, "the error on all nodes", until=lambda found: all(
            ("metallb.io", "metallb-system", "bad", "InvalidValue") in errors(state) for state in found.values()))
    finally:
        world.cluster.kubectl("delete", "ipaddresspools.metallb.io", "bad", "-n", "metallb-system")
    wait_for(lambda: states(world), 40, "no error any more",
             until=lambda found: not any(errors(state) for state in found.values()))


def test_a_state_goes_with_its_node(world):
    """The same object as herald's, but for the Node, which is one without a daemon."""
    world.cluster.create_node("spare", ["10.9.0.77"])
    node = world.cluster.get("node", "spare")
    state = next(iter(states(world).values()))
    owner = {**state["metadata"]["ownerReferences"][0], "name": "spare", "uid": node["metadata"]["uid"]}
    world.cluster.apply({"apiVersion": state["apiVersion"], "kind": "NodeState",
                         "metadata": {"name": "spare", "ownerReferences": [owner]}, "status": state["status"]})
    assert "spare" in states(world)
    world.cluster.kubectl("delete", "node", "spare")
    wait_for(lambda: states(world), 60, "the state to go", until=lambda found: "spare" not in found)
    assert set(states(world)) == ALL
