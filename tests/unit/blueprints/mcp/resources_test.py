"""The resources that follow from the REST paths of operations."""

import re

import pytest

from oduflow.blueprints.errors import STATUS_OF
from oduflow.blueprints.mcp.resource_handlers import CODE_OF
from oduflow.blueprints.mcp.resources import Resources, is_resource
from oduflow.domain.errors import Invalid
from oduflow.kernel.operation import Effect
from oduflow.kernel.registry import Registry

REGISTRY = Registry.discover("oduflow.operations")
EVERY = {found.name for found in REGISTRY}
RESOURCES = Resources(REGISTRY)


def named(template: str) -> str:
    """Return a URI of a template: its variables replaced by their names, without a query."""
    return re.sub(r"{(\w+)}", r"\1", template.partition("{?")[0])


def test_what_reads_without_waiting_and_without_a_secret_is_a_resource() -> None:
    names = {found.name for found in REGISTRY if is_resource(found)}

    assert names >= {"get_environment", "get_environment_logs", "get_test_run", "read_output"}
    assert names >= {"get_job", "list_jobs", "read_audit", "read_file"}
    assert names.isdisjoint({"get_environment_login", "query_database", "wait_for_job"})
    assert {REGISTRY.get(name).effect for name in names} == {Effect.READ}


def test_a_uri_is_the_rest_path_and_its_template_has_every_argument() -> None:
    templates = {each.name: each for each in RESOURCES.templates(EVERY, "")}

    assert templates["environment"].uri_template == "oduflow://environments/{name}"
    logs = templates["environment_logs"]
    assert logs.uri_template == (
        "oduflow://environments/{name}/logs{?lines,grep,level,source,follow}"
    )
    assert (logs.mime_type, logs.title) == ("text/plain", "Environment logs")
    assert templates["environment"].mime_type == "application/json"
    assert (
        templates["file"].uri_template == "oduflow://environments/{name}/file{?path,offset,limit}"
    )


def test_no_two_resources_have_one_name_and_each_uri_means_its_own_operation() -> None:
    templates = RESOURCES.templates(EVERY, "")

    assert len({each.name for each in templates}) == len(templates)
    for each in templates:
        found = RESOURCES.find(named(each.uri_template))
        assert found is not None
        assert found[0].name.partition("_")[2] == each.name


def test_at_an_environments_path_its_resources_need_no_name() -> None:
    uris = {each.uri for each in RESOURCES.listed(EVERY, "shop")}
    templates = {each.uri_template for each in RESOURCES.templates(EVERY, "shop")}

    assert {"oduflow://environments/shop", "oduflow://environments/shop/logs"} <= uris
    assert "oduflow://environments/shop/file" not in uris, "it needs a path"
    assert any(each.startswith("oduflow://environments/shop/tests/{run}") for each in templates)
    assert "oduflow://environments/shop/file{?path,offset,limit}" in templates


def test_only_what_the_caller_may_call_is_listed() -> None:
    assert [each.uri for each in RESOURCES.listed({"list_jobs"}, "")] == ["oduflow://jobs"]
    assert [each.name for each in RESOURCES.templates({"get_job"}, "")] == ["job"]
    assert [each.uri for each in RESOURCES.items({"get_environment"}, ["a b"])] == [
        "oduflow://environments/a%20b"
    ]


def test_a_uri_is_read_with_its_path_and_query() -> None:
    found = RESOURCES.find("oduflow://environments/shop/logs?grep=a%20b&level=error")
    assert found is not None
    assert found[0].name == "get_environment_logs"
    assert found[1] == {"name": "shop", "grep": "a b", "level": "error"}


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "file:///etc/passwd",
        "oduflow:environments/shop",
        "oduflow://",
        "oduflow://environments/shop/",
        "oduflow://environments/shop/login",
        "oduflow://environments/shop#x",
        "oduflow://environments//logs/x",
        "oduflow://jobs/a/wait",
        "oduflow://environments/" + "x" * 3000,
    ],
)
def test_any_other_uri_is_no_resource(uri: str) -> None:
    assert RESOURCES.find(uri) is None


@pytest.mark.parametrize("query", ["grep=a&grep=b", "name=till", "grep", "&".join(["a=b"] * 40)])
def test_an_argument_that_is_given_twice_or_without_a_value_is_refused(query: str) -> None:
    with pytest.raises(Invalid):
        RESOURCES.find(f"oduflow://environments/shop/logs?{query}")


def test_every_kind_of_failure_has_a_code() -> None:
    assert CODE_OF.keys() == STATUS_OF.keys()
