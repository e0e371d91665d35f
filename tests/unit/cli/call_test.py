import json
import signal
import threading

import pytest
from rich.console import Console
from rich.status import Status as Spinner
from rich.text import Text

from oduflow import bootstrap
from oduflow.cli import call as call_command
from oduflow.domain.access import Actor, ActorKind
from oduflow.domain.audit.view import ReadAudit
from oduflow.domain.clock import now
from oduflow.domain.errors import Cancelled
from oduflow.domain.job import Job, Progress
from oduflow.domain.outcome import Envelope, Nothing, Status
from oduflow.kernel.registry import Registry
from oduflow.kernel.runner import Runner
from oduflow.settings import load
from tests.support.command_line import oduflow


def test_a_call_prints_what_people_read(config):
    shown = call(config, "list_environments")

    assert shown.exit_code == 0
    assert "0 of 20 environments in use." in shown.stdout
    assert "next: oduflow call create_environment NAME REPO_URL --config" in shown.stdout


def test_a_call_prints_its_envelope_for_scripts(config):
    shown = call(config, "--json", "list_environments")

    assert shown.exit_code == 0
    assert json.loads(shown.stdout)["status"] == "ok"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["get_environment", "shop"], 4, "not_found: There is no environment “shop”."),
        (["get_environment"], 2, "invalid: get_environment: name is required."),
        (["get_environment", "--nam", "x"], 2, "invalid: get_environment has no field --nam."),
        (["get_enviroment", "shop"], 4, "not_found: There is no operation “get_enviroment”."),
        (["list_environments", "--team", "2"], 2, "invalid: There is no team “2”."),
    ],
)
def test_a_call_that_is_refused_says_why_and_leaves_with_its_kinds_code(config, words, code, said):
    shown = call(config, *words)

    assert (shown.exit_code, shown.stdout) == (code, "")
    assert said in shown.stderr


def test_a_script_reads_a_failure_from_the_envelope_and_the_exit_code(config):
    shown = call(config, "--json", "get_environment", "name=shop")

    answer = json.loads(shown.stdout)
    assert shown.exit_code == 4
    assert (answer["status"], answer["error"]["kind"]) == ("failed", "not_found")


def test_no_field_has_the_name_of_an_option_which_would_take_its_value():
    options = {parameter.name for parameter in call_command.call.params}
    fields = {
        field
        for operation in Registry.discover(bootstrap.OPERATIONS)
        for field in operation.arguments.model_fields
    }

    assert {"url", "token_file", "team", "config"} <= options
    assert fields & (options | {"json"}) == set()


def test_a_script_reads_a_mistake_from_the_envelope(config):
    shown = call(config, "--json", "get_environment", "--nam", "x")

    assert shown.exit_code == 2
    assert json.loads(shown.stdout)["error"]["message"] == "get_environment has no field --nam."


def test_a_call_is_audited_as_the_person_on_this_machine(config, monkeypatch):
    monkeypatch.setattr("getpass.getuser", lambda: "ada")

    call(config, "get_environment_login", "shop")

    services = bootstrap.build(load(config))
    (found,) = services.deps.store.audit.find("1", ReadAudit())
    row = found.row
    services.store.close()
    assert (str(row.actor), row.face, row.operation) == ("cli:ada", "cli", "get_environment_login")
    assert (row.outcome, row.fields) == ("not_found", {"name": "shop"})


def test_what_a_tenant_wrote_is_neither_markup_nor_an_order_to_the_terminal(config, monkeypatch):
    told = Progress("git", "reading [/wheels] \x1b[2J", 1, 2)
    actor = Actor("1", ActorKind.CLI, "ada")
    job = Job("j", "list", "x", actor, "cli", Status.RUNNING, now(), now(), told)
    shown: list[Text] = []

    def run(*_words, on_progress, **_more):
        on_progress(job)
        return Envelope[Nothing](status=Status.OK, summary="Done.")

    monkeypatch.setattr(Runner, "call", run)
    monkeypatch.setattr(Console, "is_terminal", True)
    monkeypatch.setattr(Spinner, "update", lambda _status, line: shown.append(line))

    assert call(config, "list_environments").exit_code == 0
    assert isinstance(shown[0], Text)
    assert shown[0].plain.endswith("reading [/wheels] [2J")


@pytest.mark.parametrize("tool", ["list_environments", "create_environment"])
def test_ctrl_c_leaves_as_shells_expect_it(config, monkeypatch, tool):
    def interrupted(*_words, **_more):
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        raise Cancelled("Stopped on request.")

    monkeypatch.setattr(Runner, "call", interrupted)

    shown = call(config, tool)

    assert (shown.exit_code, shown.stdout) == (130, "")
    assert shown.stderr.splitlines()[-1].startswith("interrupted")


def call(config, *words):
    return oduflow("call", "--config", config, *words)


@pytest.fixture
def config(tmp_path):
    place = tmp_path / "oduflow.toml"
    place.write_text(
        f'[server]\ninstance = "test-cli"\ndata_dir = "{tmp_path}/data"\n'
        '[team.1]\nauth_token = "token-0123456789abcdef"\nui_password = "password-0123456789"\n'
    )
    return place
