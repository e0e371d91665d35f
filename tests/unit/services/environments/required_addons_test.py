"""Requirements that install addons, or that cannot be met."""

import pytest

from oduflow.domain.errors import Kind
from tests.support.memory.odoo import module


@pytest.mark.parametrize(
    "files",
    [
        {"requirements.txt": "odoo-addon-queue-job"},
        {"requirements.txt": "Odoo_Addon.queue_job>=1  # equal by PEP 503"},
        {"requirements.txt": "odoo14_addon_queue_job"},
        {"requirements.txt": "\ufeffodoo-addon-queue-job"},
        {"requirements.txt": "acme-suite"},
        {"requirements.txt": "--pre\n  -r more.txt", "more.txt": "lxml\nacme.suite"},
        {".oduflow/requirements.txt": "acme_suite", "requirements.txt": "-e ."},
    ],
)
def test_a_repository_of_requirements_alone_serves_the_addons_among_them(
    world, create, path_of, process, files
):
    world.odoo.packaged["acme-suite"] = "queue_job"

    made = create(files, "queue_job")

    assert made.error is None
    assert path_of() == ("/mnt/python/odoo-addons",)
    [listed] = process.ok("list_modules", name="sale").modules
    assert (listed.name, listed.source, listed.state) == (
        "queue_job",
        "requirements.txt",
        "installed",
    )


def test_a_repository_with_modules_installs_an_addon_of_a_package_of_any_name(world, create):
    world.odoo.packaged["acme-suite"] = "queue_job"

    made = create(module("acme") | {"requirements.txt": "acme-suite"}, "acme", "queue_job")

    assert made.error is None


def test_requirements_that_the_image_has_bring_no_addons_so_modules_are_refused_before_pip(
    world, refused
):
    error = refused(module("acme") | {"requirements.txt": "LXML>=5"}, "queue_job")

    assert error.kind is Kind.NOT_FOUND
    assert world.odoo.pip_runs == []


def test_a_line_that_no_requirements_may_hold_is_named_when_the_repository_has_no_module(refused):
    error = refused({"requirements.txt": "-e ."})

    assert error.message.startswith("The repository's requirements.txt, line 1, is not allowed")


def test_requirements_that_turn_out_to_hold_no_addon_are_no_repository_of_modules(refused):
    error = refused({"requirements.txt": "-r more.txt", "more.txt": "lxml"})

    assert error.kind is Kind.INVALID
    assert "holds no Odoo module on branch" in error.message


@pytest.mark.parametrize("modules", [(), ("acme",)])
def test_modules_of_another_series_are_named_before_requirements_that_cannot_be_met(
    world, refused, modules
):
    world.odoo.pip_exit = 1
    old = {"acme/__manifest__.py": '{"version": "14.0.1.0.0"}', "acme/__init__.py": ""}

    error = refused(old | {"requirements.txt": "acme-suite"}, *modules)

    assert error.message.endswith(
        "Odoo 19.0 does not install acme: the manifest's version is of series 14.0."
    )


def test_requirements_that_cannot_be_met_are_named_beside_modules_that_are_loaded(world, refused):
    world.odoo.pip_exit = 1
    files = module("acme", "acme-bad") | {"requirements.txt": "acme-suite"}

    assert refused(files).message.startswith("pip could not install the repository's")
