"""`herald status`: what a person sees who asks the cluster, and what it exits with."""

import json
import os
import subprocess

import pytest
from netlab import wait_for
from netlab.herald import binary

VIEWER = "viewer"


@pytest.fixture(scope="module")
def kubeconfigs(world):
    """Of the admin, of somebody who may look, and of somebody who may nothing."""
    world.cluster.apply({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
                         "metadata": {"name": VIEWER},
                         "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole",
                                     "name": "heraldlb-view"},
                         "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": VIEWER}]})
    yield {"viewer": world.cluster.kubeconfig(VIEWER, groups=[]), "nobody": world.cluster.kubeconfig("nobody", groups=[])}
    world.cluster.kubectl("delete", "clusterrolebinding", VIEWER)


def status(world, kubeconfig, *arguments, env=None):
    argv = ["ip", "netns", "exec", world.lab.control.name, binary(), "status", *arguments]
    if kubeconfig:
        argv += ["--kubeconfig", kubeconfig]
    clean = {"PATH": os.environ["PATH"], "HOME": "/nonexistent"}
    return subprocess.run(argv, capture_output=True, text=True, timeout=60, env={**clean, **(env or {})})


def document(world, kubeconfig):
    done = status(world, kubeconfig, "-o", "json")
    assert done.returncode in (0, 1), done.stderr
    return done.returncode, json.loads(done.stdout)


def test_all_is_well(world, kubeconfigs):
    found = wait_for(lambda: document(world, kubeconfigs["viewer"]), 60, "all is well",
                     until=lambda answer: answer[0] == 0)[1]
    assert {node["name"] for node in found["nodes"]} == {"n1", "n2", "n3"}
    assert all(node["fresh"] and node["status"]["sessions"] == "2/2" for node in found["nodes"])
    assert found["leader"]["node"] in {"n1", "n2", "n3"} and found["problems"] == []
    assert {pool["name"] for pool in found["pools"]} == {"segment", "routed"}
    assert all(pool["availableIPv4"] > 0 for pool in found["pools"])
    text = status(world, None, env={"KUBECONFIG": f"/nowhere:{kubeconfigs['viewer']}"})
    assert text.returncode == 0 and "All is well." in text.stdout
    assert text.stdout.count("Established") == 6 and "segment" in text.stdout


def test_what_is_wrong(world, kubeconfigs):
    n1 = world.lab.nodes["n1"]
    world.lab.router.vtysh("configure terminal", "router bgp 64513", f"neighbor {n1.v4} shutdown")
    try:
        wait_for(lambda: document(world, kubeconfigs["viewer"]), 60, "a session that is down",
                 until=lambda answer: answer[0] == 1 and any(
                     line.startswith(f"node n1: the session with r1 ({world.lab.router.v4}) is down since ")
                     for line in answer[1]["problems"]))
    finally:
        world.lab.router.vtysh("configure terminal", "router bgp 64513", f"no neighbor {n1.v4} shutdown")
    wait_for(lambda: status(world, kubeconfigs["viewer"]).returncode, 90, "all is well again",
             until=lambda code: code == 0)


def test_a_state_of_long_ago_is_told(world, kubeconfigs):
    old = {"apiVersion": "heraldlb.io/v1alpha1", "kind": "NodeState", "metadata": {"name": "gone"},
           "status": {"reportedAt": "2020-01-01T00:00:00Z", "peers": [
               {"name": "r1", "address": "10.0.0.1", "state": "Down", "since": "2020-01-01T00:00:00Z"}]}}
    world.cluster.apply(old)
    try:
        code, found = document(world, kubeconfigs["viewer"])
        assert code == 1
        assert found["problems"] == ["node gone: has not reported since 2020-01-01T00:00:00Z; look at its pod in "
                                     "heraldlb-system"]
    finally:
        world.cluster.kubectl("delete", "nodestate", "gone")


def test_a_daemon_that_never_started_is_missed(world, kubeconfigs):
    """No controller runs the DaemonSet here: what it would say is said for it."""
    def say(wanted):
        numbers = {"currentNumberScheduled": 0, "desiredNumberScheduled": wanted, "numberMisscheduled": 0, "numberReady": 0}
        world.cluster.kubectl("patch", "daemonset", "herald", "-n", "heraldlb-system", "--subresource=status",
                              "--type=merge", "-p", json.dumps({"status": numbers}))
    say(4)
    try:
        code, found = document(world, kubeconfigs["viewer"])
        assert code == 1 and found["problems"][0].startswith("3 of the 4 nodes that should run herald")
    finally:
        say(0)


def test_what_cannot_be_asked(world, kubeconfigs):
    refused = status(world, kubeconfigs["nobody"])
    assert refused.returncode == 2
    assert "403" in refused.stderr and "nodestates" in refused.stderr and "heraldlb-view" in refused.stderr
    nowhere = status(world, None)
    assert nowhere.returncode == 2 and "--kubeconfig" in nowhere.stderr
    assert status(world, "/nonexistent/config").returncode == 2
    dead = world.lab.dir + "/dead.kubeconfig"
    with open(kubeconfigs["viewer"], encoding="utf-8") as file, open(dead, "w", encoding="utf-8") as out:
        out.write(file.read().replace(":6443", ":1"))
    gone = status(world, dead)
    assert gone.returncode == 2 and "refused" in gone.stderr and "kubeconfig right" in gone.stderr
