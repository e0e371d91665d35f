from ipaddress import IPv4Network, IPv6Network

import pytest

from oduflow.adapters.postgres.config import (
    PostgresSettings,
    hba,
    initdb_command,
    server_command,
)
from oduflow.domain.connections import (
    ADMIN_CONNECTIONS,
    CONNECTIONS_PER_CONTAINER,
    ROLE_CONNECTIONS,
    places,
)


def options(settings: PostgresSettings) -> dict[str, str]:
    words = server_command(settings)
    return dict(word.split("=", 1) for word in words if "=" in word)


def rules(subnet: str) -> list[list[str]]:
    return [line.split() for line in hba(IPv4Network(subnet)).splitlines()]


def test_the_admin_enters_by_socket_and_only_our_own_databases() -> None:
    admin = [rule for rule in rules("10.213.1.0/24") if "oduflow_admin" in rule]
    assert admin == [
        ["local", "oduflow,postgres,oduflow_empty", "oduflow_admin", "scram-sha-256"],
        ["local", "all", "oduflow_admin", "reject"],
        ["host", "all", "oduflow_admin", "all", "reject"],
    ]


def test_the_admins_rules_come_before_everybody_elses() -> None:
    found = rules("10.213.1.0/24")
    assert all("oduflow_admin" in rule for rule in found[:3])
    assert not any("oduflow_admin" in rule for rule in found[3:])


def test_a_role_enters_its_own_database_and_the_one_of_the_bus_from_its_teams_network() -> None:
    assert rules("10.213.1.0/24")[3:] == [
        ["local", "all", "/^ro_env_[a-z0-9_]+$", "scram-sha-256"],
        ["local", "sameuser,postgres", "all", "scram-sha-256"],
        ["host", "sameuser,postgres", "all", "10.213.1.0/24", "scram-sha-256"],
    ]


def test_no_rule_trusts_and_none_admits_replication() -> None:
    text = hba(IPv6Network("fd00:1::/64"))
    assert "trust" not in text
    assert "replication" not in text
    assert {line.split()[-1] for line in text.splitlines()} == {"scram-sha-256", "reject"}


def test_the_server_keeps_its_data_whole_and_its_log_silent() -> None:
    found = options(PostgresSettings())
    assert found["synchronous_commit"] == "on"
    assert found["recovery_init_sync_method"] == "syncfs"
    assert "fsync" not in found
    assert "full_page_writes" not in found
    assert found["log_statement"] == "none"
    assert found["log_min_error_statement"] == "panic"
    assert found["password_encryption"] == "scram-sha-256"


def test_the_server_takes_its_size_from_the_settings() -> None:
    found = options(PostgresSettings(800, max_connections=77, admin_connections=7))
    assert found["max_connections"] == "77"
    assert found["superuser_reserved_connections"] == "7"
    assert found["shared_buffers"] == "100MB"
    assert found["work_mem"] == "3MB"
    assert found["maintenance_work_mem"] == "50MB"
    assert found["temp_file_limit"] == "800MB"


@pytest.mark.parametrize(("memory", "process"), [(256, 64), (1024, 128), (8192, 1024)])
def test_a_process_gets_an_eighth_of_the_memory_and_never_less_than_odoo_needs(
    memory, process
) -> None:
    settings = PostgresSettings(memory)
    assert settings.process_memory == process << 20
    assert settings.notify_pages << 13 == 4 * settings.process_memory


def test_a_team_has_places_for_all_its_containers_and_the_administrator() -> None:
    assert places(20) == 24 * CONNECTIONS_PER_CONTAINER + ADMIN_CONNECTIONS
    assert places(20) > 24 * ROLE_CONNECTIONS + ADMIN_CONNECTIONS


def test_every_option_is_a_pair_of_words() -> None:
    command = server_command(PostgresSettings())
    words = command[command.index("-D") + 2 :]
    assert set(words[::2]) == {"-c"}
    assert all("=" in word for word in words[1::2])


def test_initdb_takes_the_password_from_a_file_named_as_an_argument() -> None:
    command = initdb_command("/secret/password")
    assert command[-1] == "/secret/password"
    assert '--pwfile="$1"' in command[2]
    assert "--auth-local=scram-sha-256" in command[2]
