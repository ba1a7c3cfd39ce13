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


def announced(lab, herald, docs, name, **options):
    docs.service(name, pool="routed", **options)
    docs.endpoints(name, lab.nodes.values())
    vip = wait_for(lambda: docs.status(name), 10, f"an address for {name}")[0]
    wait_for(lambda: lab.next_hops(vip), 10, "a route", until=lambda hops: hops == {"n1"})
    return vip


def test_a_typo_withdraws_nothing(lab, alone):
    """A file that cannot be read keeps what it had: Services, and the pool and peer that they are announced by."""
    docs, herald = alone
    herald.start().wait_ready()
    vip = announced(lab, herald, docs, "web")
    sessions = lab.router.session(lab.nodes["n1"].v4)
    for kind, name, namespace in (("IPAddressPool", "routed", "heraldlb-system"),
                                  ("BGPPeer", "r1", "heraldlb-system"), ("Service", "web", "default")):
        file = os.path.basename(docs.path(kind, name, namespace))
        docs.raw(file, "a: [\n")
        wait_for(lambda f=file: herald.log_lines(f, "is kept"), 10, "a line about the file")
    other = announced(lab, herald, docs, "other", ips=["203.0.113.9"])  # and the work goes on, by the kept pool
    assert lab.next_hops(vip) == lab.next_hops(other) == {"n1"}
    assert lab.router.session(lab.nodes["n1"].v4) == sessions
    assert herald.stop() == 0


def test_files_may_be_renamed_and_copied(lab, alone):
    docs, herald = alone
    herald.start().wait_ready()
    first = announced(lab, herald, docs, "first")
    second = announced(lab, herald, docs, "second")
    docs.delete_service("first")
    wait_for(lambda: lab.next_hops(first), 10, "no route", until=lambda hops: not hops)
    # a new allocation would take the lower address, which is free now
    path = docs.path("Service", "second", "default")
    with open(path, encoding="utf-8") as file:
        text = file.read()
    os.rename(path, os.path.join(docs.dir, "zzz.yaml"))
    announced(lab, herald, docs, "witness", ips=["203.0.113.9"])
    assert docs.status("second") == [second] and lab.next_hops(second) == {"n1"}
    docs.raw("copy.yaml", text)
    wait_for(lambda: herald.log_lines("stands in"), 10, "a line about the copy")
    docs.remove_file("zzz.yaml")
    announced(lab, herald, docs, "witness2", ips=["203.0.113.10"])
    assert docs.status("second") == [second] and lab.next_hops(second) == {"n1"}
    os.symlink(os.path.join(docs.dir, "copy.yaml"), os.path.join(docs.dir, "link.yaml"))
    docs.remove_file("link.yaml")
    assert herald.stop() == 0


def test_documents_as_kubectl_prints_them(lab, alone):
    """With a resourceVersion, uid and a status of their own; many in one file."""
    docs, herald = alone
    herald.start().wait_ready()
    text = "---\n".join(
        f"apiVersion: v1\nkind: Service\nmetadata: {{name: s{i}, namespace: default, resourceVersion: '77', uid: u{i},"
        f" annotations: {{heraldlb.io/address-pool: routed}}}}\n"
        "spec: {type: LoadBalancer, clusterIP: 10.0.0.1, ports: [{port: 80}]}\nstatus: {loadBalancer: {}}\n"
        f"---\napiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\n"
        f"metadata: {{name: s{i}, namespace: default, labels: {{kubernetes.io/service-name: s{i}}}}}\n"
        "addressType: IPv4\nendpoints: [{addresses: [10.9.0.1], nodeName: n1}]\n" for i in range(200))
    docs.raw("many.yaml", text)
    wait_for(lambda: herald.metrics().get('herald_bgp_prefixes_sent{peer="r1"}'), 20, "200 routes",
             until=lambda n: n == 200)
    assert lab.router.session(lab.nodes["n1"].v4) == ("Established", 1)
    assert herald.stop() == 0
