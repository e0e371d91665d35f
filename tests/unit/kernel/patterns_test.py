import re
from collections.abc import Iterator
from typing import Any

import pytest

from oduflow.domain.errors import Invalid
from oduflow.kernel import patterns
from oduflow.kernel.registry import Registry
from oduflow.kernel.validation import validate

PRODUCT = Registry.discover("oduflow.operations")
TEMPLATE = {"name": "t"}
WHERE = {"name": "shop", "repo_url": "https://git.example.com/shop.git"}


@pytest.mark.parametrize(
    ("tool", "given", "problem"),
    [
        ("create_template", {"language": "fr-FR"}, "a language and a country, such as fr_FR."),
        ("create_template", {"language": "German"}, "a language and a country, such as de_DE."),
        ("create_template", {"language": "pt-br"}, "a language and a country, such as pt_BR."),
        ("create_template", {"language": "English"}, "a language and a country, such as fr_FR."),
        ("create_template", {"language": "?"}, "a language and a country, such as fr_FR."),
        ("create_template", {"country": "Belgium"}, "country's code of two letters, such as BE."),
        ("create_template", {"country": "germany"}, "country's code of two letters, such as DE."),
        ("create_template", {"country": "Atlantis"}, "country's code of two letters, such as BE."),
        ("create_template", {"modules": ["sale-x"]}, "digits and underscores, such as sale_x."),
        ("create_environment", {"modules": ["./sale/"]}, "digits and underscores, such as sale."),
        (
            "forget_github_login",
            {"login": "@octocat"},
            "letters, digits and hyphens, such as octocat.",
        ),
        (
            "forget_github_login",
            {"login": "https://github.com/hubot"},
            "letters, digits and hyphens, such as hubot.",
        ),
        ("read_output", {"lines": "L7 to L9"}, "lines must be two line numbers, such as 7-9."),
        ("read_output", {"lines": "last"}, "lines must be two line numbers, such as 101-200."),
        ("get_job", {"job": "GHWK4POER46I"}, "of 12 letters and digits, such as ghwk4poer46i."),
    ],
)
def test_a_form_is_told_in_words_with_the_nearest_valid_text(tool, given, problem):
    with pytest.raises(Invalid) as refused:
        validate(PRODUCT.get(tool), {**required(tool), **given})

    assert problem in refused.value.message


@pytest.mark.parametrize(
    "secret", ["https://me:hunter2@git.example.com", "ghp_0123456789abcdef 0123456789", "a?token=b"]
)
def test_an_example_repeats_no_secret(secret):
    with pytest.raises(Invalid) as refused:
        validate(PRODUCT.get("create_environment"), {**WHERE, "modules": [secret]})

    assert refused.value.message.endswith("such as sale_management.")


def test_a_machine_without_a_list_of_countries_has_one_example(monkeypatch, tmp_path):
    monkeypatch.setattr("zoneinfo.TZPATH", (str(tmp_path),))

    with pytest.raises(Invalid, match=r"two letters, such as BE\."):
        validate(PRODUCT.get("create_template"), {**TEMPLATE, "country": "Germany"})


def test_every_pattern_of_an_argument_has_words_and_a_valid_example():
    found = {
        pattern for each in PRODUCT for pattern in patterns_in(each.arguments.model_json_schema())
    }

    told = {pattern: patterns.form_rule(pattern, None) for pattern in found}

    assert [text for text in told.values() if ", such as " not in text] == []
    examples = {pattern: text.rpartition(", such as ")[2] for pattern, text in told.items()}
    assert [each for pattern, each in examples.items() if not re.fullmatch(pattern, each)] == []


def patterns_in(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(schema.get("pattern"), str):
            yield schema["pattern"]
        for each in schema.values():
            yield from patterns_in(each)
    elif isinstance(schema, list):
        for each in schema:
            yield from patterns_in(each)


def required(tool: str) -> dict[str, str]:
    known = {**WHERE, "job": "a", "handle": "a" * 12, "login": "a"}
    fields = PRODUCT.get(tool).arguments.model_fields.items()
    return {name: known[name] for name, field in fields if field.is_required()}
