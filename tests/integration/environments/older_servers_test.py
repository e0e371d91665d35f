"""Backups of Odoo databases on servers of PostgreSQL 10 to 16 become templates that serve.

Real here are the server of each version, the Odoo that filled its database and made the backup, and
the pg_dump of that Odoo's image: 13 of Odoo 14, 17 of Odoo 19. `import_test.py` has the servers 13,
17 and 18 likewise. Other versions of pg_dump do not run here: `templates/dialects_test.py` restores
what those of 10 to 12 and of 14 would write, by their source.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path

import pytest

from oduflow.domain.errors import NotFound
from tests.support.instances import Instance, world
from tests.support.odoo_manager import backups_of_servers

pytestmark = pytest.mark.timeout(600)

# By the oldest Odoo that knows a server; each has a pg_dump that is not older than the server.
SERVERS = {"14.0": ("10", "11", "12"), "19.0": ("14", "15", "16")}
CASES = (
    ("14.0", "10", "zip"),
    ("14.0", "11", "dump"),
    ("14.0", "12", "zip"),
    ("19.0", "14", "dump"),
    ("19.0", "15", "zip"),
    ("19.0", "16", "dump"),
)


@pytest.fixture(scope="module")
def backups(imports: Path) -> Callable[[str], Path]:
    """Make the backups of one Odoo when the first test needs them; return their folder."""

    @cache
    def made(version: str) -> Path:
        backups_of_servers(version, SERVERS[version], imports)
        return imports

    return made


@pytest.fixture
def removed(instance: Instance) -> Iterator[None]:
    yield
    with suppress(NotFound):
        instance.call("delete_environment", name="of-older")
    with suppress(NotFound):
        instance.call("delete_template", name="older")


@pytest.mark.usefixtures("removed")
@pytest.mark.parametrize(("version", "server", "kind"), CASES)
def test_a_backup_of_an_older_server_is_imported_and_serves(
    instance: Instance,
    backups: Callable[[str], Path],
    sample_repository: str,
    version: str,
    server: str,
    kind: str,
) -> None:
    before, source = world(instance), backups(version) / f"of-{server}.{kind}"

    made = instance.ok("import_template", name="older", source=str(source))

    assert made["postgres_version"].startswith(f"{server}.")
    assert (made["odoo_version"], made["neutralized"]) == (version, True)
    environment = instance.ok(
        "create_environment", name="of-older", repo_url=sample_repository, template="older"
    )
    assert (environment["state"], environment["odoo_image"]) == ("running", f"odoo:{version}")
    instance.ok("delete_environment", name="of-older")
    instance.ok("delete_template", name="older")
    assert world(instance) == before
