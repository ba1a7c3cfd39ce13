"""The commands that read files: `herald plan` and `herald check`, and the manners of all commands. Needs no network.

Every test/data/plan/NAME.yaml has its plan in NAME.json, written by hand from the rules, never from the program's output.
"""

import json
import os
import random
import re
import subprocess

import pytest
import yaml

from netlab.herald import binary
from netlab.topology import ROOT

PLANS = os.path.join(ROOT, "test", "data", "plan")
SAMPLES = os.path.join(ROOT, "deploy", "samples")
CASES = sorted(name[:-5] for name in os.listdir(PLANS) if name.endswith(".yaml"))
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")
OPTIONS = {
    "run": ("--kubeconfig", "--node-name", "--namespace", "--metallb-namespace", "--config", "--standalone",
            "--ignore-exclude-lb", "--load-balancer-class", "--daemonset",
            "--api-server", "--group-key", "--state-dir", "--http", "--log-level", "--help"),
    "plan": ("-f", "--filename", "-o", "--output", "-h", "--help", "Exit status: 0", "9223372036854775807"),
    "check": ("-o", "--output", "-h", "--help", "Exit status: 0"),
    "status": ("-o", "--output", "--kubeconfig", "--namespace", "-h", "--help", "Exit status: 0"),
    "version": ("-h", "--help"),
}
GOOD = "apiVersion: heraldlb.io/v1alpha1\nkind: IPAddressPool\nmetadata: {name: lan}\nspec: {addresses: [10.0.0.1/32]}\n"
REFUSED = GOOD.replace("10.0.0.1/32", "10.0.0.300")


class Answer:
    def __init__(self, process):
        self.status, self.out, self.err = process.returncode, process.stdout, process.stderr

    def json(self):
        assert (self.status, self.err) == (0, ""), self.err
        return json.loads(self.out)


def herald(*args, text="", cwd=None):
    """Runs herald with the text as its standard input."""
    process = subprocess.run([binary(), *map(str, args)], input=text, capture_output=True, text=True, timeout=30, cwd=cwd,
                             check=False)
    return Answer(process)


def plan(name):
    return herald("plan", "-f", f"{name}.yaml", "-o", "json", cwd=PLANS).json()


def expected(name):
    with open(os.path.join(PLANS, f"{name}.json"), encoding="utf-8") as file:
        return json.load(file)


def documents(name):
    with open(os.path.join(PLANS, f"{name}.yaml"), encoding="utf-8") as file:
        return list(yaml.load_all(file, Loader=yaml.BaseLoader))


def assert_wrong(answer, *words):
    """Status 2, nothing but one line that has these words."""
    assert (answer.status, answer.out) == (2, ""), answer.out + answer.err
    assert len(answer.err.splitlines()) == 1, answer.err
    for word in words:
        assert word in answer.err, f"{word!r} is not in: {answer.err}"


# ---- plan


@pytest.mark.parametrize("name", CASES)
def test_plan(name):
    assert plan(name) == expected(name)


def test_every_plan_has_a_case():
    """A plan whose case was renamed would never be looked at again."""
    assert CASES == sorted(name[:-5] for name in os.listdir(PLANS) if name.endswith(".json"))


# The message of a shadowed object names the file of the other, so the file is called as the case is.
@pytest.mark.parametrize("name", CASES)
def test_the_order_of_documents_changes_nothing(name, tmp_path):
    shuffled, chance = documents(name), random.Random(name)
    for _ in range(5):
        chance.shuffle(shuffled)
        texts = [json.dumps(numbers(document)) for document in shuffled]
        (tmp_path / f"{name}.yaml").write_text("\n---\n".join(texts))
        assert herald("plan", "-f", f"{name}.yaml", "-o", "json", cwd=tmp_path).json() == expected(name), texts


def numbers(value, key=""):
    """BaseLoader leaves every scalar a string, which keeps timestamps as they are; gives numbers and booleans back."""
    if isinstance(value, dict):
        return {name: numbers(item, name) for name, item in value.items()}
    if isinstance(value, list):
        return [numbers(item, key) for item in value]
    if key in ("port", "myASN", "peerASN", "localPref", "aggregationLength"):
        return int(value)
    is_bool = key in ("autoAssign", "avoidBuggyIPs", "unschedulable", "ready", "serving", "terminating", "autoAsign",
                      "allocateLoadBalancerNodePorts", "publishNotReadyAddresses")
    return value == "true" if is_bool else value


def test_a_list_is_its_items():
    """As kubectl get -o json prints it."""
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": [numbers(document) for document in documents("local")]})
    assert herald("plan", "-o", "json", "-", text=text).json() == expected("local")


def test_several_files_with_and_without_an_option(tmp_path):
    names = []
    for i, document in enumerate(documents("local")):
        names.append(tmp_path / f"{i}.yaml")
        names[-1].write_text(json.dumps(numbers(document)))
    assert herald("plan", "-o", "json", *names).json() == expected("local")
    assert herald("plan", "-f", names[0], "-o", "json", *names[1:]).json() == expected("local")
    assert herald("plan", "-o", "json", tmp_path).json() == expected("local")


def test_an_object_with_several_problems_has_one_row(tmp_path):
    """Two objects without a name are two objects."""
    nameless = REFUSED.replace("name: lan", "").replace("spec:", "odd: 1\nspec:")
    (tmp_path / "pools.yaml").write_text(f"{nameless}---\n{nameless}---\n{GOOD}")
    rows = herald("plan", tmp_path, "-o", "json").json()["objects"]
    assert [(row["name"], row["valid"]) for row in rows] == [("", False), ("", False), ("lan", True)]
    for row in rows[:2]:
        assert row["message"].count("; ") >= 2
        for field in ("metadata.name", "odd", "spec.addresses[0]"):
            assert row["message"].count(f"{field}:") == 1, row


@pytest.mark.parametrize("name", CASES)
def test_text_names_services_addresses_and_refusals(name):
    answer = herald("plan", f"{name}.yaml", cwd=PLANS)
    assert (answer.status, answer.err) == (0, "")
    assert not CONTROL.search(answer.out)
    for service in expected(name)["services"]:
        head = re.compile(rf"^service {service['namespace']}/{service['name']}:(.*)$", re.M).search(answer.out).group(1)
        assert all(f" {ip}" in head for ip in service["ips"]), head
        assert service["allocated"] or f" {service['reason']}: " in head, head
    for row in expected(name)["objects"]:
        assert (row["message"] in answer.out) == (not row["valid"])


def test_text_shows_the_address_that_is_not_announced():
    lines = herald("plan", "dual-stack.yaml", cwd=PLANS).out.splitlines()
    assert any(line.startswith("    BGP: Not 2001:db8:: (NoPeerOfFamily): ") for line in lines), lines
    assert any(line.startswith("    layer 2: Not 2001:db8::2 (NoEndpoints): ") for line in lines), lines


def test_text_says_which_label_or_taint_leaves_a_service_without_a_node():
    label = "node.kubernetes.io/exclude-from-external-load-balancers"
    objects = [document for document in documents("local") if document["kind"] != "Node"]
    nodes = [{"apiVersion": "v1", "kind": "Node", "metadata": {"name": f"cp-{i}", "labels": {label: ""}}} for i in range(3)]

    def told(*more):
        text = "\n---\n".join(json.dumps(numbers(each)) for each in (*objects, *nodes, *more))
        return [line for line in herald("plan", "-", text=text).out.splitlines() if "announced by no node" in line]

    lines = told()
    assert len(lines) == 2  # a Service of each externalTrafficPolicy
    assert all("NodeExcluded: None of 3 nodes may announce it. 3 nodes: " in line and label in line
               and "excludeLabel: ignore" in line for line in lines), lines
    nodes[0] = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "cp-0"},
                "spec": {"taints": [{"key": "ToBeDeletedByClusterAutoscaler", "effect": "NoSchedule"}]}}
    assert all("2 nodes: The node has the label" in line and "1 node: The node has the taint ToBeDeleted" in line
               for line in told())
    settings = {"apiVersion": "heraldlb.io/v1alpha1", "kind": "Settings", "metadata": {"name": "default"},
                "spec": {"excludeLabel": "ignore"}}
    lines = told(settings)
    assert len(lines) == 1 and "NoLocalEndpoints: " in lines[0]


@pytest.mark.parametrize("command", ["plan", "check"])
def test_text_has_no_control_characters(command, tmp_path):
    bad = "\x1b[2J\x07\x9b31m"
    odd = yaml.safe_load(GOOD)
    odd["metadata"]["name"] = bad
    odd["spec"]["addresses"] = [bad]
    odd["spec"][bad] = bad
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "annotations": {
        "heraldlb.io/address-pool": bad, "heraldlb.io/loadBalancerIPs": bad}}, "spec": {"type": "LoadBalancer"}}
    (tmp_path / "odd\x1b[2J.yaml").write_text(json.dumps(odd) + "\n---\n" + json.dumps(service))
    answer = herald(command, tmp_path)
    assert answer.status == (0 if command == "plan" else 1)
    assert "IPAddressPool" in answer.out
    assert not CONTROL.search(answer.out + answer.err), repr(answer.out + answer.err)


# ---- check


def test_check_says_yes():
    answer = herald("check", "-", text=GOOD)
    assert (answer.status, answer.out, answer.err) == (0, "1 object: 0 errors, 0 warnings, 0 notes\n", "")


def test_check_says_no(tmp_path):
    (tmp_path / "pool.yaml").write_text(GOOD + "---\n" + REFUSED.replace("lan", "wan"))
    answer = herald("check", "pool.yaml", cwd=tmp_path)
    assert (answer.status, answer.err) == (1, "")
    problem, total = answer.out.splitlines()
    assert problem.startswith("pool.yaml:9: error: IPAddressPool wan: spec.addresses[0]: ") and "(InvalidValue)" in problem
    assert total == "2 objects: 1 error, 0 warnings, 0 notes"


def test_check_in_json(tmp_path):
    (tmp_path / "pool.yaml").write_text(GOOD + "---\n" + REFUSED.replace("lan", "wan"))
    answer = herald("check", "-o", "json", "pool.yaml", cwd=tmp_path)
    document = json.loads(answer.out)
    problem, = document.pop("problems")
    assert answer.status == 1
    assert document == {"objects": 2, "errors": 1, "warnings": 0, "notes": 0}
    assert problem.pop("message").startswith("spec.addresses[0]: ")
    assert problem == {"severity": "error", "file": "pool.yaml", "line": 9, "group": "heraldlb.io", "kind": "IPAddressPool",
                       "namespace": "", "name": "wan", "field": "spec.addresses[0]", "reason": "InvalidValue"}


@pytest.mark.parametrize("text", ["kind: [unclosed\n", "\x01\x02\x7f", "- 1\n"])
def test_check_tells_of_a_document_that_is_no_yaml(text):
    answer = herald("check", "-", text=GOOD + "---\n" + text)
    assert answer.status == 1 and answer.err == ""
    assert re.match(r"-:\d+: error: .*\(InvalidYAML\)\n", answer.out), answer.out


def test_check_of_a_list_with_an_item_that_is_none():
    answer = herald("check", "-", text='{"apiVersion": "v1", "kind": "List", "items": [null]}')
    assert (answer.status, answer.err) == (1, "")
    assert "InvalidYAML" in answer.out


@pytest.mark.parametrize("name", sorted(os.listdir(SAMPLES)))
def test_samples_are_good(name):
    answer = herald("check", name, cwd=SAMPLES)
    assert answer.status == 0, answer.out
    assert "0 errors, 0 warnings" in answer.out.splitlines()[-1]


# ---- what cannot be read


# For characters that YAML does not allow, libyaml's reader tells no better than about where.
@pytest.mark.parametrize("text, lines", [("kind: [unclosed\n", {7}), ("\x01\x02\x7f", {5, 6}), ("- 1\n", {6}),
                                         ("a: 1\na: 2\n", {7})])
def test_plan_of_a_document_that_cannot_be_read(text, lines, tmp_path):
    """Half of the objects would give another plan, so there is none."""
    (tmp_path / "odd.yaml").write_text(f"{GOOD}---\n{text}")
    for output in ("text", "json"):
        answer = herald("plan", "-o", output, "odd.yaml", cwd=tmp_path)
        assert (answer.status, answer.out) == (2, "")
        seen = re.match(r"herald plan: odd\.yaml:(\d+): .*\n$", answer.err)
        assert seen and int(seen.group(1)) in lines, answer.err


def test_plan_tells_of_every_document_that_cannot_be_read(tmp_path):
    (tmp_path / "a.yaml").write_text("kind: [unclosed\n---\n- 1\n")
    (tmp_path / "b.json").write_text("{")
    answer = herald("plan", ".", "nowhere.yaml", cwd=tmp_path)
    assert (answer.status, answer.out) == (2, "")
    assert len(answer.err.splitlines()) == 4
    for word in ("a.yaml:", "b.json:", "nowhere.yaml cannot be read: "):
        assert word in answer.err


@pytest.mark.parametrize("command", ["plan", "check"])
@pytest.mark.parametrize("text", ["", "# nothing but words\n", "---\n---\n", "null\n"])
def test_nothing_to_read(command, text):
    assert_wrong(herald(command, "-", text=text), f"herald {command}: ", "no document")


@pytest.mark.parametrize("command", ["plan", "check"])
def test_an_empty_directory(command, tmp_path):
    assert_wrong(herald(command, tmp_path), f"herald {command}: ", "no document")


@pytest.mark.parametrize("command", ["plan", "check"])
def test_a_file_that_is_not_there(command, tmp_path):
    (tmp_path / "good.yaml").write_text(GOOD)
    assert_wrong(herald(command, "good.yaml", "nowhere.yaml", cwd=tmp_path), f"herald {command}: nowhere.yaml cannot be read")


# ---- manners


@pytest.mark.parametrize("command", sorted(OPTIONS))
def test_help(command):
    answer = herald(command, "--help")
    assert (answer.status, answer.err) == (0, "")
    assert f"herald {command}" in answer.out
    for option in OPTIONS[command]:
        assert re.search(rf"(?<![\w-]){re.escape(option)}(?![\w-])", answer.out), option


@pytest.mark.parametrize("args", [("--help",), ("-h",), ("help",)])
def test_help_names_the_commands(args):
    answer = herald(*args)
    assert (answer.status, answer.err) == (0, "")
    assert re.findall(r"^  (\w+) ", answer.out, re.M) == ["run", "plan", "check", "status", "version"]


@pytest.mark.parametrize("args", [("version",), ("--version",)])
def test_version(args):
    answer = herald(*args)
    assert (answer.status, answer.err) == (0, "")
    assert re.match(r"herald \d+\.\d+\.\d+ \(.*\)\n$", answer.out)


@pytest.mark.parametrize("args, problem", [
    (("plan",), "no file is given"),
    (("plan", "-f"), "-f needs a value"),
    (("plan", "--filename"), "--filename needs a value"),
    (("plan", "--nonsense"), "--nonsense is not an option"),
    (("plan", "-x"), "-x is not an option"),
    (("plan", "-xf", "a.yaml"), "-x is not an option"),
    (("plan", "--help=no"), "--help=no takes no value"),
    (("plan", "-o", "xml", "-"), "xml is not a format; write -o text or -o json"),
    (("check",), "no file is given"),
    (("check", "-o"), "-o needs a value"),
    (("check", "-f", "a.yaml"), "-f is not an option"),
    (("check", "--output=xml", "-"), "xml is not a format; write -o text or -o json"),
    (("version", "--nonsense"), "it takes nothing but --help"),
])
def test_a_wrong_command_line(args, problem):
    command = args[0]
    answer = herald(*args)
    assert_wrong(answer)
    assert answer.err == f"herald {command}: {problem}; `herald {command} --help` lists the options\n"


def test_no_command():
    answer = herald()
    assert (answer.status, answer.out) == (2, "")
    assert "Usage: herald COMMAND" in answer.err


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
@pytest.mark.parametrize("args", [("plan", "-o", "json", "-"), ("plan", "-"), ("check", "-"), ("check", "-o", "json", "-"),
                                  ("version",), ("plan", "--help"), ("--help",)])
def test_output_that_cannot_be_written(args):
    with open("/dev/full", "w", encoding="utf-8") as full:
        process = subprocess.run([binary(), *args], input=GOOD, stdout=full, stderr=subprocess.PIPE, text=True, timeout=30,
                                 check=False)
    assert process.returncode == 2
    assert re.match(r"herald.*: the output cannot be written: No space left on device\n$", process.stderr), process.stderr
