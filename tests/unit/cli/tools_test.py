import re

import pytest

from oduflow import bootstrap
from oduflow.kernel.registry import Registry
from tests.support.command_line import oduflow

PRODUCT = list(Registry.discover(bootstrap.OPERATIONS))


def test_every_operation_is_listed():
    shown = oduflow("tools")

    assert shown.exit_code == 0
    for operation in PRODUCT:
        assert operation.name in shown.output


def test_the_list_needs_no_configuration(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    assert oduflow("tools").exit_code == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("operation", PRODUCT, ids=lambda operation: operation.name)
def test_one_operation_is_shown_with_its_fields(operation):
    shown = oduflow("tools", operation.name)

    assert shown.exit_code == 0
    assert operation.title in shown.output
    assert f"{operation.method} /api{operation.path}" in shown.output
    for name, field in operation.arguments.model_fields.items():
        need = re.search(rf"\n  {name} \((.+), (required|optional|default .+)\)\n", shown.output)
        assert need is not None, name
        assert (need[2] == "required") == field.is_required()
        assert str(field.description) in shown.output


def test_an_unknown_name_is_answered_with_the_closest():
    shown = oduflow("tools", "create_enviroment")

    assert shown.exit_code == 4
    assert "Did you mean “create_environment”?" in shown.stderr
