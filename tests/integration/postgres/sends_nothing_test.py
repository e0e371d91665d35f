"""A real Odoo on a neutralised copy sends nothing; on the same database as it was, it does."""

import os
import secrets
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from oduflow.adapters.odoo.commands import OdooCommand
from oduflow.domain.anonymisation import field_rule
from oduflow.domain.container import RunResult
from oduflow.services.templates.neutralise import neutralise, new_parameters
from oduflow.services.templates.neutralise_steps import OwnSteps
from tests.support.mail_catcher import PORT, MailCatcher
from tests.support.odoo_template import configured, fill, shell
from tests.support.tenants import Tenants

SECONDS = 90
BUSY = """
server = env['ir.mail_server'].create(dict(
    name='Production', smtp_host={host!r}, smtp_port={port}, smtp_encryption='none'))
def mail(subject, **more):
    return dict(subject=subject, body_html='<p>x</p>', email_from='shop@example.com',
                email_to='customer@example.com', **more)
env['mail.mail'].create([mail('queued'), mail('queued by id', mail_server_id=server.id)])
cron = env.ref('mail.ir_cron_mail_scheduler_action')
cron.write(dict(active=True, interval_type='minutes', interval_number=1))
env['ir.cron'].create(dict(
    name='Reminder', model_id=env.ref('mail.model_mail_mail').id, state='code', active=True,
    interval_type='minutes', interval_number=1,
    code="model.create(dict(subject='by a scheduled action', body_html='x',"
         " email_from='shop@example.com', email_to='customer@example.com')).send()"))
if 'payment.provider' in env:
    env['payment.provider'].search([], limit=1)._write(dict(state='enabled'))
if any(key == 'webhook' for key, _ in env['ir.actions.server']._fields['state'].selection):
    env['ir.actions.server'].create(dict(
        name='Hook', model_id=env.ref('base.model_res_partner').id, state='webhook',
        webhook_url='https://hooks.example.com/x'))
env['ir.config_parameter'].set_param('database.enterprise_code', 'M0123456789')
env.cr.execute("UPDATE ir_cron SET nextcall = now() at time zone 'UTC' - interval '1 hour',"
               " active = true WHERE id IN %s", [(cron.id, env.ref('base.autovacuum_job').id)])
env.cr.execute("UPDATE ir_cron SET nextcall = now() at time zone 'UTC' - interval '1 hour'"
               " WHERE id = (SELECT max(id) FROM ir_cron)")
env.cr.commit()
"""
BY_HAND = """
print('outgoing', env['mail.mail'].search_count([('state', '=', 'outgoing')]))
for server in [False, *env['ir.mail_server'].with_context(active_test=False).search([]).ids]:
    mail = env['mail.mail'].create(dict(
        subject='by hand', body_html='x', email_from='shop@example.com',
        email_to='customer@example.com', mail_server_id=server, auto_delete=False))
    mail.send()
    print('by hand', mail.state)
"""
# Odoo looks for due actions once a minute; a test waits less.
IMPATIENT = (
    "import odoo, odoo.cli, odoo.service.server as server\n"
    "server.SLEEP_INTERVAL = 2\n"
    "odoo.cli.main()"
)
RAN = "SELECT lastcall IS NOT NULL AND lastcall > now() at time zone 'UTC' - interval '3 min'"


ONE_VERSION = pytest.mark.parametrize("image", ["19.0"], indirect=True)


@pytest.fixture(scope="module")
def catcher() -> Iterator[MailCatcher]:
    with MailCatcher() as made:
        yield made


@pytest.fixture(scope="module", params=["19.0", "14.0"])
def image(request) -> str:
    return f"odoo:{request.param}"


@pytest.fixture(scope="module")
def busy(postgres, catcher, image):
    """A sealed database that sends mail as soon as an Odoo boots on it."""
    makers = Tenants(postgres)
    made = makers.empty("tpl")
    makers.tenant(made).prepare_empty()
    fill(postgres, made, "mail" if "14" in image else "mail,payment", image)
    shell(postgres, made, BUSY.format(host=catcher.address, port=PORT), image)
    postgres.cluster.seal_template(made.name, made.name)
    return made


@pytest.fixture
def run(postgres, image):
    """Run Odoo's commands in one-off containers, as a template's are."""

    def on(made) -> Callable[[OdooCommand], RunResult]:
        def call(command: OdooCommand) -> RunResult:
            conf = configured(postgres, made)
            done = subprocess.run(
                (
                    *("docker", "run", "--rm", "--init", "--cap-drop", "ALL"),
                    *("--name", f"{postgres.name}-once"),
                    *("--volume", f"{conf}:/etc/odoo/odoo.conf:ro"),
                    *("--entrypoint", command.entrypoint[0], image, *command.entrypoint[1:]),
                    *command.arguments,
                ),
                check=False,
                capture_output=True,
                text=True,
                timeout=SECONDS,
            )
            return RunResult(done.returncode, done.stdout + done.stderr)

        return call

    return on


@pytest.fixture
def booted(postgres, image):
    """Serve a database with scheduled actions on."""

    @contextmanager
    def serve(made):
        conf = configured(postgres, made)
        conf.write_text(conf.read_text().replace("max_cron_threads = 0", "max_cron_threads = 1"))
        name = f"test-{os.getpid()}-odoo-{secrets.token_hex(3)}"
        words = ("python3", image, "-c", IMPATIENT, "--config", "/etc/odoo/odoo.conf")
        mounted = ("--volume", f"{conf}:/etc/odoo/odoo.conf:ro", "--entrypoint")
        start = ("docker", "run", "--detach", "--init", "--name", name, "--cap-drop", "ALL")
        subprocess.run((*start, *mounted, *words), check=True, capture_output=True)
        try:
            yield name
        finally:
            log = subprocess.run(("docker", "logs", name), check=False, capture_output=True)
            print(log.stderr.decode()[-4000:])  # noqa: T201 - shown when the test fails
            subprocess.run(("docker", "rm", "-fv", name), check=True, capture_output=True)

    return serve


def wait_for(what: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        if what():
            return True
        time.sleep(0.5)
    return False


def test_a_neutralised_odoo_sends_nothing_and_the_same_database_as_it_was_does(
    image, postgres, busy, tenants, run, booted, catcher
) -> None:
    neutral = tenants.clone(busy)
    done = neutralise(run(neutral), tenants.tenant(neutral), new_parameters())

    assert ("base" in done.odoo) is ("19" in image)
    rows = {each.rule: each.rows for each in done.rules}
    assert rows["queued mail"] == 2
    proven = {"scheduled actions", "mail servers", "queued mail", "system parameters"}
    assert proven <= set(done.proven)
    if "19" in image:  # which has webhooks, and payment without accounting
        assert {"webhooks", "payment providers"} <= set(done.proven)
    assert done.warnings == ()
    before = len(catcher.subjects)
    cron = f"{RAN} FROM ir_cron WHERE active"
    with booted(neutral):
        assert wait_for(lambda: tenants.ask(neutral, cron) == [True]), "no scheduled action ran"
        time.sleep(5)
    said = shell(postgres, neutral, BY_HAND, image).split("\n")
    assert [line for line in said if line.startswith("outgoing")] == ["outgoing 0"]
    assert [line for line in said if line.startswith("by hand")] == ["by hand exception"] * 3
    assert catcher.subjects[before:] == []

    control = tenants.clone(busy)
    wanted = {"queued", "queued by id", "by a scheduled action"}
    with booted(control):
        assert wait_for(lambda: wanted <= set(catcher.subjects[before:])), catcher.subjects


@ONE_VERSION
def test_neutralising_again_accumulates_nothing(busy, tenants, run) -> None:
    made = tenants.clone(busy)
    runs = [neutralise(run(made), tenants.tenant(made), new_parameters()) for _ in range(3)]
    assert {each.rows for each in runs[-1].rules if each.rule == "mail servers"} == {0}
    assert tenants.ask(made, "SELECT count(*) FROM ir_mail_server WHERE active") == [1]


@ONE_VERSION
def test_a_rule_that_swallows_odoos_own_update_is_found(busy, tenants, run) -> None:
    made = tenants.clone(busy)
    tenants.run(made, "CREATE RULE quiet AS ON UPDATE TO ir_cron DO INSTEAD NOTHING")
    with pytest.raises(Exception, match="scheduled actions: ir_cron id"):
        neutralise(run(made), tenants.tenant(made), new_parameters())


def test_an_anonymised_odoo_boots_and_knows_no_person(image, postgres, busy, tenants, run) -> None:
    made = tenants.clone(busy)
    script = "print([p.name, p.email, p.display_name]); env.cr.commit()"
    find = "p = env['res.partner'].search([('ref', '=', 'J')]); "
    create = (
        "env['res.partner'].create(dict(name='Jane Roe', email='Jane@acme.example', ref='J',"
        " phone='+32 2 290 34 90')); env.cr.commit()\n"
    )
    assert "Jane Roe" in shell(postgres, made, f"{create}{find}{script}\n", image)
    rules = {
        "res.partner.name": "name",
        "res.partner.email": "email",
        "res.partner.phone": "phone",
        "res.country.name": "text",
        "crm.lead.email_from?": "email",
    }
    fields = tuple(filter(None, (field_rule(key, word) for key, word in rules.items())))
    own = OwnSteps(fields=fields, key="key")
    done = neutralise(run(made), tenants.tenant(made), new_parameters(), own)
    assert {each.rule for each in done.anonymised} >= {"res.partner.name", "res.country.name"}
    said = shell(postgres, made, f"{find}{script}\n", image)
    assert "@example.com" in said
    assert "Jane" not in said
    text = tenants.ask(made, "SELECT concat_ws('|', p) FROM res_partner AS p")
    assert "acme" not in " ".join(text)
