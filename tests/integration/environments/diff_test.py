"""An environment is compared with its template: what differs is shown, and nothing else."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from oduflow.kernel.call import Origin
from oduflow.kernel.locks import LockKey
from oduflow.services.environments.reading_copy import ReadingCopyRecovery
from tests.support.instances import Instance, world
from tests.support.server import eventually
from tests.support.variants import held_at, plan_of, signed_in

pytestmark = pytest.mark.timeout(300)

VIEW = """UPDATE ir_ui_view SET arch_db = jsonb_set(arch_db, '{en_US}', to_jsonb(
    replace(arch_db ->> 'en_US', '<field name="email"', '<field readonly="1" name="email"')
)) WHERE id = (SELECT res_id FROM ir_model_data
    WHERE module = 'base' AND name = 'view_partner_form')"""
ACCESS = """DELETE FROM ir_model_access WHERE id = (SELECT res_id FROM ir_model_data
    WHERE model = 'ir.model.access' AND module = 'base' AND name = 'access_ir_mail_server')"""
FIELD = """INSERT INTO ir_model_fields
    (model, model_id, name, ttype, state, field_description, store)
    SELECT 'res.partner', id, 'x_colour', 'char', 'manual', '{"en_US": "Colour"}', true
    FROM ir_model WHERE model = 'res.partner'"""
CHANGES = (
    *(VIEW, ACCESS, FIELD, "ALTER TABLE res_partner ADD x_colour varchar"),
    "CREATE INDEX by_colour ON res_partner (x_colour)",
    "UPDATE ir_config_parameter SET value = '1' WHERE key = 'base.login_cooldown_after'",
    "INSERT INTO ir_config_parameter (key, value) VALUES ('acme.api_key', 'sk-do-not-show')",
    "INSERT INTO res_partner_category (name) SELECT '{}' FROM generate_series(1, 12)",
    "UPDATE ir_cron SET active = false WHERE id = 1",
    "UPDATE res_partner SET name = 'Renamed' WHERE id = 1",
)
SHOWN = {
    ("added", "fields", "res.partner.x_colour"),
    ("changed", "views", "base.view_partner_form"),
    ("removed", "access", "base.access_ir_mail_server"),
    ("added", "parameters", "acme.api_key"),
    ("changed", "parameters", "base.login_cooldown_after"),
    ("changed", "data", "base.autovacuum_job"),
    ("changed", "tables", "res_partner"),
    ("changed", "rows", "res_partner"),
    ("changed", "rows", "res_partner_category"),
}


def test_a_new_environment_differs_by_the_module_that_was_installed_alone(
    instance: Instance, compared: str
) -> None:
    found = changes(instance.ok("diff_environment", name=compared))

    assert ("added", "modules", "field_notes") in found
    assert ("added", "tables", "field_note") in found
    assert {name for kind, section, name in found if section == "views"} == {
        "field_notes.field_note_view_form",
        "field_notes.field_note_view_list",
    }
    assert {kind for kind, _, _ in found} == {"added"}
    assert {name.split(".")[0] for *_, name in found} <= {"field_notes", "field_note", "field"}


def test_exactly_what_was_changed_is_shown_and_nothing_is_left_behind(
    instance: Instance, compared: str
) -> None:
    before, everything = instance.ok("diff_environment", name=compared), world(instance)
    with signed_in(plan_of(instance, compared)) as session:
        for statement in CHANGES:
            session.execute(statement)

    begun = time.monotonic()
    after = instance.ok("diff_environment", name=compared)
    seconds = time.monotonic() - begun

    assert changes(after) - changes(before) == SHOWN
    assert changes(before) <= changes(after)
    [view] = [each for each in entries(after, "views") if each["change"] == "changed"]
    assert "\n+" in view["diff"]
    assert 'readonly="1" name="email"' in view["diff"]
    assert "sk-do-not-show" not in str(after)
    assert {"value: ****"} <= set(entries(after, "parameters")[0]["details"])
    [table] = [each for each in entries(after, "tables") if each["name"] == "res_partner"]
    assert len(table["details"]) == 2
    rows = {each["name"]: each["details"] for each in entries(after, "rows")}
    assert rows["res_partner"] == ["changed: 1 (id 1)"]
    added = "added: 12 (id 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, …)"
    assert rows["res_partner_category"] == ["rows: 0 → 12", added]
    assert world(instance) == everything
    assert seconds < 30, f"{seconds:.1f} s"


def test_one_section_or_one_model_is_compared(instance: Instance, compared: str) -> None:
    fields = instance.ok("diff_environment", name=compared, section="fields")
    model = instance.ok("diff_environment", name=compared, model="field.note")

    assert {each["section"] for each in fields["sections"]} == {"fields"}
    assert {section for _, section, _ in changes(model)} >= {"models", "fields", "views", "tables"}
    assert {section for _, section, _ in changes(model)}.isdisjoint({"modules", "parameters"})


def test_a_snapshot_is_compared_with_now_and_with_another_one(
    instance: Instance, compared: str
) -> None:
    instance.ok("create_snapshot", name=compared, snapshot="one")
    with signed_in(plan_of(instance, compared)) as session:
        session.execute("UPDATE ir_config_parameter SET value = 'x' WHERE key = 'database.secret'")
        session.execute("INSERT INTO ir_config_parameter (key, value) VALUES ('acme.a', '1')")
    instance.ok("create_snapshot", name=compared, snapshot="two")
    everything = world(instance)

    since = instance.ok("diff_environment", name=compared, before="one")
    between = instance.ok("diff_environment", name=compared, before="one", after="two")
    same = instance.ok("diff_environment", name=compared, before="two")

    assert (
        changes(since)
        == changes(between)
        == {
            ("added", "parameters", "acme.a"),
            ("changed", "parameters", "database.secret"),
        }
    )
    assert changes(same) == set()
    assert world(instance) == everything


def test_an_environment_that_is_stopped_is_compared_too(instance: Instance, compared: str) -> None:
    running = changes(instance.ok("diff_environment", name=compared))
    instance.ok("stop_environment", name=compared)

    assert changes(instance.ok("diff_environment", name=compared)) == running
    instance.ok("start_environment", name=compared)


def test_a_deletion_does_not_wait_for_a_comparison(
    instance: Instance, sample_repository: str
) -> None:
    before = world(instance)
    instance.ok("create_environment", name="short-lived", repo_url=sample_repository)
    with held_at(instance, "diff.right.after") as reached:
        job = instance.services.runner.call(
            "diff_environment", {"name": "short-lived"}, instance.actor(), Origin("cli"), wait=0
        ).job
        eventually(reached.exists, 60, lambda: "never reached")
        instance.ok("delete_environment", name="short-lived")
    ended = instance.call("wait_for_job", job=job)

    assert ended.error is not None
    assert ended.error.message == "short-lived was deleted while it was compared."
    assert world(instance) == before


def test_what_a_killed_comparison_leaves_is_dropped_once_its_lock_is_free(
    instance: Instance, compared: str
) -> None:
    deps, plan = instance.services.deps, plan_of(instance, compared)
    before, cluster = world(instance), deps.postgres.cluster("blue")
    cluster.create_role(plan.reading_copy("before"), "left", connection_limit=1)
    cluster.create_database(plan.reading_copy("before"), plan.reading_copy("before"))
    [left] = ReadingCopyRecovery(deps.infrastructure.databases, deps.postgres).left("blue")
    assert left.key == LockKey.reading_copy("blue", plan.id)

    with deps.work.locks.acquire(left.key, "reconcile") as held:
        left.settle(held)

    assert world(instance) == before
    assert (
        list(ReadingCopyRecovery(deps.infrastructure.databases, deps.postgres).left("blue")) == []
    )


def changes(shown: dict[str, Any]) -> set[tuple[str, str, str]]:
    """Return the changes of an answer: how, section and name."""
    return {
        (change["change"], section["section"], change["name"])
        for section in shown["sections"]
        for change in section["changes"]
    }


def entries(shown: dict[str, Any], section: str) -> list[dict[str, Any]]:
    return [
        each for one in shown["sections"] if one["section"] == section for each in one["changes"]
    ]


@pytest.fixture(scope="module")
def compared(instance: Instance, sample_repository: str) -> Iterator[str]:
    """Make an environment with one module."""
    instance.ok(
        "create_environment", name="compared", repo_url=sample_repository, modules=["field_notes"]
    )
    yield "compared"
    instance.ok("delete_environment", name="compared")
