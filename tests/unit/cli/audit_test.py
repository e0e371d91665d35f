import pytest

from oduflow import bootstrap
from oduflow.settings import load
from tests.support.audit_trails import sql, written
from tests.support.command_line import oduflow
from tests.support.empty_store import place_empty_store


def test_a_trail_in_order_is_said_to_be(config):
    shown = oduflow("audit", "verify", "--config", config)

    assert (shown.exit_code, shown.stdout) == (0, "ok: 6 rows, the last is 6; 0 checkpoints.\n")


def test_a_check_of_an_empty_trail_does_not_say_ok(empty):
    said = "The audit trail has no rows yet; nothing was checked.\n"
    shown = oduflow("audit", "verify", "--config", empty)

    assert (shown.exit_code, shown.stdout) == (0, said)


def test_a_check_from_beyond_the_last_row_does_not_say_ok(config):
    shown = oduflow("audit", "verify", "--from", 999999, "--config", config)

    assert (shown.exit_code, shown.stdout) == (2, "")
    assert "The audit trail has no row 999999 or later; nothing was checked." in shown.stderr


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE audit SET canonical = '{}' WHERE number = 3", "Row 3 is not what was written"),
        ("DELETE FROM audit WHERE number = 3", "Row 3 is missing."),
        ("DELETE FROM audit WHERE number > 3", "Rows 4 to 6 are missing at the end."),
    ],
)
def test_what_was_tampered_with_is_a_named_failure(config, statement, said):
    sql(config.parent / "data" / "oduflow.db", statement)

    shown = oduflow("audit", "verify", "--config", config)

    assert shown.exit_code == 5
    assert shown.stdout == ""
    assert shown.stderr.startswith("conflict: The audit trail is not what was written. ")
    assert said in shown.stderr


def test_every_finding_is_said_and_the_first_one_is_the_verdict(config):
    sql(config.parent / "data" / "oduflow.db", "DELETE FROM audit WHERE number IN (2, 5)")

    shown = oduflow("audit", "verify", "--config", config)

    assert "also: Row 5 is missing." in shown.stderr
    assert "conflict: The audit trail is not what was written. Row 2 is missing." in shown.stderr


def test_what_is_known_can_be_left_behind(config):
    sql(config.parent / "data" / "oduflow.db", "DELETE FROM audit WHERE number = 2")

    assert oduflow("audit", "verify", "--from", 3, "--config", config).exit_code == 0


def test_the_key_is_a_private_file_outside_the_store_and_made_once(config):
    key = config.parent / "data" / "audit" / "key"
    before = key.read_text()
    assert len(before) >= 32

    oduflow("audit", "verify", "--config", config)

    assert key.read_text() == before
    assert oct(key.stat().st_mode & 0o777) == "0o600"
    assert oct(key.parent.stat().st_mode & 0o777) == "0o700"
    assert before.encode() not in (config.parent / "data" / "oduflow.db").read_bytes()


@pytest.fixture
def empty(tmp_path):
    path = tmp_path / "oduflow.toml"
    path.write_text(f'[server]\ndata_dir = "{tmp_path}/data"\n[team.1]\n')
    return path


@pytest.fixture
def config(empty):
    services = bootstrap.build(load(empty))
    place_empty_store(services.store.path)
    written(services.deps.store.audit, 6)
    services.store.close()
    return empty
