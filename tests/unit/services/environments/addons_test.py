"""Modules are read and checked after the checkout, before anything is cloned or run."""

import pytest

from oduflow.domain.errors import Kind
from tests.support.memory.odoo import module
from tests.support.memory.process import Process

GOOD = '{"depends": ["base"]}'


def declaring(text: str) -> str:
    return f'{{"depends": ["base"], {text}}}'


def test_a_misspelled_module_is_answered_with_the_nearest_name(refused):
    error = refused(module("acme"), "sale_managment")

    assert error.kind is Kind.NOT_FOUND
    assert error.message == (
        "There is no module sale_managment, neither in the repository nor in odoo:19.0. "
        "Did you mean sale_management?"
    )
    assert error.hint == "The repository and its extra repos have: acme. sale was not created."


ENTERPRISE = (
    *("account_asset", "account_batch_payment", "account_reports", "account_sepa"),
    *("event_social", "hr_contract_salary", "l10n_de_reports", "web_enterprise"),
)


@pytest.mark.parametrize("name", ENTERPRISE)
def test_a_missing_dependency_of_enterprise_says_which_repository_to_add(world, refused, name):
    similar = ("account_payment", "account_sepay", "event_sale", "hr_contract")
    world.odoo.image_modules += ({"name": each, "depends": ["base"]} for each in similar)

    error = refused({"acme_ent/__manifest__.py": f'{{"depends": ["{name}"]}}'}, "acme_ent")

    assert error.kind is Kind.NOT_FOUND
    assert error.message == (
        f"acme_ent needs {name}, which neither the repository nor odoo:19.0 has."
    )
    assert "Odoo Enterprise has it" in error.hint
    assert "add_extra_repo name=enterprise" in [step.as_call() for step in error.next]
    assert "Did you mean" not in error.hint


def test_a_module_of_enterprise_that_is_asked_for_says_which_repository_to_add(world, refused):
    world.odoo.image_modules.append({"name": "account_payment", "depends": ["base"]})

    error = refused(module("acme"), "account_batch_payment")

    assert error.message == (
        "There is no module account_batch_payment, neither in the repository nor in odoo:19.0."
    )
    assert "Odoo Enterprise has it" in error.hint
    assert "add_extra_repo name=enterprise" in [step.as_call() for step in error.next]


@pytest.mark.parametrize(
    ("name", "similar"), [("account_asset_management", False), ("sale_managment", True)]
)
def test_any_other_missing_dependency_may_be_another_repositorys_or_misspelled(
    refused, name, similar
):
    error = refused({"acme/__manifest__.py": f'{{"depends": ["{name}"]}}'}, "acme")

    assert error.hint.startswith("Add a repository that has it as an extra repo")
    assert error.next[0].as_sentence() == f"add_extra_repo adds a repository that has {name}."
    assert ("Or did you mean sale_management?" in error.hint) is similar


def test_a_dependency_of_a_dependency_is_missed_too(refused):
    files = {
        "a/__manifest__.py": '{"depends": ["b"]}',
        "b/__manifest__.py": '{"depends": ["sale_managment"]}',
    }

    error = refused(files, "a")

    assert error.message.startswith("b needs sale_managment")
    assert "did you mean sale_management?" in error.hint


def test_a_missing_python_library_is_named_unless_requirements_install_it(world, refused, create):
    files = {
        "a/__manifest__.py": declaring('"external_dependencies": {"python": ["package", "lxml"]}')
    }

    error = refused(files, "a")
    assert error.kind is Kind.INVALID
    assert error.message == (
        "a needs the Python library package, which neither odoo:19.0 nor a requirements.txt "
        "installs."
    )

    made = create(files | {"requirements.txt": "package"}, "a")
    assert made.error is None


def test_a_library_that_a_module_of_the_image_needs_is_named_before_odoo_runs(
    world, refused, create
):
    ldap = {"name": "auth_ldap", "depends": ["base"], "python": ["package"]}
    world.odoo.image_modules.append(ldap)

    error = refused(module("acme"), "auth_ldap")
    assert error.message == (
        "auth_ldap needs the Python library package, which neither odoo:19.0 nor a "
        "requirements.txt installs."
    )

    assert create(module("acme") | {"requirements.txt": "package"}, "auth_ldap").error is None


def test_what_an_image_installs_along_is_left_to_odoo(world, create):
    along = {"name": "peppol", "depends": ["web"], "triggers": ["barcodes"], "python": ["package"]}
    world.odoo.image_modules.append(along)

    assert create(module("acme"), "barcodes").error is None


@pytest.mark.parametrize(
    ("needs", "told"),
    [
        ({"a": "b", "b": "c", "c": "b"}, "b depends on itself: b → c → b."),
        ({"a": "a"}, "a depends on itself: a → a."),
    ],
)
def test_modules_that_need_each_other_are_named(refused, needs, told):
    error = refused(
        {f"{name}/__manifest__.py": f'{{"depends": ["{need}"]}}' for name, need in needs.items()},
        "a",
    )

    assert (error.kind, error.message) == (Kind.INVALID, told)


def test_a_missing_program_is_named(refused):
    text = declaring('"external_dependencies": {"bin": ["git", "wkhtmltopdf"]}')

    error = refused({"a/__manifest__.py": text}, "a")

    assert error.message == "a needs the program wkhtmltopdf, which odoo:19.0 has not."


@pytest.mark.parametrize(
    ("needs", "told"),
    [
        ("{'python': ['lxml>=99']}", "lxml>=99, and odoo:19.0 has lxml 5.2.1."),
        ("{'python': ['lxml[html5]==4.*']}", "lxml[html5]==4.*, and odoo:19.0 has lxml 5.2.1."),
        ("{'python': ['lxml=5']}", "“lxml=5”, which is not a valid requirement."),
        ("{'bin': ['/usr/bin/wkhtmltopdf']}", "/usr/bin/wkhtmltopdf, which odoo:19.0 has not."),
        ("['lxml']", "“external_dependencies” is not a dictionary, and Odoo fails on it."),
        ("{'python': 'lxml'}", "The “python” of its “external_dependencies” is not a list of nam"),
        ("{'bin': [1]}", "The “bin” of its “external_dependencies” is not a list of names"),
    ],
)
def test_external_dependencies_are_refused_as_odoo_refuses_them(refused, needs, told):
    error = refused({"a/__manifest__.py": declaring(f'"external_dependencies": {needs}')}, "a")

    assert error.kind is Kind.INVALID
    assert told in error.message


@pytest.mark.parametrize(
    "needs",
    [
        "{'python': ['lxml>=5,<6', 'LXML', 'lxml.etree', 'nothing; python_version < \"3\"']}",
        "{'python': ('lxml',), 'bin': {'git'}, 'apt': {'git': 'git'}}",
        "{'bin': ['/usr/bin/git', '/opt/acme/tool', '']}",
        "{'python': [], 'bin': ''}",
        "None",
        "[]",
    ],
)
def test_external_dependencies_that_odoo_accepts_are_accepted(create, needs):
    made = create({"a/__manifest__.py": declaring(f'"external_dependencies": {needs}')}, "a")

    assert made.error is None
    assert not any("external" in each.reason for each in made.data.checkout.warnings)


def test_keys_of_external_dependencies_that_odoo_ignores_are_a_warning(create):
    text = declaring('"external_dependencies": {"python3": ["nothing"], "deb": ["libpq5"]}')

    made = create({"a/__manifest__.py": text}, "a")

    told = [each.reason for each in made.data.checkout.warnings]
    assert "Odoo ignores python3, deb in external_dependencies." in told


def test_a_module_of_another_series_is_refused_by_its_version(refused):
    files = module("good") | {"a/__manifest__.py": declaring('"version": "18.0.1.0.0"')}

    error = refused(files, "a")

    assert error.kind is Kind.INVALID
    assert error.message == "a 18.0.1.0.0 cannot be installed by Odoo 19.0."


def test_what_odoo_would_install_along_is_checked_too(refused):
    files = module("a") | {
        "a_link/__manifest__.py": '{"depends": ["a"], "auto_install": True, '
        '"external_dependencies": {"python": ["nothing"]}}'
    }

    assert refused(files, "a").message.startswith("a_link needs the Python library nothing")


def test_a_name_that_odoo_has_is_refused_for_the_image_is_first(refused, create, process):
    files = module("barcodes", "acme")

    error = refused(files, "barcodes")
    assert error.kind is Kind.INVALID
    assert error.message == (
        "barcodes is not loaded: odoo:19.0 has a module barcodes of its own, which Odoo finds "
        "first."
    )

    made = create(files, "acme")
    assert any("barcodes" in each.file for each in made.data.checkout.warnings)
    listed = process.ok("list_modules", name="sale", image=True).modules
    assert {each.name: each.source for each in listed}["barcodes"] == "image"


def test_a_name_that_odoo_has_wins_in_an_image_that_finds_it_last(world, create, process):
    for each in world.odoo.image_modules:
        each["first"] = each["name"] != "barcodes"

    made = create(module("barcodes"), "barcodes")

    assert made.error is None
    [listed] = process.ok("list_modules", name="sale").modules
    assert (listed.name, listed.source, listed.state) == ("barcodes", "repository", "installed")


def test_a_folder_that_odoo_refuses_is_told_and_kept_off_the_path(create, path_of, process):
    made = create(module("acme-dash", "acme"), "acme")

    [row] = process.deps.store.environments.list("1")
    links = process.deps.naming.team_folder("1") / "environments" / row.id / "links" / "0"
    assert path_of() == ("/mnt/links/0",)
    assert {each.name: str(each.readlink()) for each in links.iterdir()} == {
        "acme": "/mnt/repo/odoo_shop/acme"
    }
    [warning] = made.data.checkout.warnings
    assert warning.file == "acme-dash/"
    assert "Odoo refuses the folder's name" in warning.reason
    assert "acme_dash" in warning.next


def test_the_links_are_mounted_into_the_container(world, create):
    create(module("acme-dash", "acme"), "acme")

    mounts = {each.target for each in world.engine.containers["memory-env-1.sale"].spec.mounts}
    assert "/mnt/links" in mounts


def test_a_rebuild_reads_the_modules_again(create, path_of, process):
    create(module("acme-dash", "acme"), "acme")

    process.ok("rebuild_environment", name="sale")

    assert path_of() == ("/mnt/links/0",)


def test_a_repository_that_is_one_module_is_installed_under_its_own_name(create, path_of):
    files = {
        "__manifest__.py": GOOD,
        "__init__.py": "",
        "views/a.xml": '<record id="acme_shop.view"/><menuitem parent="acme_shop.menu"/>',
    }

    made = create(files, "acme_shop")

    assert made.error is None
    [warning] = made.data.checkout.warnings
    assert "it is named acme_shop, after its own XML ids" in warning.reason
    assert path_of() == ("/mnt/links/0",)


def test_mixed_case_names_are_odoos_own_rule(create):
    assert create(module("AcmeSale"), "AcmeSale").error is None


@pytest.mark.parametrize(
    ("files", "cause", "hint"),
    [
        ({"a/__manifest__.py": "{"}, "a/__manifest__.py: It is not Python", "Correct it"),
        (
            {".gitmodules": '[submodule "web"]\n\tpath = oca/web\n\turl = https://x.org/web.git'},
            "oca/web/: It is a submodule (https://x.org/web.git)",
            "Add that repository as an extra repo",
        ),
        (
            {"a/__manifest__.py": "version https://git-lfs.github.com/spec/v1\noid sha256:0"},
            "It is a pointer of Git LFS",
            "git lfs migrate export",
        ),
        (
            {"a/__openerp__.py": GOOD},
            "a/__openerp__.py: Odoo 19.0 reads no manifest of this name, the name that Odoo 9",
            "Rename it to __manifest__.py",
        ),
        ({"a/__MANIFEST__.py": GOOD}, "a/__MANIFEST__.py: Odoo", "Rename it to __manifest__.py"),
        ({"a/manifest.py": GOOD}, "a/manifest.py: Odoo 19.0 reads", "Rename it to __manifest__.py"),
        (
            {"1/2/3/4/5/a/__manifest__.py": GOOD},
            "1/2/3/4/5/a/__manifest__.py: It lies 5 folders deep",
            "Move it up, to 1/2/3/4/a/",
        ),
        (
            {".addons/a/__manifest__.py": GOOD},
            ".addons/a/__manifest__.py: Its folder .addons is not searched",
            "Rename that folder",
        ),
        (
            {"a/__manifest__.py": '{"installable": False}'},
            "a/__manifest__.py: It says installable: False",
            "Port the module",
        ),
    ],
)
def test_a_repository_of_which_odoo_loads_nothing_says_why(refused, files, cause, hint):
    error = refused(files)

    assert error.kind is Kind.INVALID
    assert error.message.startswith("https://git.example.com/public/odoo-shop.git holds no Odoo")
    assert cause in error.message
    assert hint in error.hint


def test_an_extra_repos_modules_and_warnings_name_it(world, process, create):
    web = world.git.repository("web", {"main": module("web_grid", "web-bad", "acme")})
    process.ok("add_extra_repo", name="web", repo_url=web)

    made = create(module("acme"), "web_grid", extra_repos=["web"])

    assert [(each.name, each.source) for each in made.data.checkout.modules] == [
        ("acme", "repository"),
        ("web_grid", "web"),
    ]
    assert {each.file for each in made.data.checkout.warnings} == {"web: web-bad/", "web: acme/"}


def test_an_extra_repo_without_a_module_is_refused_by_its_branch(world, process, refused):
    web = world.git.repository("web", {"main": {"README": "nothing"}})
    process.ok("add_extra_repo", name="web", repo_url=web)

    error = refused(module("acme"), extra_repos=["web"])

    assert error.message == "Extra repo web holds no Odoo module on branch main."
    assert "name@branch" in error.hint


def test_the_image_is_asked_once_while_it_stays_the_same(world, process, create):
    create(module("acme"))
    create(module("acme"), name="other")

    assert world.odoo.inventories == 1


def test_an_image_that_does_not_answer_lets_every_module_pass(world, create):
    world.odoo.image_modules = [{"unknown": "field"}]

    assert create(module("acme"), "acme").error is None


def test_get_environment_shows_the_report_and_lists_do_not(create, process):
    made = create(module("acme-dash", "acme"), "acme")

    shown = made.data.model_copy(update={"edits": 0})  # which only one look at it counts
    assert process.ok("get_environment", name="sale") == shown
    [listed] = process.ok("list_environments").environments
    assert listed.checkout is None


def test_modules_are_found_by_a_part_of_their_name(create, process):
    create(module("acme", "other"), "acme")

    found = process.ok("list_modules", name="sale", search="ACM").modules

    assert [(each.name, each.state) for each in found] == [("acme", "installed")]


def test_an_environment_of_an_older_version_has_no_list_before_a_rebuild(create, process):
    create(module("acme"))
    [row] = process.deps.store.environments.list("1")
    report = process.deps.naming.team_folder("1") / "environments" / row.id / "report.json"
    report.unlink()

    assert process.ok("get_environment", name="sale").checkout is None
    with pytest.raises(Exception, match="were not read yet"):
        process.call("list_modules", name="sale")


def test_another_process_finds_the_report(world, create):
    made = create(module("acme-dash", "acme"))

    assert Process(world).ok("get_environment", name="sale").checkout == made.data.checkout
