"""A template of a real environment: its data come along, its secrets stay, and files are linked."""

import hashlib
import logging
import threading
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from oduflow.domain.environment import Environment
from oduflow.domain.filestore import FilestoreKind
from oduflow.domain.plan import TemplatePlan
from tests.support.instances import Instance, world
from tests.support.variants import inside, plan_of, signed_in

log = logging.getLogger(__name__)
pytestmark = pytest.mark.timeout(600)

NAME = "original"
PICTURE = b"GIF89a\x01\x00\x01\x00\x00\x00\x00;"
HASH = hashlib.sha1(PICTURE).hexdigest()  # noqa: S324 - Odoo's names
STORED = f"{HASH[:2]}/{HASH}"
ADD = """
import os, sys
path = os.path.join(sys.argv[1], sys.argv[2])
os.makedirs(os.path.dirname(path), exist_ok=True)
open(path, 'wb').write(bytes.fromhex(sys.argv[3]))
"""
REMOVE = "import os, sys; os.unlink(os.path.join(sys.argv[1], sys.argv[2]))"
EXISTS = "import os, sys; print(os.path.exists(os.path.join(sys.argv[1], sys.argv[2])))"
SECRETS = """
    SELECT key, value FROM ir_config_parameter
    WHERE key IN ('database.secret', 'database.uuid', 'web.base.url', 'web.base.url.freeze')
"""


def files_in(instance: Instance, name: str) -> str:
    return f"/var/lib/odoo/filestore/{plan_of(instance, name).database}"


def template_files(instance: Instance, name: str) -> Path:
    deps = instance.services.deps
    row = deps.store.templates.get("blue", name)
    assert row is not None
    plan = TemplatePlan.of(deps.naming, row)
    return deps.engine.volumes.mountpoint(plan.volume) / "filestore" / plan.database


def fetched(url: str, path: str) -> tuple[int, bytes]:
    place = urlsplit(url)
    connection = HTTPConnection(place.hostname or "", place.port, timeout=30)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


@pytest.fixture(scope="module")
def removed(instance: Instance, sample_repository: str) -> Iterator[str]:
    """Make the environment: a partner, an attachment, and without one of its template's files."""
    before = world(instance)
    instance.ok(
        "create_environment", name=NAME, repo_url=sample_repository, modules=["field_notes"]
    )
    plan = plan_of(instance, NAME)
    inside(plan.container, ADD, files_in(instance, NAME), STORED, PICTURE.hex())
    with signed_in(plan) as odoo:
        odoo.execute("INSERT INTO res_partner (name, active) VALUES ('Ada of the original', true)")
        odoo.execute(
            "INSERT INTO ir_attachment (name, type, store_fname, mimetype, file_size, public)"
            " VALUES ('ada.gif', 'binary', %s, 'image/gif', %s, true)",
            [STORED, len(PICTURE)],
        )
        found = odoo.execute(
            "DELETE FROM ir_attachment WHERE id = (SELECT max(id) FROM ir_attachment"
            " WHERE store_fname IS NOT NULL AND store_fname <> %s) RETURNING store_fname",
            [STORED],
        ).fetchone()
        assert found is not None
        odoo.execute(
            "INSERT INTO ir_config_parameter (key, value) VALUES"
            " ('web.base.url.freeze', 'True'), ('web.base.url', 'http://original.test')"
            " ON CONFLICT (key) DO UPDATE SET value = excluded.value"
        )
    inside(plan.container, REMOVE, files_in(instance, NAME), found[0])
    yield str(found[0])
    for name in ("second", "third", NAME):
        if instance.services.deps.store.environments.get("blue", name):
            instance.ok("delete_environment", name=name)
    for name in ("saved", "again", "busy"):
        if instance.services.deps.store.templates.get("blue", name):
            instance.ok("delete_template", name=name)
    assert world(instance) == before


def test_an_environment_of_the_template_serves_with_the_data(
    instance: Instance, removed: str
) -> None:
    envelope = instance.call("save_as_template", name=NAME, template="saved")
    assert envelope.error is None, envelope.error
    made = envelope.data
    assert made is not None
    assert (made.source, made.odoo_version) == (f"environment {NAME}", "19.0")
    assert "field_notes" in made.modules
    assert made.neutralized is None
    assert row_of(instance, NAME).filestore is FilestoreKind.OVERLAY

    shown = instance.ok("create_environment", name="second", template="saved")

    assert shown["template"] == "saved"
    check_data(instance, "second", shown["url"], removed)
    assert fetched(instance.ok("get_environment", name=NAME)["url"], "/web/login")[0] == 200


def test_the_environments_secrets_do_not_come_along(instance: Instance, removed: str) -> None:
    with signed_in(plan_of(instance, NAME)) as odoo:
        own = dict(odoo.execute(SECRETS).fetchall())
    with signed_in(plan_of(instance, "second")) as odoo:
        other = dict(odoo.execute(SECRETS).fetchall())
        ((devices,),) = odoo.execute("SELECT count(*) FROM res_device_log").fetchall()
        ((owners,),) = odoo.execute(
            "SELECT count(*) FROM pg_class WHERE pg_get_userbyid(relowner) ~ '^(env|tpl)_'"
            " AND relowner <> current_user::regrole"
        ).fetchall()
    assert own["database.secret"] != other["database.secret"]
    assert own["database.uuid"] != other["database.uuid"]
    assert own["web.base.url"] == "http://original.test"
    assert other["web.base.url"] != "http://original.test"
    assert "web.base.url.freeze" in own
    assert "web.base.url.freeze" not in other
    assert (devices, owners) == (0, 0)


def test_it_stays_when_the_environment_and_the_templates_below_are_gone(
    instance: Instance, removed: str
) -> None:
    instance.ok("delete_environment", name=NAME)
    below = template_files(instance, "saved") / STORED
    instance.ok("save_as_template", name="second", template="again")
    kept = template_files(instance, "again") / STORED
    assert kept.samefile(below)  # linked: the second environment only reads it

    instance.ok("delete_environment", name="second")
    instance.ok("delete_template", name="saved")

    assert kept.read_bytes() == PICTURE
    shown = instance.ok("create_environment", name="third", template="again")
    check_data(instance, "third", shown["url"], removed)


def test_what_an_environment_writes_does_not_change_the_linked_files(
    instance: Instance, removed: str
) -> None:
    kept = template_files(instance, "again") / STORED
    plan = plan_of(instance, "third")

    inside(plan.container, ADD, files_in(instance, "third"), STORED, b"changed".hex())

    assert kept.read_bytes() == PICTURE


def test_saving_fails_no_request(instance: Instance, removed: str) -> None:
    url = instance.ok("get_environment", name="third")["url"]
    done, answers = threading.Event(), []

    def ask() -> None:
        while not done.is_set():
            answers.append(fetched(url, "/web/login")[0])
            time.sleep(0.05)

    client = threading.Thread(target=ask, daemon=True)
    client.start()
    began = time.monotonic()
    instance.ok("save_as_template", name="third", template="busy")
    log.info("saved in %.2f s", time.monotonic() - began)
    done.set()
    client.join(40)
    assert set(answers) == {200}
    assert len(answers) > 1
    assert instance.ok("list_snapshots", name="third")["snapshots"] == []


def row_of(instance: Instance, name: str) -> Environment:
    row = instance.services.deps.store.environments.get("blue", name)
    assert row is not None
    return row


def check_data(instance: Instance, name: str, url: str, removed: str) -> None:
    plan = plan_of(instance, name)
    with signed_in(plan) as odoo:
        ((partners,),) = odoo.execute(
            "SELECT count(*) FROM res_partner WHERE name = 'Ada of the original'"
        ).fetchall()
        ((attachment,),) = odoo.execute(
            "SELECT id FROM ir_attachment WHERE name = 'ada.gif'"
        ).fetchall()
    assert partners == 1
    assert fetched(url, f"/web/content/{attachment}") == (200, PICTURE)
    folder = files_in(instance, name)
    assert inside(plan.container, EXISTS, folder, STORED).strip() == "True"
    assert inside(plan.container, EXISTS, folder, removed).strip() == "False"
