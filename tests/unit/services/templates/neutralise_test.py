import json
from types import SimpleNamespace
from typing import Any

import pytest

from oduflow.adapters.postgres.connection import never
from oduflow.domain.anonymisation import FieldRule, Invented
from oduflow.domain.container import RunResult
from oduflow.domain.errors import Cancelled
from oduflow.domain.neutralised import NotNeutralised, Remaining, SqlScript
from oduflow.services.templates.neutralise import FLAG, neutralise, new_parameters
from oduflow.services.templates.neutralise_steps import OwnSteps
from tests.support.memory.postgres import MemoryCluster, MemoryPostgres, MemoryTenant

DATABASE = "tpl_0123456789"
PARTNER_NAME = FieldRule("res.partner", "name", Invented.NAME)


def test_odoos_own_neutralization_runs_then_the_rules_and_both_are_in_the_result(world):
    done = neutralise(world.odoo(ran=["base", "mail"]), world.tenant, new_parameters())

    assert done.odoo == ("base", "mail")
    assert [each.rule for each in done.rules] == ["system parameters"]
    assert done.proven == ("system parameters",)
    assert done.warnings == ()
    assert world.parameters[FLAG] == "true"


def test_the_database_gets_another_uuid_each_time(world):
    seen = set()
    for _ in range(2):
        neutralise(world.odoo(), world.tenant, new_parameters())
        seen.add(world.parameters["database.uuid"])

    assert len(seen) == 2


def test_an_odoo_without_neutralize_is_neutralised_by_the_rules_alone(world):
    done = neutralise(world.odoo(has_neutralize=False), world.tenant, new_parameters())

    assert done.odoo == ()
    assert world.parameters[FLAG] == "true"


def test_modules_without_code_are_a_warning(world):
    done = neutralise(
        world.odoo(without_code=[f"m{n}" for n in range(22)]), world.tenant, new_parameters()
    )

    assert "m0, m1" in done.warnings[0]
    assert "and 2 more" in done.warnings[0]


def test_a_module_whose_sql_fails_is_named_and_nothing_else_is_done(world):
    run = world.odoo(failed="payment", error='column "state" does not exist')

    with pytest.raises(NotNeutralised, match="module payment") as raised:
        neutralise(run, world.tenant, new_parameters())

    assert "does not exist" in raised.value.output
    assert world.parameters == {}


@pytest.mark.parametrize(
    "result",
    [
        RunResult(1, "CRITICAL ? odoo: no such database"),
        RunResult(0, "no report"),
        RunResult(137, 'oduflow: {"has_neutralize": true}'),
    ],
)
def test_an_odoo_that_does_not_finish_is_a_failure(result, world):
    with pytest.raises(NotNeutralised, match=f"exit code {result.exit_code}"):
        neutralise(lambda _command: result, world.tenant, new_parameters())

    assert world.parameters == {}


def test_rows_that_contradict_a_rule_are_a_failure_that_names_them(world):
    left = Remaining("mail servers", "ir_mail_server", ("id 1", "id 7"))
    world.postgres.change(DATABASE, remaining=(left,))

    with pytest.raises(NotNeutralised, match="1 of 2 rules") as raised:
        neutralise(world.odoo(), world.tenant, new_parameters())

    assert "mail servers: ir_mail_server id 1, id 7" in raised.value.message


def test_progress_is_reported_and_a_cancelled_work_stops(world):
    lines: list[str] = []
    neutralise(world.odoo(), world.tenant, new_parameters(), report=lines.append)
    assert len(lines) == 3

    with pytest.raises(Cancelled):
        neutralise(world.odoo(), world.tenant, new_parameters(), cancelled=lambda: True)


def test_the_teams_scripts_and_fields_come_after_the_proof_and_are_proven_again(world):
    own = OwnSteps((SqlScript("a.sql", "SELECT 1"),), (PARTNER_NAME,), "key")
    lines: list[str] = []

    done = neutralise(world.odoo(), world.tenant, new_parameters(), own, report=lines.append)

    assert done.scripts == ("a.sql",)
    assert [each.rule for each in done.anonymised] == ["res.partner.name"]
    assert world.postgres.databases[DATABASE].scripts == ("a.sql",)
    assert len(lines) == 6


def test_a_script_that_switches_something_on_again_is_named(world):
    class Reactivating(MemoryTenant):
        def run_scripts(self, scripts, cancelled=never):
            left = Remaining("scheduled actions", "ir_cron", ("id 4",))
            world.postgres.change(DATABASE, remaining=(left,))

    tenant: Any = Reactivating(world.postgres, DATABASE, "secret")
    own = OwnSteps((SqlScript("a.sql", "UPDATE ir_cron SET active = true"),))

    with pytest.raises(NotNeutralised, match=r"after the script a\.sql.*ir_cron id 4") as raised:
        neutralise(world.odoo(), tenant, new_parameters(), own)

    assert "must not switch on" in raised.value.hint


@pytest.fixture
def world():
    postgres = MemoryPostgres(prepared=True)
    cluster = MemoryCluster(postgres)
    cluster.create_role(DATABASE, "secret", connection_limit=1)
    cluster.create_database(DATABASE, DATABASE)
    postgres.install(DATABASE, ["base"])

    def odoo(**report):
        said = json.dumps({"has_neutralize": True, **report})
        return lambda _command: RunResult(0, f"INFO a log\noduflow: {said}\n")

    class NeutralisedWorld(SimpleNamespace):
        @property
        def parameters(self):
            return postgres.databases[DATABASE].parameters

    return NeutralisedWorld(
        postgres=postgres, tenant=MemoryTenant(postgres, DATABASE, "secret"), odoo=odoo
    )
