"""Mark every test by the folder it lives in, forbid sockets to unit tests, and take back SIGINT.

A skip would hide a missing part, so where `CI` is set one skipped test fails the run.

A shell script starts its background jobs with SIGINT ignored, and both Python and programs started
by it inherit that: tests that press Ctrl-C would wait for ever. A handler in this process, in each
worker of pytest-xdist too, is enough: exec resets a signal that is handled, unlike one that is
ignored, to its default (signal(7)), so no child needs a `preexec_fn`, which threads make unsafe.
"""

import gc
import os
import signal
from pathlib import Path

import pytest

from oduflow.adapters.docker.engine import Engine
from tests.support.compiled_routes import share_compiled_routes
from tests.support.compiled_statements import share_compiled_statements
from tests.support.compiled_templates import share_compiled_templates
from tests.support.real_fixtures import imports, instance, kept_template, sample_repository

__all__ = [
    "imports",
    "instance",
    "kept_template",
    "sample_repository",
]  # one of each per worker, for every folder

ROOT = Path(__file__).parent

pytest.register_assert_rewrite("tests.contract.suites")
share_compiled_routes()
share_compiled_statements()
share_compiled_templates()
gc.set_threshold(50_000, 20, 50)  # with thousands of tests in memory, each collection is slow
NO_SOCKET = {"unit", "architecture", "contract"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        folder = item.path.relative_to(ROOT).parts[0]
        item.add_marker(getattr(pytest.mark, folder))
        if folder in NO_SOCKET:
            item.add_marker(pytest.mark.disable_socket)


def pytest_collection_finish() -> None:
    """Keep what was collected out of the garbage collector's way: it lives to the end."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def no_engine_for_faces(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail what reaches Docker from a test of the faces, which may open other sockets.

    Such a call would make containers and firewall rules where there is an engine, and fail else.
    """
    if request.node.get_closest_marker("faces") is not None:
        monkeypatch.setattr(Engine, "_connect", _refuse)


def _refuse(_engine: Engine) -> None:
    raise AssertionError("a test of the faces reached for Docker")


class FailuresAtOnce:
    """Name each failure when it happens: a long run may never come to its summary."""

    def __init__(self, reporter: pytest.TerminalReporter) -> None:
        self._reporter = reporter

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self._reporter.write_line(f"\nfailed in {report.when}: {report.nodeid}")


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None and not hasattr(config, "workerinput"):
        config.pluginmanager.register(FailuresAtOnce(reporter))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or hasattr(session.config, "workerinput"):
        return
    counts = {kind: len(reporter.stats.get(kind, [])) for kind in ("passed", "failed", "skipped")}
    told = ", ".join(f"{kind} {count}" for kind, count in counts.items())
    reporter.write_line(f"\ncollected {sum(counts.values())}: {told}")
    if counts["skipped"] and os.environ.get("CI"):
        reporter.write_line("a skipped test hides a missing part: this run fails")
        session.exitstatus = 1
