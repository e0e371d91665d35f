import pytest
from pydantic import ValidationError

from oduflow.domain.environment import CreateEnvironment
from oduflow.domain.errors import Invalid
from oduflow.kernel.registry import Registry
from oduflow.kernel.validation import MAX_PROBLEMS, validate
from tests.support.things import CreateThing, create_thing

CREATE = create_thing.__operation__  # type: ignore[attr-defined]
PRODUCT = Registry.discover("oduflow.operations")
CREATE_ENVIRONMENT = PRODUCT.get("create_environment")
WHERE = {"name": "shop", "repo_url": "https://example.com/shop.git"}
LIST_TEMPLATES = PRODUCT.get("list_templates")


def test_of_many_problems_twenty_are_said_and_how_many_more_there_are():
    message, _ = refusal({f"field_{chr(97 + n // 26)}{chr(97 + n % 26)}": 1 for n in range(600)})

    assert message.count("there is no field") + message.count("is required") == MAX_PROBLEMS
    assert message.endswith(f"; and {600 + 1 - MAX_PROBLEMS} more.")
    assert len(message) < 2_000


def test_a_name_that_is_no_name_for_its_length_is_not_repeated():
    message, _ = refusal({"name": "box", "a" * 4_000_000: 1})

    assert message == "create_thing: there is no field …."


def test_good_arguments_become_the_operations_model():
    args = validate(CREATE, {"name": " box ", "colours": ["red"]})

    assert args == CreateThing(name="box", colours=("red",))


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        ({}, "name is required"),
        ({"name": "box", "color": []}, "there is no field color (did you mean colours?)"),
        ({"name": "box", "zzz": 1}, "there is no field zzz."),
        ({"name": None}, "name is required"),
        ({"name": 7}, "name must be a string"),
        ({"name": "box", "colours": 7}, "colours must be a list"),
        ({"name": "box", "colours": ["red", 7]}, "colours.1 must be a string"),
        ({"name": "box", "heavy": "perhaps"}, "heavy must be true or false"),
    ],
)
def test_a_problem_is_said_in_words(raw, problem):
    message, _ = refusal(raw)

    assert message.startswith("create_thing: ")
    assert problem in message


def test_every_problem_is_said_at_once():
    message, hint = refusal({"colours": 7, "nam": "box"})

    assert message == (
        "create_thing: name is required; colours must be a list; "
        "there is no field nam (did you mean name?)."
    )
    assert hint == "Its fields: name (required), colours, heavy."


def test_the_hint_says_what_the_refused_fields_mean():
    with pytest.raises(Invalid) as refused:
        validate(CREATE_ENVIRONMENT, {"modules": ["sale-x"], "repo_url": 7})

    assert refused.value.hint.startswith("name: 1 to 39 characters")
    assert "repo_url: URL of the addons" in refused.value.hint
    assert "Its fields" not in refused.value.hint


def test_a_list_is_not_called_empty_for_the_items_that_were_refused():
    with pytest.raises(Invalid, match=r"^create_grant: tiers\.0 must be one of [^;]*$"):
        validate(PRODUCT.get("create_grant"), {"name": "shop", "tiers": ["reed"]})


def test_the_cause_is_kept_for_the_log():
    with pytest.raises(Invalid) as refused:
        validate(CREATE, {})

    assert isinstance(refused.value.__cause__, ValidationError)


def test_a_value_is_not_repeated_to_the_caller():
    message, hint = refusal({"name": ["hunter2-hunter2"], "colours": {"a": "hunter2"}})

    assert "hunter2" not in message + hint


def test_what_takes_no_fields_says_so():
    with pytest.raises(Invalid) as refused:
        validate(LIST_TEMPLATES, {"name": "box"})

    assert refused.value.hint == "It takes no fields."


def test_a_refusal_from_inside_a_field_is_told_as_it_is():
    with pytest.raises(Invalid, match="“///” makes no name"):
        validate(CREATE_ENVIRONMENT, WHERE | {"name": "///"})


@pytest.mark.parametrize(
    "module", ["sale-x", "../sale", "--stop", "sale,base", "sale.x", "a" * 257, ""]
)
def test_a_module_that_odoo_could_misread_is_refused(module):
    with pytest.raises(Invalid, match=r"modules\.0 must be a module's name"):
        validate(CREATE_ENVIRONMENT, WHERE | {"modules": [module]})


def test_a_module_name_ends_where_its_line_does():
    with pytest.raises(
        Invalid, match=r"^create_environment: modules\.1 must be a module's name[^;]*$"
    ):
        validate(CREATE_ENVIRONMENT, WHERE | {"modules": ["sale\n", "sale\nbase"]})


@pytest.mark.parametrize(
    ("tool", "raw", "problem"),
    [
        ("get_environment_logs", {"level": "loud"}, "level must be one of debug, info, warning, "),
        ("get_environment_logs", {"lines": 0}, "lines must be at least 1"),
        ("get_environment_logs", {"lines": "many"}, "lines must be an integer"),
        ("get_environment_logs", {"lines": 9999}, "lines must be at most 2000"),
        ("create_environment", {"branch": {}}, "branch must be a string"),
        ("create_environment", {"repo_url": ""}, "repo_url must have at least 1 character."),
        (
            "get_job",
            {"job": "nonsense"},
            "job must be the handle that an answer gave, of 12 letters",
        ),
        ("read_output", {"lines": "7"}, "lines must be two line numbers, such as 7-7"),
        ("read_audit", {"since": "lastweek"}, "since must be a time, such as 2030-"),
        ("read_audit", {"since": "2030-01-31T18:00:00"}, "since must have a time zone"),
        ("create_environment", {"modules": {}}, "modules must be a list"),
    ],
)
def test_a_rule_is_told_in_the_words_of_json(tool, raw, problem):
    with pytest.raises(Invalid) as refused:
        validate(
            PRODUCT.get(tool), WHERE | raw if tool.startswith("create") else {"name": "a"} | raw
        )

    assert problem in refused.value.message


@pytest.mark.parametrize(
    ("tool", "given", "field", "meant"),
    [
        ("create_environment", "sale", "modules", ("sale",)),
        ("create_environment", "sale, crm,", "modules", ("sale", "crm")),
        ("create_environment", '["sale", "crm"]', "modules", ("sale", "crm")),
        ("create_environment", "", "modules", ()),
        ("create_environment", "[]", "modules", ()),
        ("create_environment", None, "modules", ()),
        ("create_environment", "enterprise@19.0", "extra_repos", ("enterprise@19.0",)),
        ("create_environment", None, "branch", None),
        ("create_grant", "read,WRITE", "tiers", ("read", "write")),
        ("create_grant", ["Read"], "tiers", ("read",)),
        ("get_environment_logs", "ERROR", "level", "error"),
        ("get_environment_logs", " Warning ", "level", "warning"),
        ("get_environment_logs", None, "lines", 200),
        ("get_environment_logs", "50", "lines", 50),
        ("read_audit", None, "since", None),
        ("create_environment", "['sale', 'crm']", "modules", ("sale", "crm")),
        ("create_environment", "[sale, crm]", "modules", ("sale", "crm")),
        ("create_environment", ' "sale" ', "modules", ("sale",)),
        ("create_environment", "'sale', \"crm\"", "modules", ("sale", "crm")),
        ("create_environment", "null", "modules", ()),
        ("create_environment", "None", "modules", ()),
        ("create_grant", "['Read', 'write']", "tiers", ("read", "write")),
        ("get_environment_logs", "WARN", "level", "warning"),
        ("get_environment_logs", '"Err"', "level", "error"),
        ("get_environment_logs", "fatal", "level", "critical"),
        ("get_environment_logs", "null", "level", None),
        ("get_environment_logs", "null", "lines", 200),
        ("get_environment_logs", '"50"', "lines", 50),
        ("wait_for_job", 60, "seconds", 45),
        ("wait_for_job", "600", "seconds", 45),
    ],
)
def test_what_can_only_mean_one_thing_is_accepted(tool, given, field, meant):
    required = {
        name: (WHERE | {"job": "a" * 12}).get(name, "shop")
        for name, known in PRODUCT.get(tool).arguments.model_fields.items()
        if known.is_required()
    }
    args = validate(PRODUCT.get(tool), required | {field: given})

    assert getattr(args, field) == meant


@pytest.mark.parametrize("given", ['{"a": 1}', "[1, 2", '[{"a": 1}]', "['a b']", 7, True])
def test_what_has_no_such_meaning_is_refused(given):
    with pytest.raises(Invalid):
        validate(CREATE_ENVIRONMENT, WHERE | {"modules": given})


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        ({"zzz": "null"}, "there is no field zzz"),
        ({"seconds": -1}, "seconds must be at least 0"),
        ({"seconds": "soon"}, "seconds must be an integer"),
    ],
)
def test_a_value_that_is_converted_is_no_way_around_a_rule(raw, problem):
    with pytest.raises(Invalid, match=problem):
        validate(PRODUCT.get("wait_for_job"), {"job": "a" * 12} | raw)


def test_names_are_slugged_on_the_way_in():
    args = validate(CREATE_ENVIRONMENT, WHERE | {"name": "Feature/Ä 1"})

    assert isinstance(args, CreateEnvironment)
    assert args.name == "feature-a-1"


def refusal(raw):
    with pytest.raises(Invalid) as refused:
        validate(CREATE, raw)
    return refused.value.message, refused.value.hint
