import io
import sys

import pytest

from oduflow.blueprints.mcp.tools import input_schema
from oduflow.cli.arguments import read_arguments
from oduflow.domain.errors import Invalid
from oduflow.kernel.registry import Registry
from tests.support.things import THINGS

PRODUCT = Registry([*Registry.discover("oduflow.operations"), *THINGS])
CREATE = "create_environment"
URL = "https://example.com/shop.git"


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ([], {}),
        (["shop", URL], {"name": "shop", "repo_url": URL}),
        (["shop", URL, "main"], {"name": "shop", "repo_url": URL, "branch": "main"}),
        (["--name", "shop", "--repo_url", URL], {"name": "shop", "repo_url": URL}),
        (["--name=shop", f"--repo-url={URL}"], {"name": "shop", "repo_url": URL}),
        (["name=shop", f"repo_url={URL}"], {"name": "shop", "repo_url": URL}),
        (["--branch", "main", "shop", URL], {"branch": "main", "name": "shop", "repo_url": URL}),
        (["--name", "shop", URL, "main"], {"name": "shop", "repo_url": URL, "branch": "main"}),
        (["shop", URL, "--branch="], {"name": "shop", "repo_url": URL, "branch": ""}),
        (["--branch", "--odd"], {"branch": "--odd"}),
        (["shop", f"{URL}?name=x"], {"name": "shop", "repo_url": f"{URL}?name=x"}),
        (["--branch=a=b"], {"branch": "a=b"}),
    ],
)
def test_values_are_read_in_order_by_option_or_as_hints_write_them(read, words, found):
    assert read(CREATE, *words) == found


@pytest.mark.parametrize(
    "words",
    [
        ["--modules", "sale", "--modules", "crm"],
        ["--modules=sale", "modules=crm"],
        ["--modules", '["sale", "crm"]'],
        ['--modules=["sale"]', "--modules", "crm"],
        ['modules=["sale","crm"]'],
    ],
)
def test_an_array_is_given_several_times_or_as_json(read, words):
    assert read(CREATE, *words) == {"modules": ["sale", "crm"]}


def test_an_array_that_may_be_left_out_is_one_too(read):
    assert read("list_things", "--colours", "red") == {"colours": ["red"]}


def test_an_arrays_values_after_the_last_field_are_too_many(read):
    words = ["shop", URL, "main", "base", "odoo:19.0", "sale", "oca", "crm"]

    with pytest.raises(Invalid, match="takes at most 7 values, but more are given"):
        read(CREATE, *words)


@pytest.mark.parametrize(
    ("words", "protected"),
    [
        (["shop", "--protected"], True),
        (["shop", "--protected", "false"], False),
        (["--protected", "shop"], True),
        (["shop", "--protected=no"], False),
        (["shop", "protected=false"], False),
        (["shop", "on"], True),
        (["shop", "Off"], False),
    ],
)
def test_a_fact_is_told_in_a_persons_words(read, words, protected):
    assert read("protect_environment", *words) == {"name": "shop", "protected": protected}


def test_what_is_no_fact_is_left_to_the_validation(read):
    assert read("protect_environment", "shop", "perhaps")["protected"] == "perhaps"


def test_the_arguments_may_be_one_json_object(read):
    assert read(CREATE, '{"name": "shop", "modules": ["sale"], "branch": null}') == {
        "name": "shop",
        "modules": ["sale"],
        "branch": None,
    }
    assert read(CREATE, ' {"x": 1}') == {"x": 1}, "unknown fields are the validation's business"


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["{name: shop}"], "not valid JSON"),
        (["{"], "not valid JSON"),
        (["--modules", "[sale]"], "not valid JSON"),
        (["--colour", "red"], "create_environment has no field --colour"),
        (["--", "x"], "has no field --"),
        (["--name"], "--name needs a value"),
        (["shop", "--name", "other"], "name is given twice"),
        (["shop", "name=other"], "name is given twice"),
        (["a", "b", "c", "d", "e", "f", "g", "h"], "at most 7 values, but more are given"),
    ],
)
def test_a_word_that_fits_nothing_is_refused(read, words, problem):
    with pytest.raises(Invalid) as refused:
        read(CREATE, *words)

    assert problem in refused.value.message
    assert refused.value.hint


def test_a_refusal_says_where_the_fields_are_shown(read):
    with pytest.raises(Invalid) as refused:
        read(CREATE, "--colour", "red")

    assert refused.value.hint == "`oduflow tools create_environment` shows its fields."


@pytest.mark.parametrize("words", [["--colour", "red"], ["--name"], ["x"] * 8])
def test_the_fields_of_a_tool_elsewhere_are_shown_by_its_server(words):
    fields = input_schema(PRODUCT.get(CREATE).arguments)["properties"]

    with pytest.raises(Invalid) as refused:
        read_arguments(CREATE, fields, words, " --url https://oduflow.example.com")

    listing = f"`oduflow tools {CREATE} --url https://oduflow.example.com`"
    assert refused.value.hint == f"{listing} shows its fields."


def test_a_tool_without_fields_takes_no_values(read):
    with pytest.raises(Invalid, match="takes at most 0 values"):
        read("list_environments", "x")


@pytest.mark.parametrize("words", [["--name", "-"], ["name=-"], ["-", URL]])
def test_a_dash_for_one_value_takes_no_json_object(read, monkeypatch, words):
    monkeypatch.setattr(sys, "stdin", io.StringIO('{"name": "shop"}'))
    with pytest.raises(Invalid, match="name is a single value, but stdin has a JSON object"):
        read(CREATE, *words)


@pytest.mark.parametrize(
    "words",
    [["--tiers", "read,write"], ["tiers=read, write,"], ["--tiers", "read", "--tiers=write"]],
)
def test_a_list_is_separated_at_commas_or_its_option_is_repeated(read, words):
    assert read("create_grant", *words) == {"tiers": ["read", "write"]}


@pytest.mark.parametrize("words", [["-", URL], ["--name", "-", URL], ["--name=-", URL]])
def test_a_dash_reads_a_line_from_stdin(read, monkeypatch, words):
    monkeypatch.setattr(sys, "stdin", io.StringIO("shop\nmore\n"))

    assert read(CREATE, *words) == {"name": "shop", "repo_url": URL}


def test_two_dashes_read_two_lines(read, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"shop\n{URL}\n"))

    assert read(CREATE, "-", "-") == {"name": "shop", "repo_url": URL}


def test_what_is_asked_for_at_a_prompt_is_not_shown(read, monkeypatch):
    asked: list[tuple[str, dict[str, bool]]] = []

    def prompt(name, **how):
        asked.append((name, how))
        return "secret"

    terminal = io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdin", terminal)
    monkeypatch.setattr("click.prompt", prompt)

    assert read(CREATE, "-") == {"name": "secret"}
    assert asked == [("name", {"hide_input": True, "err": True})]


@pytest.fixture(params=["declared", "listed"])
def read(request):
    """Read against what an operation declares, and against what a server lists of it."""
    schema_of = {"declared": lambda model: model.model_json_schema(), "listed": input_schema}

    def reader(tool, *words):
        schema = schema_of[request.param](PRODUCT.get(tool).arguments)
        return read_arguments(tool, schema.get("properties") or {}, words)

    return reader


@pytest.mark.parametrize("text", ['{"name": "demo"}\n', '{\n  "name": "demo"\n}\n'])
def test_a_dash_alone_reads_a_json_object_from_stdin(read, monkeypatch, text):
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))

    assert read(CREATE, "-") == {"name": "demo"}
