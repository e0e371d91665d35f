from types import MappingProxyType, SimpleNamespace
from typing import Any

import pytest

from oduflow.domain.container import ImageFacts
from oduflow.domain.environment import CreateEnvironment
from oduflow.domain.errors import Conflict, Invalid
from oduflow.domain.template import TemplateState
from oduflow.services.environments.checks import (
    choose_template,
    differences,
    refuse_differences,
)
from oduflow.services.images import check_repository, check_user, check_version
from oduflow.settings import parse
from tests.support.parts import deps_of
from tests.support.store_rows import environment, pin, template

REPO = "https://example.com/addons.git"


@pytest.mark.parametrize(
    ("there", "default", "asked", "chosen"),
    [
        (["base"], "", None, "base"),
        (["base"], "", "base", "base"),
        (["base", "shop"], "", "shop", "shop"),
        (["base", "shop"], "shop", None, "shop"),
        (["base", "shop"], "shop", "base", "base"),
    ],
)
def test_the_asked_for_template_then_the_default_then_the_only_one(there, default, asked, chosen):
    given = deps(there, default)

    assert choose_template(given.store.templates, given.settings, "1", asked).name == chosen


@pytest.mark.parametrize(
    ("there", "default", "asked", "message", "hint"),
    [
        ([], "", None, "There is no template yet.", ""),
        (["base", "shop"], "", None, "Several templates", "one of: base, shop."),
        (["base"], "", "shop", "There is no template “shop”.", "Templates: base."),
        (["base"], "shop", None, "There is no template “shop”.", "Templates: base."),
        ([], "", "shop", "There is no template “shop”.", ""),
    ],
)
def test_an_unclear_choice_is_refused_with_the_list(there, default, asked, message, hint):
    given = deps(there, default)
    with pytest.raises(Invalid) as refused:
        choose_template(given.store.templates, given.settings, "1", asked)

    assert refused.value.message.startswith(message)
    assert hint in refused.value.hint
    steps = [step.operation for step in refused.value.next]
    assert steps == ([] if there else ["create_template"])


@pytest.mark.parametrize("state", [TemplateState.CREATING, TemplateState.DELETING])
def test_a_template_that_is_not_ready_cannot_be_chosen(state):
    unready = deps([], rows=[template(name="base", state=state)])

    with pytest.raises(Invalid, match="no template “base”"):
        choose_template(unready.store.templates, unready.settings, "1", "base")


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("odoo:19.0", "odoo:19"),
        ("odoo:19.0", "odoo:19.0-20260304"),
        ("odoo:19.0", "localhost:5000/odoo:19.0"),
        ("localhost:5000/odoo:19.0", "registry.example:8443/acme/odoo:19.0"),
        ("odoo:19.0", "odoo:latest"),
        ("odoo:19.0", "odoo"),
        ("odoo:19.0", "localhost:5000/odoo"),
        ("odoo:19.0", "odoo:20260304"),
        ("odoo:19.0", "odoo@sha256:18" + "0" * 62),
        ("odoo:19.0", "odoo:19.0@sha256:18" + "0" * 62),
        ("odoo:master", "odoo:18.0"),
    ],
)
def test_an_image_of_the_same_or_an_unknown_version_is_taken(ours, theirs):
    check_version(template(odoo_image=ours), theirs)


@pytest.mark.parametrize(
    "theirs", ["odoo:18.0", "odoo:18", "odoo:18.0-20260304", "localhost:5000/odoo:18.0", "odoo:9.0"]
)
def test_an_image_of_another_major_version_is_refused(theirs):
    with pytest.raises(Invalid, match="another major version than template base"):
        check_version(template(odoo_image="odoo:19.0"), theirs)


@pytest.mark.parametrize(
    ("pattern", "image"),
    [
        ("odoo:{version}", None),
        ("odoo:{version}", "odoo:19.0"),
        ("odoo:{version}", "odoo:19.0-20260304"),
        ("odoo:{version}", "odoo"),
        ("odoo:{version}", "odoo:19.0@sha256:18" + "0" * 62),
        ("registry.example:5000/acme/odoo:{version}", "registry.example:5000/acme/odoo:18"),
        ("acme/odoo-{version}:latest", "acme/odoo-19.0:latest"),
    ],
)
def test_an_image_of_the_configured_repository_is_taken_under_any_tag(pattern, image):
    check_repository(pattern, image)


@pytest.mark.parametrize(
    ("pattern", "image"),
    [
        ("odoo:{version}", "evil/odoo:19.0"),
        ("odoo:{version}", "localhost:5000/odoo:19.0"),
        ("odoo:{version}", "odoo-evil:19.0"),
        ("odoo:{version}", "sha256:0123"),
        ("odoo:{version}", "0123456789ab"),
        ("a.b/odoo:{version}", "axb/odoo:19.0"),
        ("acme/odoo-{version}:latest", "acme/odoo:19.0"),
    ],
)
def test_an_image_of_another_repository_is_refused_with_the_pattern(pattern, image):
    with pytest.raises(Invalid, match="not an image of the configured repository") as refused:
        check_repository(pattern, image)

    assert pattern in refused.value.hint


def test_an_image_that_runs_as_root_is_refused():
    check_user(facts(uid=101))
    with pytest.raises(Invalid, match=r"odoo:19\.0 runs as root"):
        check_user(facts(uid=0))


def facts(uid) -> ImageFacts:
    return ImageFacts("sha256:0", "odoo:19.0", uid, 0, (), MappingProxyType({}))


def test_the_same_request_differs_in_nothing():
    row = environment(modules=("crm", "sale"))
    args = asked(branch="main", template="base", odoo_image="odoo:19.0", modules=("sale", "crm"))

    assert differences(row, args, REPO) == ()
    refuse_differences(row, args, REPO)


def test_what_is_left_out_does_not_differ():
    assert differences(environment(), asked(), REPO) == ()


@pytest.mark.parametrize(
    ("given", "difference"),
    [
        ({"branch": "dev"}, "branch is main, not dev"),
        ({"template": "shop"}, "template is base, not shop"),
        ({"odoo_image": "odoo:18.0"}, "odoo_image is odoo:19.0, not odoo:18.0"),
        ({"modules": ("sale",)}, "modules is none, not sale"),
    ],
)
def test_what_differs_is_said(given, difference):
    assert differences(environment(), asked(**given), REPO) == (difference,)


def test_the_same_extra_repos_differ_in_nothing():
    row = environment(extra_repos=(pin(), pin(repo="b" * 12, name="web", branch="main")))

    assert differences(row, asked(extra_repos=("enterprise", "Web@main")), REPO) == ()


@pytest.mark.parametrize(
    ("given", "difference"),
    [
        ((), "extra_repos is enterprise@19.0, not none"),
        (("enterprise@18.0",), "extra_repos is enterprise@19.0, not enterprise@18.0"),
        (
            ("web", "enterprise"),  # the order is that of the addons path
            "extra_repos is enterprise@19.0, not web, enterprise@19.0",
        ),
    ],
)
def test_other_extra_repos_are_said(given, difference):
    row = environment(extra_repos=(pin(),))

    assert differences(row, asked(extra_repos=given), REPO) == (difference,)


def test_another_repository_differs():
    other = "https://example.com/other.git"

    assert differences(environment(), asked(), other) == (f"repo_url is {REPO}, not {other}",)


def test_a_taken_name_is_a_conflict_that_says_every_difference():
    with pytest.raises(Conflict) as refused:
        refuse_differences(environment(), asked(branch="dev", modules=("sale",)), REPO)

    assert refused.value.message == (
        "“sale” exists already and differs: branch is main, not dev; modules is none, not sale."
    )
    assert "delete the existing one" in refused.value.hint
    assert [step.as_call() for step in refused.value.next] == ["get_environment name=sale"]


def asked(**given: Any) -> CreateEnvironment:
    return CreateEnvironment(**{"name": "sale", "repo_url": REPO} | given)


def deps(there, default="", rows=()) -> Any:
    found = [*(template(id=name, name=name) for name in there), *rows]
    settings = parse(f'[team.1]\ndefault_template = "{default}"\n')
    return deps_of(settings=settings, templates=SimpleNamespace(list=lambda team: found))
