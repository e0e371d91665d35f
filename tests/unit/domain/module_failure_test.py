import pytest

from oduflow.domain.module_change import LogRecord, OdooVerdict, RaisedError
from oduflow.domain.module_failure import (
    failure_cause_of,
    failure_place,
    listed,
    new_problems,
    one_line,
    warnings_of,
)

OWN = ("/mnt/repo/addons", "/mnt/python")
VIEW = """while parsing /mnt/repo/addons/sale/views.xml:3
Error while validating view near:

<form __validate__="1">
  <field name="nope"/>
</form>
Field "nope" does not exist in model "sale.order"

View error context:
{'file': '/mnt/repo/addons/sale/views.xml'}
"""


@pytest.mark.parametrize(
    ("chain", "place"),
    [
        ([RaisedError("ParseError", VIEW)], "sale/views.xml:3"),
        (
            [RaisedError("ParseError", f"while parsing file://{OWN[0]}/a/b.xml:9, near")],
            "a/b.xml:9",
        ),
        (
            [RaisedError("XMLSyntaxError", "mismatch", "/mnt/repo/addons/a/b.xml", 4)],
            "a/b.xml:4",
        ),
        (
            [
                RaisedError(
                    "NameError",
                    "x",
                    frames=(("/mnt/repo/addons/a/m.py", 2), ("/usr/lib/odoo/models.py", 99)),
                )
            ],
            "a/m.py:2",
        ),
        ([RaisedError("UserError", "x", frames=(("/usr/lib/odoo/models.py", 99),))], ""),
        ([], ""),
    ],
)
def test_the_place_of_a_failure_is_relative_to_its_repository(chain, place):
    assert failure_place(OdooVerdict(ok=False, chain=tuple(chain)), OWN) == place


def test_the_cause_is_what_the_exception_says_without_quoted_xml():
    cause = failure_cause_of(OdooVerdict(ok=False, chain=(RaisedError("ParseError", VIEW),)))

    assert cause == (
        "ParseError: Error while validating view near: Field “nope” does not exist in model"
        " “sale.order”"
    ).replace("“", '"').replace("”", '"')


def test_the_innermost_cause_is_told_and_secrets_and_control_characters_are_not():
    chain = (RaisedError("ParseError", "outer"), RaisedError("ValueError", "bad\x1b[0m\nline"))

    assert failure_cause_of(OdooVerdict(ok=False, chain=chain)) == "ValueError: bad [0m line"
    assert failure_cause_of(OdooVerdict(ok=False)) == ""
    assert "hunter2" not in one_line("postgresql://odoo:hunter2@db/x")


def test_a_module_that_ends_python_is_told_so():
    chain = (RaisedError("SystemExit", "0"),)

    assert (
        failure_cause_of(OdooVerdict(ok=False, chain=chain)) == "a module ended Python (sys.exit)"
    )


def test_errors_and_refused_constraints_are_problems_unless_they_were_there_before():
    log = (
        LogRecord("ERROR", "odoo.a", "old\ntraceback"),
        LogRecord("ERROR", "odoo.a", "new"),
        LogRecord("WARNING", "odoo.schema", "no constraint"),
        LogRecord("WARNING", "odoo.b", "careful"),
    )
    verdict = OdooVerdict(ok=True, log=log)

    assert [each.message for each in new_problems(verdict, "… ERROR odoo.a: old")] == [
        "new",
        "no constraint",
    ]
    assert list(warnings_of(verdict)) == ["odoo.b: careful"]


def test_a_long_list_is_cut():
    assert listed("abcdefg") == "a, b, c, d, e and 2 more"


@pytest.mark.parametrize("seconds", [float("nan"), float("inf"), 10**400])
def test_a_verdict_with_an_impossible_number_is_none(seconds):
    assert OdooVerdict.read({"status": "ok", "log": [], "seconds": seconds}) is None
    assert OdooVerdict.read({"status": "ok", "log": [], "seconds": 1}) == OdooVerdict(
        ok=True, seconds=1.0
    )
