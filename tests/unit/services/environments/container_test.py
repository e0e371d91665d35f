from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest

from oduflow.adapters.odoo import commands
from oduflow.domain.container import Attachment, ContainerLimits, ImageFacts, Publish
from oduflow.domain.plan import EnvironmentPlan, Naming
from oduflow.files.private import ensure_secret
from oduflow.services.environments.container import one_off_spec, serving_spec
from oduflow.services.images import login_environment, run_as
from tests.support.store_rows import environment, pin

IMAGE = ImageFacts("sha256:0123", "odoo:19.0", 101, 102, (), MappingProxyType({}))
LIMITS = ContainerLimits(memory=1024 << 20, cpus=1.5)
INSTALL = commands.install(("crm", "sale"))
ONCE = Path("/data/once")
ROW = environment(
    id="abcdefghijkl",
    repo_url="https://example.com/acme/sale-tools.git",
    modules=("crm", "sale"),
    port=20007,
    addons=("/mnt/repo/sale_tools",),
)


def test_the_serving_container_is_hardened_and_reachable_on_its_one_port(plan):
    spec = serving_spec(plan, ROW, IMAGE, LIMITS, "127.0.0.1")

    assert spec.name == "oduflow-env-1.sale"
    assert spec.image == "sha256:0123", "the image's id: a tag may move"
    assert spec.user == "101:102"
    assert (spec.entrypoint, spec.command) == (("odoo",), ("--config", "/etc/odoo/odoo.conf"))
    assert spec.publish == (Publish(8069, "127.0.0.1", 20007),)
    assert spec.networks == (Attachment("oduflow-team-1"),)
    assert (spec.limits.memory, spec.limits.cpus) == (1024 << 20, 1.5)
    assert spec.hostname == "sale"
    assert spec.labels == plan.labels(ROW)


def test_the_installing_container_publishes_nothing_and_ends(plan):
    spec = one_off_spec(plan, ROW, IMAGE, LIMITS, INSTALL, ONCE)

    assert spec.name == "oduflow-env-1.sale.once"
    assert spec.publish == ()
    assert spec.command[2:] == ("--init", "crm,sale", "--stop-after-init", "--no-http")
    assert spec.labels["oduflow.kind"] == "once", "it is never taken for an environment"
    assert spec.environment["PGOPTIONS"] == "-c lock_timeout=15s", (
        "no write waits behind it for ever"
    )


def test_both_run_in_the_same_place(plan):
    serving, installing = specs(plan)

    assert but_temporary(serving.mounts[:-1], plan) == but_temporary(installing.mounts, plan)
    assert serving.networks == installing.networks
    assert serving.limits == installing.limits == LIMITS
    assert serving.user == installing.user


def test_only_odoos_data_and_temporary_files_can_be_written(plan):
    for spec in specs(plan, python_deps="0123"):
        mounts = but_temporary(spec.mounts, plan)
        writable = {mount.target: mount.source for mount in mounts if not mount.read_only}

        assert writable == {"/var/lib/odoo": "oduflow-env-abcdefghijkl"}


def test_of_the_environments_folder_only_the_checkout_and_the_configuration_are_seen(plan):
    for spec in specs(plan):
        mounts = but_temporary(spec.mounts, plan)
        bound = {mount.target: mount.source for mount in mounts if mount.kind == "bind"}

        bound.pop("/mnt/oduflow/sitecustomize.py", None)
        assert bound == {
            "/etc/odoo/odoo.conf": str(plan.conf),
            "/mnt/repo/sale_tools": str(plan.checkout),
        }
        assert str(plan.git_dir) not in bound.values()


def test_only_the_serving_odoo_imports_the_module_that_renames_its_session_cookie(plan):
    serving, installing = specs(plan)
    (start,) = (mount for mount in serving.mounts if mount.target.startswith("/mnt/oduflow/"))

    assert (start.source, start.read_only) == (str(plan.python_start), True)
    assert start.target == "/mnt/oduflow/sitecustomize.py"
    assert serving.environment["PYTHONPATH"] == "/mnt/oduflow"
    assert "PYTHONPATH" not in installing.environment


def test_odoo_has_a_home_and_a_name_also_as_a_user_that_its_image_does_not_know(plan):
    for spec in specs(plan):
        assert spec.environment["HOME"] == "/var/lib/odoo"
        assert spec.environment["LOGNAME"] == "odoo"


@pytest.mark.parametrize(
    ("home", "variables", "found"),
    [
        ("", {}, "/var/lib/odoo"),
        ("/home/odoo", {}, "/home/odoo"),
        ("/home/odoo", {"HOME": "/srv"}, "/srv"),
    ],
)
def test_the_images_own_home_is_kept(home, variables, found):
    image = ImageFacts("sha256:x", "odoo:19.0", 100, 101, (), variables, home)

    assert login_environment(image)["HOME"] == found
    assert run_as(image, None) == image
    assert (run_as(image, 7).uid, run_as(image, 7).gid) == (7, 101)


@pytest.mark.parametrize(
    ("home", "variables", "found"),
    [
        ("", {}, None),
        ("/var/lib/odoo", {}, None),
        ("/home/odoo", {}, "/tmp/cache"),  # noqa: S108
        ("/home/odoo", {"XDG_CACHE_HOME": "/var/lib/odoo/cache"}, "/var/lib/odoo/cache"),
    ],
)
def test_caches_have_a_place_where_the_images_home_is_read_only(home, variables, found):
    image = ImageFacts("sha256:x", "odoo:19.0", 100, 101, (), variables, home)

    assert login_environment(image).get("XDG_CACHE_HOME") == found


def test_each_has_temporary_files_of_its_own_on_the_teams_disk(plan):
    serving, installing = specs(plan)

    for spec, folder in ((serving, plan.temporary), (installing, ONCE)):
        own = [mount for mount in spec.mounts if mount.target in ("/tmp", "/var/tmp")]  # noqa: S108
        assert {mount.source for mount in own} == {str(folder)}
        assert not any(mount.read_only for mount in own)
        assert len(own) == 2


def test_the_repositorys_python_packages_are_mounted_where_python_looks(plan):
    for spec in specs(plan, python_deps="0123"):
        (mount,) = (mount for mount in spec.mounts if mount.target == "/mnt/python")

        assert mount.source == f"{plan.naming.team_folder('1')}/python/0123"
        assert mount.read_only
        assert spec.environment["PYTHONPATH"].split(":")[-1] == "/mnt/python"


def test_extra_repos_are_mounted_read_only_as_the_one_checkout_of_their_commit(plan):
    pins = (pin(), pin(repo="b" * 12, name="web", repo_url="https://example.com/o/sale-ui.git"))
    extra = plan.naming.team_folder("1") / "extra"
    for spec in specs(plan, extra_repos=pins):
        mounts = [mount for mount in spec.mounts if mount.target.startswith("/mnt/extra/")]

        assert [(mount.target, mount.source, mount.read_only) for mount in mounts] == [
            ("/mnt/extra/enterprise/enterprise", str(extra / ("a" * 12) / ("c" * 40)), True),
            ("/mnt/extra/web/sale_ui", str(extra / ("b" * 12) / ("c" * 40)), True),
        ]


def test_no_secret_is_in_what_the_engine_is_told(plan):
    names = ("database_password", "admin_password", "master_password")
    secrets = [ensure_secret(plan.secrets / name) for name in names]

    for spec in specs(plan, python_deps="0123"):
        assert not any(secret in repr(spec) for secret in secrets)


def specs(plan, **changes):
    row = replace(ROW, **changes)
    return serving_spec(plan, row, IMAGE, LIMITS, "127.0.0.1"), one_off_spec(
        plan, row, IMAGE, LIMITS, INSTALL, ONCE
    )


def but_temporary(mounts, plan):
    folders = {str(plan.temporary), str(ONCE)}
    return [mount for mount in mounts if mount.source not in folders]


@pytest.fixture
def plan(tmp_path: Path) -> EnvironmentPlan:
    return EnvironmentPlan.of(Naming("oduflow", tmp_path), ROW)
