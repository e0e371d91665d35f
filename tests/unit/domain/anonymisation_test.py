import pytest

from oduflow.domain.anonymisation import FieldRule, Invented, field_rule, flattened


@pytest.mark.parametrize(
    ("key", "word", "rule"),
    [
        ("res.partner.email", "email", FieldRule("res.partner", "email", Invented.EMAIL)),
        ("note.title", "text", FieldRule("note", "title", Invented.TEXT)),
        ("hr.employee.x_y?", "null", FieldRule("hr.employee", "x_y", Invented.NULL, optional=True)),
        ("email", "email", None),
        (".email", "email", None),
        ("res.partner.", "email", None),
        ("res.par'tner.email", "email", None),
        ("res.partner.email", "mail", None),
        ("res.partner.email", 1, None),
    ],
)
def test_a_key_names_a_field_and_its_value_what_is_invented(key, word, rule):
    assert field_rule(key, word) == rule


def test_a_rule_is_shown_as_its_field():
    assert str(FieldRule("res.partner", "email", Invented.EMAIL)) == "res.partner.email"


def test_a_key_without_quotes_is_the_same_as_one_with():
    nested = {"res": {"partner": {"email": "email", "name": "name"}}}

    assert dict(flattened(nested)) == {"res.partner.email": "email", "res.partner.name": "name"}
    assert dict(flattened({"res.partner.email": "email"})) == {"res.partner.email": "email"}
