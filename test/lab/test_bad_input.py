"""Bad documents hurt themselves only; a bad command line gets one line that says what to do, and exit status 2."""

import os
import subprocess

import pytest

from netlab import Namespace, wait_for
from netlab.herald import CAPABILITIES, binary

ALL = {"n1", "n2", "n3"}
BAD_FILES = {
    "not-yaml.yaml": "kind: [unclosed\n  nonsense: {{{\n",
    "not-an-object.yaml": "- 1\n- 2\n",
    "binary.yaml": "\x00\x01\x02\x7f",
    "no-kind.yaml": "apiVersion: v1\nmetadata: {name: x}\n",
    "deep.yaml": "a: " + "[" * 5000 + "\n",
    "bad-service.yaml": "apiVersion: v1\nkind: Service\nmetadata: {name: [], namespace: 3}\nspec: {ports: maybe}\n",
}


def test_bad_documents_hurt_nothing_else(standalone):
    lab, docs = standalone.lab, standalone.docs
    before = standalone.service("before", pool="routed")
    standalone.wait_next_hops(before, ALL)
    for name, text in BAD_FILES.items():
        docs.raw(name, text)
    docs.pool("odd", "10.9.0.300-10.9.0.2")
    docs.peer("odd", "not an address")
    after = standalone.service("after", pool="routed")
    standalone.wait_next_hops(after, ALL)
    assert lab.next_hops(before) == ALL
    for herald in standalone.heralds.values():
        assert herald.running()
        for name in ("not-yaml.yaml", "deep.yaml"):
            assert herald.log_lines(name), f"{herald} says nothing about {name}"
    for name in BAD_FILES:
        docs.remove_file(name)
    last = standalone.service("last", pool="routed")
    standalone.wait_next_hops(last, ALL)


@pytest.fixture
def alone():
    namespace = Namespace(f"hlcli-{os.getpid()}", "cli")
    yield namespace
    namespace.remove()


def herald(namespace, *args, capabilities=CAPABILITIES):
    """herald with a pod's privileges: (exit status, what it wrote to stderr). It must end by itself."""
    bounding = ",".join(["-all"] + [f"+{name}" for name in capabilities])
    done = subprocess.run(["nsenter", f"--net={namespace.path}", "--", "setpriv", "--bounding-set", bounding,
                           "--inh-caps", "-all", "--no-new-privs", "--", binary(), *args],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20, cwd="/",
                          env={"PATH": os.environ["PATH"]}, check=False)
    return done.returncode, done.stderr


def assert_one_line(answer, *words):
    status, text = answer
    lines = text.splitlines()
    assert status == 2, text
    assert len(lines) == 1, text
    for word in words:
        assert word in text, f"{word!r} is not in: {text}"


def common(tmp_path):
    (tmp_path / "state").mkdir()
    return ["run", "--node-name", "n1", "--state-dir", str(tmp_path / "state")]


def test_an_unknown_flag(alone, tmp_path):
    assert_one_line(herald(alone, *common(tmp_path), "--nonsense"), "--nonsense", "--help")


def test_an_unknown_command(alone):
    assert_one_line(herald(alone, "nonsense"), "nonsense", "--help")


def test_a_directory_that_is_not_there(alone, tmp_path):
    assert_one_line(herald(alone, *common(tmp_path), "--standalone", str(tmp_path / "nowhere")),
                    str(tmp_path / "nowhere"))


def test_a_directory_that_may_not_be_read(alone, tmp_path):
    (tmp_path / "closed").mkdir(mode=0)
    assert_one_line(herald(alone, *common(tmp_path), "--standalone", str(tmp_path / "closed")),
                    str(tmp_path / "closed"))


def test_a_state_directory_that_may_not_be_written(alone, tmp_path):
    (tmp_path / "documents").mkdir()
    (tmp_path / "closed").mkdir(mode=0o500)
    assert_one_line(herald(alone, "run", "--node-name", "n1", "--state-dir", str(tmp_path / "closed"),
                           "--standalone", str(tmp_path / "documents")), str(tmp_path / "closed"), "--state-dir")


@pytest.mark.parametrize("text", ["", "{}", "not: [yaml", "apiVersion: v1\nkind: Config\nclusters: []\n"])
def test_a_wrong_kubeconfig(alone, tmp_path, text):
    (tmp_path / "config").write_text(text)
    assert_one_line(herald(alone, *common(tmp_path), "--kubeconfig", str(tmp_path / "config")),
                    str(tmp_path / "config"))


def test_a_kubeconfig_that_is_not_there(alone, tmp_path):
    assert_one_line(herald(alone, *common(tmp_path), "--kubeconfig", str(tmp_path / "config")),
                    str(tmp_path / "config"))


def test_neither_kubeconfig_nor_a_pod(alone, tmp_path):
    assert_one_line(herald(alone, *common(tmp_path)), "--kubeconfig")


def test_without_the_capability(alone, tmp_path):
    (tmp_path / "documents").mkdir()
    assert_one_line(herald(alone, *common(tmp_path), "--standalone", str(tmp_path / "documents"), capabilities=()),
                    "NET_RAW")


def test_no_node_name(alone, tmp_path):
    assert_one_line(herald(alone, "run", "--standalone", str(tmp_path)), "--node-name")


def test_only_one_daemon_per_node(standalone):
    """The second one says so and ends; the first goes on."""
    first = standalone.heralds["n1"]
    (status, text) = herald(first.node.ns, "run", "--node-name", "n1", "--state-dir", first.state, "--standalone",
                            standalone.docs.dir, "--http", "127.0.0.1:7499")
    assert status == 2 and len(text.splitlines()) == 1, text
    wait_for(first.ready, 5, "the first one still ready")
