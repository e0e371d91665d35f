"""Tests of real modules on a clone of a real environment: every way a test can end, on both ends
of the range of versions, and nothing that stays."""

import logging
import re
import threading
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from oduflow.domain.passwords import odoo_hash
from oduflow.domain.plan import EnvironmentPlan
from tests.support.git_server import GitServer
from tests.support.images import VERSIONS
from tests.support.instances import TEMPLATE, Instance
from tests.support.server import eventually
from tests.support.tested_module import FILES, HANGS
from tests.support.variants import docker, plan_of, signed_in

log = logging.getLogger(__name__)
pytestmark = pytest.mark.timeout(900)

BROKEN_IMPORT = "import nolib_of_tests\n"
REACHES = """import socket
from odoo.tests.common import TransactionCase

OPEN = '''
SELECT datname FROM pg_database
WHERE has_database_privilege(datname, 'CONNECT') AND datname ~ '^(env|tpl)_'
'''


class TestReach(TransactionCase):
    def test_odoo(self):
        with self.assertRaises(OSError):
            socket.create_connection(("{address}", 8069), timeout=2)

    def test_databases(self):
        self.env.cr.execute(OPEN)
        self.assertEqual(self.env.cr.fetchall(), [("{database}",)])
"""
ENDS = HANGS.replace("time.sleep(600)", "__import__('os')._exit(0)")


@dataclass
class EnvironmentUnderTest:
    """An environment with the modules of `tested_module`, whose Odoo serves."""

    version: str
    instance: Instance
    name: str
    plan: EnvironmentPlan

    def run(self, *modules: str, **more: Any) -> Any:
        started = time.monotonic()
        envelope = self.instance.call(
            "run_tests", "blue", name=self.name, modules=list(modules), **more
        )
        log.info(
            "%s %s %s: %.1f s: %s",
            self.version,
            modules,
            more,
            time.monotonic() - started,
            envelope,
        )
        return envelope

    def write(self, path: str, text: str) -> None:
        (self.plan.checkout / path).write_text(text)

    def leftovers(self) -> set[str]:
        """Name what belongs to tests, in Docker, in PostgreSQL, and on disk."""
        containers = docker("ps", "-a", "--format", "{{.Names}}").split()
        volumes = docker("volume", "ls", "--format", "{{.Name}}").split()
        cluster = self.instance.services.deps.postgres.cluster("blue")
        plan = self.plan
        mine = {plan.tests_container, plan.tests_filestore, plan.tests_database}
        found = mine & {*containers, *volumes, *cluster.databases(), *cluster.roles()}
        layers = self.instance.services.deps.engine.volumes.mountpoint(plan.layers)
        folders = (plan.tests_folder, layers / "tests", *layers.glob("snapshots/*"))
        return found | {str(each) for each in folders if each.exists()}


def outcomes(envelope: Any) -> dict[str, str]:
    return {each.test: each.outcome for each in envelope.data.failures}


def test_every_way_in_which_a_test_ends_is_told(made: EnvironmentUnderTest) -> None:
    envelope = made.run("checked")

    assert envelope.status == "failed"
    shown = envelope.data
    assert outcomes(envelope) == {
        "/checked:TestUnprepared.setUpClass": "error",
        "/checked:TestOutcomes.test_breaks": "error",
        "/checked:TestOutcomes.test_fails": "failed",
        "/checked:TestOutcomes.test_parts": "failed",
        "/checked:TestUnprepared.test_first": "never_run",
        "/checked:TestUnprepared.test_second": "never_run",
    }
    counts = shown.counts
    assert (counts.planned, counts.passed, counts.failed) == (10, 3, 2)
    assert (counts.errors, counts.skipped, counts.never_run) == (2, 2, 2)
    failed = next(each for each in shown.failures if each.test.endswith("test_fails"))
    assert (failed.file, failed.line) == ("checked/tests/test_outcomes.py", 12)
    assert failed.message == "AssertionError: 1 != 2"
    broke = next(each for each in shown.failures if each.test.endswith("test_breaks"))
    assert (broke.file, broke.line) == ("checked/tests/test_outcomes.py", 15)
    assert "no.such.model" in broke.message
    reasons = {each.reason: each.tests for each in shown.skipped}
    assert reasons["not for now"] == reasons["needs another country"] == 1
    assert envelope.warnings == ()
    assert "2 failed, 2 errors, 2 never run, 2 skipped, 3 passed of 10 tests" in envelope.summary
    assert envelope.error is not None
    assert "FAILED /checked:TestOutcomes.test_fails (checked/tests/test_outcomes.py:12)" in (
        envelope.error.output
    )
    assert made.leftovers() == set()


def test_the_counts_are_those_of_odoos_own_report(made: EnvironmentUnderTest) -> None:
    own = made.run("checked", "sound").data
    options = ["--test-tags", "/checked,/sound", "--stop-after-init", "--http-port", "8999"]
    command = ["odoo", "--config", "/etc/odoo/odoo.conf", *options]
    with signed_in(made.plan) as session:  # as in the clone
        change = "UPDATE res_users SET password = %s WHERE login = 'admin'"
        session.execute(change, [odoo_hash("admin")])

    ran: Any = made.instance.call(
        "run_command", "blue", name=made.name, command=command, timeout=300
    )

    printed = ran.error.output if ran.error is not None else ran.data.output
    (said,) = re.findall(r"(\d+ failed, \d+ error\(s\) of \d+ tests) when loading", printed)
    assert own.odoo == said
    failed, errors, begun = map(int, re.findall(r"\d+", said))
    counts = own.counts
    assert begun == counts.planned - counts.never_run - 1  # the class that skipped itself
    assert (failed, errors) == (counts.failed + 1, counts.errors), "both parts of one test"


def test_a_sound_module_is_a_success_and_changes_nothing(made: EnvironmentUnderTest) -> None:
    partners = count_of(made, "res_partner")

    envelope = made.run("sound")

    assert envelope.status == "ok", envelope.error
    assert envelope.data.counts.passed == envelope.data.counts.planned == 2
    assert envelope.warnings == ()
    assert envelope.summary == f"{made.name}: 2 passed of 2 tests of sound."
    assert count_of(made, "res_partner") == partners
    assert made.leftovers() == set()


@pytest.mark.parametrize(
    ("modules", "more", "kind", "said"),
    [
        (["chekced"], {}, "not_found", "Did you mean checked?"),
        (["sale"], {}, "conflict", "sale is not installed"),
        (["sound"], {"tags": "a b"}, "invalid", "“a b” is no test tag"),
        (["sound"], {"tags": "/checked:TestOutcomes"}, "invalid", "name module checked"),
    ],
)
def test_what_cannot_run_is_refused_before_anything_runs(
    made: EnvironmentUnderTest, modules: list[str], more: dict[str, str], kind: str, said: str
) -> None:
    before = made.instance.ok("list_test_runs", name=made.name)

    error = made.run(*modules, **more).error

    assert error is not None
    assert (error.kind, said in error.message) == (kind, True), error.message
    assert made.instance.ok("list_test_runs", name=made.name) == before


@pytest.mark.parametrize(
    ("modules", "tags", "said"),
    [
        (["bare"], "", "bare has no standard test, so nothing was tested."),
        (["sound"], "no_such_tag", "No test of sound has the tags no_such_tag"),
        (["sound"], ":TestSuond", "No test of sound has the tags :TestSuond"),
    ],
)
def test_no_test_is_a_failure(
    made: EnvironmentUnderTest, modules: list[str], tags: str, said: str
) -> None:
    envelope = made.run(*modules, tags=tags)

    assert envelope.status == "failed"
    assert said in envelope.summary
    assert made.leftovers() == set()


def test_tags_choose_tests_that_are_not_standard(made: EnvironmentUnderTest) -> None:
    envelope = made.run("checked", tags="slow, :TestOutcomes.test_passes")

    assert envelope.status == "ok", envelope.error
    assert envelope.data.counts.planned == 2


def test_what_failed_is_run_again_with_the_edits_of_now(made: EnvironmentUnderTest) -> None:
    first = made.run("checked").data
    path = "checked/tests/test_outcomes.py"
    text = (made.plan.checkout / path).read_text()
    made.write(path, text.replace("found = 1", "found = 2").replace("raise ValueError", "str"))

    second = made.run(failed_of=first.run)

    made.write(path, text)
    assert second.data.modules == ("checked",)
    assert second.data.failed_of == first.run
    assert second.data.counts.planned == 5
    assert outcomes(second) == {
        "/checked:TestOutcomes.test_breaks": "error",
        "/checked:TestOutcomes.test_parts": "failed",
    }


def test_tests_that_cannot_be_imported_are_an_error_of_their_module(
    made: EnvironmentUnderTest,
) -> None:
    path = "checked/tests/test_outcomes.py"
    text = (made.plan.checkout / path).read_text()
    made.write(path, text + BROKEN_IMPORT)

    envelope = made.run("checked", "sound")

    made.write(path, text)
    (failure,) = envelope.data.failures
    assert (failure.test, failure.outcome) == ("/checked", "error")
    assert failure.file == path
    assert failure.line == len(text.splitlines()) + 1
    assert "nolib_of_tests" in failure.message
    assert envelope.data.counts.passed == 2, "of the other module"


def test_a_run_that_takes_too_long_names_the_test_that_ran(made: EnvironmentUnderTest) -> None:
    made.write("sound/tests/test_sound.py", HANGS)

    envelope = made.run("sound", timeout=45)

    made.write("sound/tests/test_sound.py", FILES["sound/tests/test_sound.py"])
    assert envelope.error is not None
    assert envelope.error.message.startswith("The tests did not end within 45 s")
    assert outcomes(envelope) == {
        "/sound:TestHangs.test_b_hangs": "error",
        "/sound:TestHangs.test_c_waits": "never_run",
    }
    assert envelope.data.counts.passed == 1
    assert made.leftovers() == set()


def test_a_test_that_ends_the_process_is_no_success(made: EnvironmentUnderTest) -> None:
    made.write("sound/tests/test_sound.py", ENDS)

    envelope = made.run("sound")

    made.write("sound/tests/test_sound.py", FILES["sound/tests/test_sound.py"])
    assert envelope.status == "failed"
    assert outcomes(envelope) == {
        "/sound:TestHangs.test_b_hangs": "error",
        "/sound:TestHangs.test_c_waits": "never_run",
    }


def test_a_cancelled_run_keeps_what_was_known_and_leaves_nothing(
    made: EnvironmentUnderTest,
) -> None:
    made.write("sound/tests/test_sound.py", HANGS)
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(made.run("sound")))

    thread.start()
    eventually(lambda: bool(running_job(made, "1 of 3")), 90)
    made.instance.ok("cancel_job", job=running_job(made, "1 of 3"))
    thread.join(60)

    made.write("sound/tests/test_sound.py", FILES["sound/tests/test_sound.py"])
    (envelope,) = found
    assert envelope.status == "cancelled"
    assert envelope.error is not None
    assert "1 of 3 tests had run" in envelope.error.message
    newest = made.instance.ok("list_test_runs", name=made.name)["test_runs"][0]
    assert newest["status"] == "cancelled"
    assert newest["counts"]["passed"] == 1
    assert made.leftovers() == set()


def test_a_run_is_shown_later_as_text_and_as_junit_xml(made: EnvironmentUnderTest) -> None:
    run = made.run("checked").data.run

    text = made.instance.call("get_test_run", "blue", name=made.name, run=run)
    xml = made.instance.call("get_test_run", "blue", name=made.name, run=run, junit=True)

    assert "passed" in read(made, text)
    assert "Traceback" in read(made, text)
    suites = ET.fromstring(read(made, xml))  # noqa: S314 - of the product
    assert suites.attrib["failures"] == "2"
    (suite,) = suites
    assert suite.attrib["name"] == "checked"
    kinds = [child.tag for case in suite for child in case]
    assert sorted(kinds) == ["error"] * 4 + ["failure"] * 2 + ["skipped"] * 2


def test_tests_do_not_reach_the_serving_odoo(made: EnvironmentUnderTest) -> None:
    address = docker(
        "inspect",
        "-f",
        "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}",
        made.plan.container,
    ).strip()
    text = REACHES.format(address=address, database=made.plan.tests_database)
    made.write("sound/tests/test_sound.py", text)

    envelope = made.run("sound")

    made.write("sound/tests/test_sound.py", FILES["sound/tests/test_sound.py"])
    assert envelope.status == "ok", envelope.error
    assert envelope.data.counts.passed == 2


def running_job(made: EnvironmentUnderTest, said: str) -> str:
    for job in made.instance.ok("list_jobs", active=True)["jobs"]:
        if job["operation"] == "run_tests" and said in (job["message"] or ""):
            return str(job["job"])
    return ""


def read(made: EnvironmentUnderTest, envelope: Any) -> str:
    assert envelope.output is not None
    return str(made.instance.ok("read_output", handle=envelope.output)["text"])


def count_of(made: EnvironmentUnderTest, table: str) -> int:
    with signed_in(made.plan) as session:
        ((count,),) = session.execute(f"SELECT count(*) FROM {table}")  # noqa: S608 - of this file
    return int(count)


@pytest.fixture(scope="module", params=VERSIONS[::-1])
def made(
    request: pytest.FixtureRequest, product: Instance, git: GitServer
) -> Iterator[EnvironmentUnderTest]:
    """An environment of the newest version, then one of the oldest."""
    version = request.param
    name = f"tests-{version.partition('.')[0]}"
    template = TEMPLATE if version == VERSIONS[-1] else name
    if template != TEMPLATE:
        product.ok("create_template", name=template, odoo_version=version)
    url = git.repository(name, {"main": FILES})
    modules = ["checked", "sound", "bare"]
    product.ok("create_environment", name=name, repo_url=url, template=template, modules=modules)
    yield EnvironmentUnderTest(version, product, name, plan_of(product, name))
    product.ok("delete_environment", name=name)
    if template != TEMPLATE:
        product.ok("delete_template", name=template)
