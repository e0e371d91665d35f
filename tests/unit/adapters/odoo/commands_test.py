import ast

import pytest

from oduflow.adapters.odoo import commands
from oduflow.adapters.odoo.commands import (
    DatabaseReport,
    NeutralizeReport,
    database_report,
    neutralize_report,
)


def test_a_script_is_handed_over_as_source_with_its_arguments():
    command = commands.create_database(demo=True, language="fr_BE", country="")

    assert command.entrypoint[:2] == ("python3", "-c")
    assert command.arguments == ("/etc/odoo/odoo.conf", "create", '[true, "fr_BE", ""]')


@pytest.mark.parametrize("command", [commands.generate_assets(), commands.neutralize()])
def test_the_scripts_parse_with_the_oldest_python_of_an_image(command):
    [*_, source] = command.entrypoint

    assert ast.parse(source, feature_version=(3, 7)).body


@pytest.mark.parametrize(
    ("output", "report"),
    [
        ("oduflow: {}", DatabaseReport()),
        ("a log\noduflow: not the last\noduflow: {}", DatabaseReport()),
        ('oduflow: {"untranslated": true}\na log', DatabaseReport(untranslated=True)),
        (
            'oduflow: {"refused": "country", "known": ["BE"]}',
            DatabaseReport("country", ("BE",)),
        ),
        ("a log", DatabaseReport()),
    ],
)
def test_the_report_is_read_from_the_last_line_of_ours(output, report):
    assert database_report(output) == report


@pytest.mark.parametrize(
    ("output", "report"),
    [
        ('a log\noduflow: {"has_neutralize": false}', NeutralizeReport(has_neutralize=False)),
        (
            'oduflow: {"has_neutralize": true, "ran": ["base"], "without_code": ["shop"]}\nlog',
            NeutralizeReport(has_neutralize=True, ran=("base",), without_code=("shop",)),
        ),
        (
            'oduflow: {"has_neutralize": true, "failed": "base", "error": "no table"}',
            NeutralizeReport(has_neutralize=True, failed="base", error="no table"),
        ),
        ("a log", None),
    ],
)
def test_what_neutralize_says_is_read_too(output, report):
    assert neutralize_report(output) == report
