import json

from oduflow.adapters.odoo.module_change import (
    PREFIX,
    change_modules,
    read_verdict,
    without_verdict,
)
from oduflow.domain.module_change import LogRecord, ModuleAction

SAID = {
    "status": "ok",
    "updated": ["sale"],
    "log": [["WARNING", "odoo.x", "careful"]],
    "missing_columns": [["sale.order.x", ["sale"]]],
    "seconds": 1.5,
}


def test_the_script_is_told_what_to_do_and_where_repositories_are():
    command = change_modules(ModuleAction.UPGRADE, ("sale",), "/mnt/python")

    assert command.entrypoint[:2] == ("python3", "-c")
    configuration, asked = command.arguments
    assert configuration == "/etc/odoo/odoo.conf"
    assert json.loads(asked) == {
        "change": "upgrade",
        "modules": ["sale"],
        "own": ["/mnt/repo", "/mnt/extra", "/mnt/links", "/mnt/python"],
    }


def test_a_verdict_in_pieces_among_the_lines_of_a_log_is_read():
    text = json.dumps(SAID)
    lines = ["a log", *pieces("begin", text[:20], text[20:], "end"), "more"]

    verdict = read_verdict(lines)

    assert verdict is not None
    assert verdict.ok
    assert verdict.log == (LogRecord("WARNING", "odoo.x", "careful"),)
    assert verdict.missing_columns == {"sale.order.x": ("sale",)}
    assert without_verdict(lines) == ["a log", "more"]


def test_the_last_verdict_counts():
    lines = [
        *pieces("begin", json.dumps(SAID), "end"),
        *pieces("begin", json.dumps(SAID | {"status": "failed"}), "end"),
    ]

    verdict = read_verdict(lines)

    assert verdict is not None
    assert not verdict.ok


def test_what_a_module_prints_in_place_of_a_verdict_is_none():
    for said in ("[]", "{}", "x", "[" * 100_000, json.dumps(SAID | {"log": [1]})):
        assert read_verdict(pieces("begin", said, "end")) is None
    assert read_verdict(pieces("begin", json.dumps(SAID))) is None
    assert read_verdict([]) is None


def pieces(*texts):
    return [f"{PREFIX}{text}" for text in texts]
