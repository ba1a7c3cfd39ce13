"""Bad documents hurt themselves only; a bad command line gets one line that says what to do, and exit status 2."""

import os

import pytest

from netlab import Daemon, Namespace, wait_for
from netlab.herald import CAPABILITIES, binary

ALL = {"n1", "n2", "n3"}
FILES = "/run/lab/files"
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


class CommandLine:
    """herald with a pod's privileges, which must end by itself. It sees the directory `outside` as FILES."""

    def __init__(self, namespace, outside):
        self.namespace = namespace
        self.outside = outside
        (outside / "state").mkdir()
        (outside / "documents").mkdir()

    def __call__(self, *args, capabilities=CAPABILITIES, env=None):
        """(exit status, what it wrote)"""
        daemon = Daemon(self.namespace, ["/run/lab/herald", *args], str(self.outside / "output"), env=env or {},
                        binds={binary(): "/run/lab/herald", str(self.outside): FILES}, capabilities=capabilities)
        return daemon.start().wait_end(20), daemon.text()

    def run(self, *args, **kwargs):
        return self("run", "--node-name", "n1", "--state-dir", f"{FILES}/state", *args, **kwargs)


@pytest.fixture
def herald(tmp_path):
    namespace = Namespace(f"hlcli-{os.getpid()}", "cli")
    yield CommandLine(namespace, tmp_path)
    namespace.remove()


def assert_one_line(answer, *words):
    status, text = answer
    lines = text.splitlines()
    assert status == 2, text
    assert len(lines) == 1, text
    for word in words:
        assert word in text, f"{word!r} is not in: {text}"


def test_an_unknown_flag(herald):
    assert_one_line(herald.run("--nonsense"), "--nonsense", "--help")


def test_an_unknown_command(herald):
    assert_one_line(herald("nonsense"), "nonsense", "--help")


def test_a_directory_that_is_not_there(herald):
    assert_one_line(herald.run("--standalone", f"{FILES}/nowhere"), f"{FILES}/nowhere")


def test_a_directory_that_may_not_be_read(herald):
    (herald.outside / "closed").mkdir(mode=0)
    assert_one_line(herald.run("--standalone", f"{FILES}/closed"), f"{FILES}/closed")


def test_a_state_directory_that_may_not_be_written(herald):
    (herald.outside / "closed").mkdir(mode=0o500)
    assert_one_line(herald("run", "--node-name", "n1", "--state-dir", f"{FILES}/closed", "--standalone",
                           f"{FILES}/documents"), f"{FILES}/closed", "--state-dir")


@pytest.mark.parametrize("text", ["", "{}", "not: [yaml", "apiVersion: v1\nkind: Config\nclusters: []\n"])
def test_a_wrong_kubeconfig(herald, text):
    (herald.outside / "config").write_text(text)
    assert_one_line(herald.run("--kubeconfig", f"{FILES}/config"), f"{FILES}/config")


def test_a_kubeconfig_that_is_not_there(herald):
    assert_one_line(herald.run("--kubeconfig", f"{FILES}/config"), f"{FILES}/config")


def test_neither_kubeconfig_nor_a_pod(herald):
    assert_one_line(herald.run(), "--kubeconfig")


def test_without_the_capability(herald):
    assert_one_line(herald.run("--standalone", f"{FILES}/documents", capabilities=()), "NET_RAW")


def test_no_node_name(herald):
    assert_one_line(herald("run", "--standalone", f"{FILES}/documents"), "--node-name")


def test_only_one_daemon_per_node(standalone, tmp_path):
    """The second one says so and ends; the first goes on."""
    first = standalone.heralds["n1"]
    second = CommandLine(first.node.ns, tmp_path)
    assert_one_line(second.run("--standalone", f"{FILES}/documents", "--http", "127.0.0.1:7499"))
    wait_for(first.ready, 5, "the first one still ready")
