"""Backups as production makes them become templates, from which environments serve."""

import base64
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
from tests.support.mail_connections import begin_counting, connections_of_mail, counted, signed_rpc
from tests.support.odoo_manager import SMTP_PORT, manager_backup
from tests.support.variants import inside, plan_of

pytestmark = pytest.mark.timeout(600)

READ = """
import sys, glob
[found] = glob.glob('/var/lib/odoo/filestore/*/' + sys.argv[1])
print(open(found).read())
"""


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
    assert connections_of_mail(instance, "of-import") == 0


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


@pytest.mark.usefixtures("remove")
def test_a_pg_dump_of_a_running_environment_that_sends_mail_is_imported_and_sends_nothing(
    instance: Instance, imports: Path, sample_repository: str
) -> None:
    before = world(instance)
    instance.ok("create_environment", name="sending", repo_url=sample_repository, modules=["mail"])
    plan = plan_of(instance, "sending")
    send_from(instance, "sending")
    dump, filestore = imports / "sending.dump", imports / "sending.tar"
    password = (plan.secrets / "database_password").read_text()
    sign_in = ("--host=/run/oduflow", f"--username={plan.database}", plan.database)
    database = ("docker", "exec", "--env", f"PGPASSWORD={password}", plan.naming.database("blue"))
    with dump.open("wb") as file:
        subprocess.run((*database, "pg_dump", "--format=custom", *sign_in), check=True, stdout=file)
    packed = ("tar", "--create", f"--directory=/var/lib/odoo/filestore/{plan.database}", ".")
    with filestore.open("wb") as file:
        subprocess.run(("docker", "exec", plan.container, *packed), check=True, stdout=file)
    instance.ok("delete_environment", name="sending")

    made = instance.ok(
        "import_template", name="production", source=str(dump), filestore=str(filestore)
    )

    assert (made["odoo_version"], made["neutralized"]) == ("19.0", True)
    assert made["postgres_version"].startswith("18.")
    environment = serving(instance, "production", sample_repository)
    known = "SELECT count(*) FROM ir_mail_server WHERE name = 'Production'"
    assert asked(instance, environment, known) == "1", "the server that sent is there"
    path = asked(
        instance, environment, "SELECT store_fname FROM ir_attachment WHERE name = 'contract'"
    )
    assert "signedsigned" in inside(plan_of(instance, "of-import").container, READ, path)
    assert connections_of_mail(instance, "of-import") == 0
    instance.ok("delete_environment", name="of-import")
    instance.ok("delete_template", name="production")
    assert world(instance) == before


def send_from(instance: Instance, name: str) -> None:
    """Give an environment a mail server, queued mail and active actions, and see that it sends."""
    container, rpc = plan_of(instance, name).container, signed_rpc(instance, name)
    server = rpc.call(
        "ir.mail_server",
        "create",
        {
            "name": "Production",
            "smtp_host": "127.0.0.1",
            "smtp_port": SMTP_PORT,
            "smtp_encryption": "none",
        },
    )
    mail = {
        "subject": "queued",
        "body_html": "x",
        "email_from": "shop@example.com",
        "email_to": "customer@example.com",
        "mail_server_id": server,
    }
    data = base64.b64encode(b"signed" * 100).decode()
    rpc.call("ir.attachment", "create", {"name": "contract", "datas": data})
    actions = rpc.call("ir.cron", "search", [], context={"active_test": False})
    rpc.call("ir.cron", "write", actions, {"active": True})
    begin_counting(container)
    rpc.call("mail.mail", "send", [rpc.call("mail.mail", "create", mail)])
    assert counted(container) > 0, "it sends nothing even before"
    rpc.call("mail.mail", "create", mail)  # queued


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
