import ast

import pytest

from oduflow.adapters.odoo import commands
from oduflow.adapters.odoo.commands import DatabaseReport, database_report


def test_a_script_is_handed_over_as_source_with_its_arguments():
    command = commands.create_database(demo=True, language="fr_BE", country="")

    assert command.entrypoint[:2] == ("python3", "-c")
    assert command.arguments == ("/etc/odoo/odoo.conf", "create", '[true, "fr_BE", ""]')


def test_the_scripts_parse_with_the_oldest_python_of_an_image():
    [*_, source] = commands.generate_assets().entrypoint

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
