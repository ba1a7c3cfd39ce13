"""What the pytest suites share: `from netlab.plugin import *` in a conftest.py."""

import pytest

from .namespace import LabError, isolate
from .topology import Lab, require_tools

__all__ = ["lab", "pytest_runtest_makereport", "pytest_sessionstart"]


def pytest_sessionstart(session):
    try:
        isolate()
        require_tools()
    except LabError as error:
        pytest.exit(str(error), returncode=2)


@pytest.fixture
def lab():
    """Three nodes, the router and both clients, made for one test."""
    with Lab(nodes=3) as made:
        yield made


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failed test shows the ends of all logs of its laboratory, which is gone afterwards."""
    report = (yield).get_result()
    made = getattr(item, "funcargs", {}).get("lab")
    if report.when == "call" and report.failed and made is not None:
        report.sections += [(f"log of {name}", text) for name, text in made.logs().items()]
