"""SQL, commands, Python code and requests of callers in a real environment, by Odoo version."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import pytest

from oduflow.domain.errors import Failure
from oduflow.domain.outcome import Status
from tests.support.git_server import GitServer
from tests.support.images import VERSIONS
from tests.support.instances import Instance, world
from tests.support.variants import docker, plan_of

pytestmark = pytest.mark.timeout(900)  # the first one waits for the base template

NAME = "inside"
MODULE = {
    "acme_pages/__init__.py": "from . import controllers",
    "acme_pages/__manifest__.py": (
        '{"name": "Acme pages", "author": "Acme", "license": "LGPL-3", "depends": ["web"]}'
    ),
    "acme_pages/controllers.py": """
import json
import time

from odoo import http
from odoo.http import request


class Pages(http.Controller):
    @http.route("/acme/parameter", type="http", auth="none")
    def parameter(self):
        return request.env["ir.config_parameter"].sudo().get_param("acme.value") or "none"

    @http.route("/acme/echo", type="http", auth="none", csrf=False, methods=["POST", "PUT"])
    def echo(self, **given):
        sent = request.httprequest
        body = sent.get_data(as_text=True)
        answer = [sent.method, sent.headers.get("X-Acme"), sent.headers.get("Host"), given, body]
        return json.dumps(answer)

    @http.route("/acme/away", type="http", auth="none")
    def away(self):
        headers = [("Location", "http://169.254.169.254/secret")]
        return request.make_response("gone", headers=headers + [("Status", "302")])

    @http.route("/acme/long", type="http", auth="none")
    def long(self):
        return "x" * (3 << 20)

    @http.route("/acme/slow", type="http", auth="none")
    def slow(self):
        time.sleep(20)
        return "late"
""",
}


class RunningVersion(NamedTuple):
    """A running environment of one version."""

    version: str
    instance: Instance
    container: str

    def call(self, tool: str, **arguments: Any) -> Any:
        return self.instance.call(tool, name=NAME, **arguments)

    def ok(self, tool: str, **arguments: Any) -> Any:
        return self.instance.ok(tool, name=NAME, **arguments)

    def shell(self, code: str, **more: Any) -> Any:
        return self.ok("run_odoo_shell", code=code, **more)

    def failed(self, tool: str, **arguments: Any) -> Any:
        envelope = self.call(tool, **arguments)
        assert envelope.status is Status.FAILED, envelope
        return envelope

    def page(self, path: str, **more: Any) -> Any:
        return self.ok("http_request", path=path, **more)

    def processes(self) -> list[str]:
        return docker("top", self.container, "-o", "pid,args").splitlines()


@pytest.fixture(scope="module", params=VERSIONS)
def made(
    request: pytest.FixtureRequest, product: Instance, git: GitServer
) -> Iterator[RunningVersion]:
    version = request.param
    template = f"in-{version.partition('.')[0]}"
    before = world(product)
    product.ok("create_template", name=template, odoo_version=version)
    url = git.repository(template, {"main": MODULE})
    product.ok(
        "create_environment", name=NAME, repo_url=url, template=template, modules=["acme_pages"]
    )
    yield RunningVersion(version, product, plan_of(product, NAME).container)
    product.ok("delete_environment", name=NAME)
    product.ok("delete_template", name=template)
    assert world(product) == before


def test_rows_of_odoos_tables_are_read(made: RunningVersion) -> None:
    found = made.ok(
        "query_database", sql="select login, active from res_users where id = 1 order by id"
    )
    plan = made.ok("query_database", sql="select * from res_partner", explain=True)
    many = made.call("query_database", sql="select * from ir_model_data order by id", limit=1000)

    assert found["rows"] == [["__system__", False]]
    assert "actual time" in plan["rows"][0][0]
    assert many.truncated
    assert many.data.next_offset == len(many.data.rows) > 20
    with pytest.raises(Failure, match="read-only"):
        made.call("query_database", sql="update res_users set active = true")


def test_a_statement_is_committed_seen_by_the_serving_odoo_and_undone(made: RunningVersion) -> None:
    made.shell("env['ir.config_parameter'].set_param('acme.value', 'one'); env.cr.commit()")
    assert made.page("/acme/parameter")["text"] == "one"

    done = made.call(
        "execute_sql",
        sql="update ir_config_parameter set value = 'two' where key = 'acme.value' returning key",
    )

    assert (done.data.affected, done.data.rows) == (1, (("acme.value",),))
    assert made.page("/acme/parameter")["text"] == "two"
    assert done.snapshot
    made.ok("rollback_environment", snapshot=done.snapshot)
    assert made.page("/acme/parameter")["text"] == "one"
    failed = made.failed("execute_sql", sql="insert into ir_config_parameter (key) values (null)")
    assert "not-null" in failed.error.message


def test_code_answers_its_last_value_and_what_it_printed(made: RunningVersion) -> None:
    found = made.shell("print('hello')\nuser = env.user\nuser.id, env['res.partner']")
    nothing = made.shell("x = 1")
    long = made.call("run_odoo_shell", code="'x' * 100000")

    assert found["value"] == "(1, res.partner())"
    assert found["output"].strip() == "hello"
    assert found["changes"] == "none"
    assert nothing.get("value") is None
    assert "(100002 characters)" in long.data.value
    assert made.instance.ok("read_output", handle=long.output)["total"] >= 1


def test_only_what_code_commits_is_kept_and_served_at_once(made: RunningVersion) -> None:
    parameter = "env['ir.config_parameter'].set_param('acme.value', '{}')"
    made.shell(parameter.format("kept") + "\nenv.cr.commit()")
    assert made.page("/acme/parameter")["text"] == "kept"

    lost = made.call("run_odoo_shell", code=parameter.format("lost"))
    assert lost.data.changes == "rolled back"
    assert "changed data, rolled back" in lost.summary
    assert made.page("/acme/parameter")["text"] == "kept"

    partly = made.shell(
        parameter.format("first") + "\nenv.cr.commit()\n" + parameter.format("second")
    )
    assert partly["changes"] == "committed, then rolled back"
    assert made.page("/acme/parameter")["text"] == "first"
    assert made.shell("env['res.partner'].search([], limit=1).name")["changes"] == "none"


def test_an_exception_is_a_failure_with_the_codes_own_lines(made: RunningVersion) -> None:
    failed = made.failed(
        "run_odoo_shell", code="def f():\n    raise ValueError('no')\nprint('before')\nf()"
    )
    assert failed.error.message == "The code failed: ValueError: no."
    assert "before" in failed.error.output
    assert "File \"<code>\", line 2, in f\n    raise ValueError('no')" in failed.error.output
    assert "shell.py" not in failed.error.output
    assert "exec(" not in failed.error.output

    late = made.failed(
        "run_odoo_shell",
        code="env['res.partner'].create({'name': 'x'}).write({'parent_id': 10**6})",
    )
    assert "The code failed: " in late.error.message
    for code, said in {
        "x = (": "SyntaxError",
        "import sys; sys.exit(3)": "SystemExit: 3",
        "import os; os._exit(0)": "its end is unknown",
        "env.cr.execute('select nothing')": "UndefinedColumn",
        "try:\n    env.cr.execute('select nothing')\nexcept Exception:\n    pass": "aborted",
        "x = bytearray(1 << 40)": "MemoryError",
    }.items():
        assert said in made.failed("run_odoo_shell", code=code).error.message
    assert made.page("/web/login")["status"] == 200


def test_code_that_takes_too_long_or_is_called_off_leaves_no_process(made: RunningVersion) -> None:
    before = len(made.processes())
    begun = time.monotonic()
    failed = made.failed("run_odoo_shell", code="import time; time.sleep(600)", timeout=8)
    assert "did not end within 8 s" in failed.error.message
    assert time.monotonic() - begun < 40
    assert len(made.processes()) == before

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(made.call, "run_command", command=["sleep", "600"], timeout=900)
        jobs: list[Any] = []
        while not jobs:
            listed = made.instance.ok("list_jobs")["jobs"]
            jobs = [
                each["job"]
                for each in listed
                if each["operation"] == "run_command" and each["status"] == "running"
            ]
            time.sleep(0.2)
        time.sleep(1)
        made.instance.ok("cancel_job", job=jobs[0])
        assert running.result(60).status is Status.CANCELLED
    assert len(made.processes()) == before


def test_a_command_runs_as_odoos_user_in_the_checkout(made: RunningVersion) -> None:
    found = made.ok("run_command", command=["sh", "-c", "id -u; pwd; ls"])
    uid, folder, *names = found["output"].split()

    assert uid != "0"
    assert folder.startswith("/mnt/repo/")
    assert "acme_pages" in names
    failed = made.failed("run_command", command=["sh", "-c", "echo broken >&2; exit 3"])
    assert failed.error.message.endswith("ended with exit code 3.")
    assert failed.error.output == "broken"
    absent = made.failed("run_command", command=["no-such-program", "$(id)", "; id"])
    assert "there is no such program" in absent.error.message


def test_what_a_command_starts_ends_with_it(made: RunningVersion) -> None:
    before = len(made.processes())
    hidden = "setsid sh -c 'sleep 600 & sleep 600' & sleep 601 & echo done"

    begun = time.monotonic()
    assert made.ok("run_command", command=["sh", "-c", hidden])["output"] == "done\n"

    assert time.monotonic() - begun < 15
    assert len(made.processes()) == before


def test_a_request_goes_to_the_environment_with_its_headers_and_body(made: RunningVersion) -> None:
    sent = made.page(
        "/acme/echo?a=%201",
        method="PUT",
        headers={"X-Acme": "7", "Content-Type": "text/plain"},
        body="ä",
    )
    assert sent["status"] == 200
    assert '"PUT", "7"' in sent["text"]
    assert "localhost:" in sent["text"]
    login = made.page("/web/login")
    assert (login["status"], "<form" in login["text"]) == (200, True)
    assert made.page("/no-such-page")["status"] == 404
    call = made.page(
        "/web/webclient/version_info",
        method="POST",
        body='{"jsonrpc": "2.0", "method": "call", "params": {}}',
    )
    assert '"server_version"' in call["text"]


def test_no_request_goes_elsewhere_or_lasts(made: RunningVersion) -> None:
    root = made.call("http_request", path="/odoo" if made.version != "14.0" else "/web")
    assert 300 <= root.data.status < 400
    assert any("redirect" in warning for warning in root.warnings)
    long = made.call("http_request", path="/acme/long")
    assert any("2 MiB" in warning for warning in long.warnings)
    assert len(long.data.text) <= 8000
    begun = time.monotonic()
    with pytest.raises(Failure, match="within 2 s"):
        made.call("http_request", path="/acme/slow", timeout=2)
    assert time.monotonic() - begun < 10
    elsewhere = made.page("//169.254.169.254/latest")
    assert elsewhere["status"] in {301, 302, 303, 308, 400, 404}


def test_nothing_runs_in_a_stopped_environment(made: RunningVersion) -> None:
    made.ok("stop_environment")
    try:
        command = made.failed("run_command", command=["true"]).error
        code = made.failed("run_odoo_shell", code="1").error
        assert all("does not run" in error.message for error in (command, code))
        with pytest.raises(Failure, match="does not run"):
            made.call("http_request", path="/")
        assert made.ok("query_database", sql="select 1 as n")["rows"] == [[1]]
        assert made.ok("execute_sql", sql="select 1 as n")["rows"] == [[1]]
    finally:
        made.ok("start_environment")
