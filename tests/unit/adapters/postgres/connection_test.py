import inspect
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from oduflow.adapters import postgres
from oduflow.adapters.postgres.connection import (
    Endpoint,
    open_admin,
    open_empty,
    open_first,
    open_tenant,
)
from oduflow.domain.errors import Internal, Invalid

HERE = Endpoint(Path("/nowhere"))


@pytest.mark.parametrize("opener", [open_admin, open_empty, open_first])
def test_an_admin_connection_to_a_tenants_database_cannot_be_asked_for(opener) -> None:
    assert not {"database", "dbname", "role"} & set(inspect.signature(opener).parameters)


def test_connections_are_opened_in_one_place() -> None:
    folder = Path(next(iter(postgres.__path__)))
    opening = [path.name for path in folder.glob("*.py") if ".connect(" in path.read_text()]
    assert opening == ["connection.py"]


@pytest.mark.parametrize(
    ("database", "role"),
    [
        ("env_a", "oduflow_admin"),
        ("oduflow", "env_a"),
        ("postgres", "env_a"),
        ("template1", "env_a"),
        ("env_a' dbname='oduflow", "env_a"),
    ],
)
def test_a_tenants_connection_is_never_the_admins_nor_to_our_databases(database, role) -> None:
    with (
        pytest.raises(Internal, match="not the name of a tenant"),
        open_tenant(HERE, database, role, "password", "look", entrance=unprepared),
    ):
        pass


def unprepared(_role: str, _password: str) -> AbstractContextManager[None]:
    pytest.fail("a session was opened to prepare the role")


def test_a_socket_path_may_have_107_bytes() -> None:
    name = "/.s.PGSQL.5432"
    fits = Path("/" + "x" * (107 - len(name) - 1))
    assert Endpoint(fits).checked() == str(fits)
    with pytest.raises(Invalid, match="too long"):
        Endpoint(Path(f"{fits}x")).checked()


def test_a_socket_path_is_counted_in_bytes() -> None:
    with pytest.raises(Invalid, match="too long"):
        Endpoint(Path("/" + "ü" * 50)).checked()
