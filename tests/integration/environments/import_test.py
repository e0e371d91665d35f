"""Backups as production makes them become templates, from which environments serve."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from oduflow.domain.errors import NotFound
from oduflow.domain.plan import EnvironmentPlan
from tests.support.base_template import KeptTemplate
from tests.support.images import VERSIONS
from tests.support.instances import Instance, world
from tests.support.odoo_manager import SMTP_PORT, manager_backup
from tests.support.odoo_rpc import OdooRpc
from tests.support.server import eventually
from tests.support.variants import docker, inside, plan_of

pytestmark = pytest.mark.timeout(600)

# Counts the connections to a mail server that accepts them: Odoo's own default, and production's.
COUNT = f"""
import socket, sys, threading
def accept(listener):
    while True:
        connection, _ = listener.accept()
        with open('/tmp/connections', 'a') as file:
            file.write('one\\n')
        connection.close()
for port in (25, {SMTP_PORT}):
    listener = socket.create_server(('127.0.0.1', port))
    threading.Thread(target=accept, args=(listener,)).start()
open('/tmp/connections', 'w').close()
"""
CONNECT = f"import socket; socket.create_connection(('127.0.0.1', {SMTP_PORT}), 10).recv(1)"
COUNTED = "print(len(open('/tmp/connections').read().splitlines()))"
READ = """
import sys, glob
[found] = glob.glob('/var/lib/odoo/filestore/*/' + sys.argv[1])
print(open(found).read())
"""
THERE = "import os; print(os.path.exists('/tmp/connections'))"


@pytest.fixture
def remove(instance: Instance) -> Iterator[None]:
    yield
    with suppress(NotFound):
        instance.call("delete_environment", name="of-import")
    for name in ("production", "custom"):
        with suppress(NotFound):
            instance.call("delete_template", name=name)


@pytest.mark.usefixtures("remove")
@pytest.mark.parametrize("version", VERSIONS)
def test_a_backup_of_odoos_database_manager_is_imported_serves_and_sends_nothing(
    instance: Instance, imports: Path, sample_repository: str, version: str
) -> None:
    server = manager_backup(version, imports / "production.zip")

    made = instance.ok("import_template", name="production", source=str(imports / "production.zip"))

    assert (made["source"], made["odoo_version"]) == ("production.zip", version)
    assert made["postgres_version"].startswith(server)
    assert (made["odoo_image"], made["neutralized"]) == (f"odoo:{version}", True)
    assert made["size"] > 10 << 20
    environment = serving(instance, "production", sample_repository)
    flag = "SELECT value FROM ir_config_parameter WHERE key = 'database.is_neutralized'"
    assert asked(instance, environment, flag) == "true"
    contract = "SELECT store_fname FROM ir_attachment WHERE name = 'contract'"
    path = asked(instance, environment, contract)
    assert "signedsigned" in inside(plan_of(instance, "of-import").container, READ, path)
    assert connections_of_mail(instance) == 0


def connections_of_mail(instance: Instance) -> int:
    """Send mail in every way that a person or a program can, and count what was connected to."""
    plan = plan_of(instance, "of-import")
    docker("exec", "--detach", "--user", "root", plan.container, "python3", "-c", COUNT)
    eventually(lambda: "True" in inside(plan.container, THERE), 20)
    login = instance.ok("get_environment_login", name="of-import")
    rpc = OdooRpc.sign_in(login["url"], plan.database, login["login"], login["password"])
    anyone = {"context": {"active_test": False}}
    servers = rpc.call("ir.mail_server", "search", [], **anyone)
    assert rpc.call("mail.mail", "search_count", [["state", "=", "outgoing"]]) == 0
    for server in (False, *servers):
        mail = {
            "subject": "by hand",
            "body_html": "x",
            "email_from": "shop@example.com",
            "email_to": "customer@example.com",
            "mail_server_id": server,
            "auto_delete": False,
        }
        number = rpc.call("mail.mail", "create", mail)
        rpc.call("mail.mail", "send", [number])
        [sent] = rpc.call("mail.mail", "read", [number], ["state"])
        assert sent["state"] == "exception"
    rpc.call("mail.mail", "process_email_queue")
    found = int(inside(plan.container, COUNTED))
    inside(plan.container, CONNECT)  # it would have been counted
    eventually(lambda: int(inside(plan.container, COUNTED)) == found + 1, 10)
    return found


@pytest.mark.usefixtures("remove")
def test_a_dump_in_custom_format_with_its_filestore_is_imported_and_serves(
    instance: Instance, kept_template: KeptTemplate, imports: Path, sample_repository: str
) -> None:
    before = world(instance)
    dump, filestore = imports / "custom.dump", imports / "filestore"
    shutil.copyfile(kept_template.folder / "dump", dump)
    shutil.copytree(kept_template.folder / "filestore", filestore, dirs_exist_ok=True)

    made = instance.ok("import_template", name="custom", source=str(dump), filestore=str(filestore))

    assert (made["odoo_version"], made["neutralized"]) == ("19.0", True)
    assert made["postgres_version"].startswith("18")
    serving(instance, "custom", sample_repository, "field_notes")
    instance.ok("delete_environment", name="of-import")
    instance.ok("delete_template", name="custom")
    assert world(instance) == before


def serving(instance: Instance, template: str, repository: str, *modules: str) -> Any:
    """Create an environment of a template, which is proven to serve."""
    made = instance.ok(
        "create_environment",
        name="of-import",
        repo_url=repository,
        template=template,
        modules=list(modules),
    )
    assert made["state"] == "running"
    assert made["neutralized"] is True
    return made


def asked(instance: Instance, environment: Any, question: str) -> str:
    """Ask the database of an environment, as its role."""
    deps = instance.services.deps
    row = deps.store.environments.get("blue", environment["name"])
    assert row is not None
    plan = EnvironmentPlan.of(deps.naming, row)
    password = (plan.secrets / "database_password").read_text()
    done = subprocess.run(
        (
            *("docker", "exec", "--env", f"PGPASSWORD={password}", deps.naming.database("blue")),
            *("psql", "--host=/run/oduflow", f"--username={plan.database}", "-Atc", question),
            plan.database,
        ),
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()
