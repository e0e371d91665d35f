import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oduflow.adapters.docker.subnets import bridge_name
from oduflow.domain.plan import (
    READING_COPIES,
    EnvironmentPlan,
    Naming,
    TemplatePlan,
    environment_of,
)
from tests.support.store_rows import environment, template

DOCKER_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]+")  # the engine's own rule
LONGEST_FILE_NAME = 255  # a volume's folder and a container's log file carry its name
LONGEST_IDENTIFIER = 63  # PostgreSQL's NAMEDATALEN less its closing zero
LONGEST_BRIDGE = 15

few = settings(deadline=None, max_examples=40)
instances = st.from_regex(r"[a-z](?:[a-z0-9-]{0,29}[a-z0-9])?", fullmatch=True)
teams = st.from_regex(r"[a-z0-9-]{1,16}", fullmatch=True)
names = st.from_regex(r"[a-z0-9][a-z0-9-]{0,38}", fullmatch=True)
ids = st.from_regex(r"[a-z2-7]{12}", fullmatch=True)
NAMING = Naming("oduflow", Path("/data"))
OPAQUE = "abcdefghijkl"


@few
@given(instances, teams, names, ids)
def test_every_name_keeps_within_its_systems_limits(instance, team, name, opaque):
    naming = Naming(instance, Path("/data"))
    made = EnvironmentPlan(naming, opaque, team, name)
    base = TemplatePlan(naming, opaque, team, name)
    docker = [
        *(
            naming.network,
            naming.build_network,
            naming.database(team),
            naming.database_volume(team),
        ),
        *(naming.team_network(team), made.container, made.one_off, made.filestore, made.layers),
        *(base.one_off, base.volume),
    ]

    assert all(DOCKER_NAME.fullmatch(made) for made in docker)
    assert max(map(len, docker)) <= LONGEST_FILE_NAME
    assert max(len(made.database), len(base.database)) <= LONGEST_IDENTIFIER
    assert len(bridge_name(instance, f"team-{team}")) <= LONGEST_BRIDGE


@few
@given(st.tuples(teams, names), st.tuples(teams, names), instances)
def test_two_environments_share_no_name(one, other, instance):
    naming = Naming(instance, Path("/data"))
    first, second = (
        {made.container, made.one_off}
        for made in (EnvironmentPlan(naming, OPAQUE, *one), EnvironmentPlan(naming, OPAQUE, *other))
    )

    assert (first == second) is (one == other)
    assert one == other or not first & second


@pytest.mark.parametrize(
    ("one", "other"),
    [(("1-a", "b"), ("1", "a-b")), (("a", "b-once"), ("a", "b")), (("1", "db"), ("1-db", "1"))],
)
def test_a_dash_does_not_move_a_border(one, other):
    first, second = (EnvironmentPlan(NAMING, OPAQUE, *who) for who in (one, other))

    assert len({first.container, first.one_off, second.container, second.one_off}) == 4


@few
@given(teams, names)
def test_an_environment_shares_no_name_with_a_template_or_the_infrastructure(team, name):
    made = EnvironmentPlan(NAMING, OPAQUE, team, name)
    base = TemplatePlan(NAMING, OPAQUE, team, name)
    shared = {
        NAMING.network,
        NAMING.build_network,
        NAMING.database(team),
        NAMING.team_network(team),
    }

    assert len({made.container, made.one_off, base.one_off, *shared}) == 3 + len(shared)
    own = {made.volume, made.filestore, made.layers}
    assert len({*own, base.volume, NAMING.database_volume(team)}) == 5
    assert made.database != base.database


@few
@given(teams, names)
def test_what_every_role_can_list_names_no_team(team, name):
    made = EnvironmentPlan(NAMING, OPAQUE, team, name)

    assert made.database == f"env_{OPAQUE}"
    assert made.volume == f"oduflow-env-{OPAQUE}"
    assert made.folder == Path(f"/data/team_{team}/environments/{OPAQUE}")


@few
@given(teams, names)
def test_everything_on_disk_lies_in_the_teams_folder(team, name):
    made = EnvironmentPlan(NAMING, OPAQUE, team, name)
    folder = NAMING.team_folder(team)

    for path in (made.git_dir, made.checkout, made.conf, made.secrets):
        assert path.is_relative_to(made.folder)
        assert path.is_relative_to(folder)
    assert not made.git_dir.is_relative_to(made.checkout), "git's data is in no mount"
    assert TemplatePlan(NAMING, OPAQUE, team, name).conf.is_relative_to(folder)


def test_a_row_is_enough_to_know_every_name():
    row = environment(id=OPAQUE, team="blue", name="sale")

    made = EnvironmentPlan.of(NAMING, row)

    assert made == EnvironmentPlan.of(NAMING, replace(row, branch="other", port=1))
    assert made.container == "oduflow-env-blue.sale"
    assert TemplatePlan.of(NAMING, template(id=OPAQUE)).database == f"tpl_{OPAQUE}"


def test_labels_tell_enough_to_adopt_a_container_and_no_secret():
    row = environment(
        id=OPAQUE, modules=("crm", "sale"), addons=("/a", "/b"), port=20001, uid=1900000001
    )

    labels = EnvironmentPlan.of(NAMING, row).labels(row)

    assert labels == {
        "oduflow.kind": "environment",
        "oduflow.id": OPAQUE,
        "oduflow.team": "1",
        "oduflow.name": "sale",
        "oduflow.repo_url": "https://example.com/addons.git",
        "oduflow.branch": "main",
        "oduflow.commit": "",
        "oduflow.template": "base",
        "oduflow.template_id": "template1",
        "oduflow.odoo_image": "odoo:19.0",
        "oduflow.modules": "crm,sale",
        "oduflow.addons": "/a,/b",
        "oduflow.python_deps": "",
        "oduflow.extra_repos": "[]",
        "oduflow.port": "20001",
        "oduflow.uid": "1900000001",
        "oduflow.filestore": "volume",
        "oduflow.created_by": "ada",
        "oduflow.created_at": "2026-03-04T05:06:07.890Z",
        "oduflow.made": "2",
    }


def test_labels_tell_enough_to_adopt_a_template():
    row = template(id=OPAQUE, modules=("crm", "sale"))

    assert TemplatePlan.of(NAMING, row).labels(row) == {
        "oduflow.kind": "template",
        "oduflow.id": OPAQUE,
        "oduflow.team": row.team,
        "oduflow.name": row.name,
        "oduflow.odoo_image": row.odoo_image,
        "oduflow.modules": "crm,sale",
        "oduflow.demo": "False",
        "oduflow.language": "",
        "oduflow.country": "",
        "oduflow.version": "1",
        "oduflow.source": "",
        "oduflow.commit": "",
        "oduflow.neutralised": "False",
        "oduflow.odoo_version": "",
        "oduflow.postgres_version": "",
        "oduflow.created_by": row.created_by,
        "oduflow.created_at": "2026-03-04T05:06:07.890Z",
    }


def test_two_instances_label_apart():
    other = Naming("other", Path("/elsewhere"))

    assert not set(NAMING.labels("network")) & set(other.labels("network"))
    assert NAMING.label("kind") == "oduflow.kind"


@pytest.mark.parametrize("side", READING_COPIES)
def test_a_copy_that_a_comparison_reads_is_known_as_its_environments(side):
    plan = EnvironmentPlan.of(NAMING, environment(id="e1before"))

    assert environment_of(plan.reading_copy(side)) == "e1before"
    assert environment_of(plan.database) == "e1before"
    assert environment_of("tpl_t1") == "t1"
