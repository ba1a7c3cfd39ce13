"""Fixtures of the lab tests: the laboratory, and three heralds in standalone mode."""

import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from netlab import Documents, Herald, wait_for  # noqa: E402
from netlab.plugin import *  # noqa: E402,F401,F403  pylint: disable=wildcard-import,unused-wildcard-import

SANITIZER_WORDS = ("ERROR: AddressSanitizer", "ERROR: LeakSanitizer", "runtime error:", "DEADLYSIGNAL")


class Standalone:
    """Three heralds that share one directory of documents."""

    def __init__(self, lab):
        self.lab = lab
        self.docs = Documents.standard(lab)
        self.heralds = {node.name: Herald(lab, node, standalone=self.docs) for node in lab.nodes.values()}

    def start(self):
        for herald in self.heralds.values():
            herald.start()
        for herald in self.heralds.values():
            herald.wait_ready()
        return self

    def service(self, name, family="IPv4", *, endpoints=None, **options):
        """Writes a Service and its endpoints (on all nodes, or on those given), waits for its address, returns it."""
        self.docs.service(name, families=(family,), **options)
        self.docs.endpoints(name, self.lab.nodes.values() if endpoints is None else endpoints)
        vip = wait_for(lambda: self.docs.status(name), 15, f"an address for {name}")[0]
        self.lab.serve(vip)
        return vip

    def wait_next_hops(self, vip, names, timeout=20):
        return wait_for(lambda: self.lab.next_hops(vip), timeout, f"next hops {sorted(names)} for {vip}",
                        until=lambda seen: seen == set(names))

    def stop(self):
        """Every herald that still runs must end by itself on SIGTERM, with status 0."""
        running = [herald for herald in self.heralds.values() if herald.running()]
        for herald in running:
            herald.signal_term()
        for herald in running:
            status = herald.wait_end()
            assert status == 0, f"{herald} ended with {status}; its log ends:\n{herald.daemon.tail()}"

    def check_sanitizers(self):
        for herald in self.heralds.values():
            log = herald.log()
            assert not any(word in log for word in SANITIZER_WORDS), f"{herald}:\n{herald.daemon.tail(60)}"


@pytest.fixture
def standalone(lab):
    """Three ready heralds; at the end they are stopped, and none may have died or have been found out by a sanitizer."""
    cluster = Standalone(lab).start()
    yield cluster
    cluster.stop()
    cluster.check_sanitizers()


def url(vip):
    return f"http://[{vip}]/" if ":" in vip else f"http://{vip}/"
