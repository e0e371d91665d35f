"""The whole application on its real store, locks, jobs, grants and audit, in this process.

Only the handlers that need Docker, PostgreSQL or git are replaced by a ledger. `KNOWN` names its
contents: an environment, a grant, a template, a finished job, its output, a signed-in person.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from flask import Flask

from oduflow import bootstrap
from oduflow.domain.access import Actor, ActorKind
from oduflow.domain.oauth import Login
from oduflow.domain.outcome import Status
from oduflow.kernel.call import Origin
from oduflow.kernel.operation import Operation
from oduflow.kernel.registry import Registry
from oduflow.kernel.runner import Runner
from oduflow.settings import parse
from oduflow.web import create_app
from tests.support import store_rows
from tests.support.dashboard_world import Ledger, handler_of
from tests.support.fakes import ONE_TEAM
from tests.support.grant_ledger import GRANT_HANDLERS

REAL = {*GRANT_HANDLERS, "list_templates", "read_audit"}
ADMIN = Actor("1", ActorKind.BASIC, "admin")
KNOWN = {
    "environments": "shop",
    "extra-repos": "oca",
    "grants": "ci",
    "jobs": "aaaaaaaaaaaa",
    "outputs": "bbbbbbbbbbbb",
    "logins": "octocat",
    "templates": "base-19",
}


@dataclass
class ApiWorld:
    """The application and its ledger."""

    app: Flask
    ledger: Ledger

    def put_back(self) -> None:
        """Restore the ledger's entries that a request may have deleted."""
        self.ledger.add(KNOWN["environments"])
        self.ledger.add_template(KNOWN["templates"])
        self.ledger.add_extra_repo(KNOWN["extra-repos"])


@contextmanager
def api_world(folder: Path) -> Iterator[ApiWorld]:
    """Make it in a folder."""
    ledger = Ledger()
    ledger.go.set()
    server = f'[server]\ninstance = "test-api"\ndata_dir = "{folder}"\n'
    built = bootstrap.build(parse(server + ONE_TEAM))
    runner = Runner(
        Registry(_operations(ledger)),
        built.deps,
        locks=built.deps.work.locks,
        jobs=built.deps.work.jobs,
        audit=built.audit,
        environments=built.deps.store.environments,
        grants=built.grants,
        outputs=built.deps.work.outputs,
    )
    services = replace(built, runner=runner)
    services.store.migrate()
    _fill(services)
    try:
        yield ApiWorld(create_app(services=services), ledger)
    finally:
        for job in services.deps.work.jobs.store.unfinished():
            services.deps.work.jobs.wait(job.actor.team, job.id, 10)
        services.audit.close()
        services.store.close()
        services.engine.close()


def _fill(services: bootstrap.Services) -> None:
    deps = services.deps
    deps.store.templates.add(store_rows.template(name=KNOWN["templates"]))
    deps.store.environments.add(store_rows.environment(name=KNOWN["environments"]))
    deps.work.jobs.store.add(store_rows.job(id=KNOWN["jobs"], actor=ADMIN))
    deps.work.jobs.store.finish(KNOWN["jobs"], Status.OK, {"status": "ok", "summary": "Done."})
    handle = deps.work.outputs.keep("text", team=ADMIN.team, environment="")
    folder = services.settings.server.data_dir / "outputs" / ADMIN.team
    (folder / f"{handle}.").rename(folder / f"{KNOWN['outputs']}.")
    services.oauth.logins.bind(Login(KNOWN["logins"], "583231"))
    raw = {"name": KNOWN["grants"], "environments": [KNOWN["environments"]], "tiers": ["read"]}
    services.runner.call("create_grant", raw, ADMIN, Origin("test"))


def _operations(ledger: Ledger) -> Iterator[Operation]:
    for declared in Registry.discover("oduflow.operations"):
        handler = None if declared.name in REAL else handler_of(declared)
        yield replace(declared, handler=_on(ledger, handler)) if handler else declared


def _on(ledger: Ledger, handler: Any) -> Any:
    return lambda _deps, call, args, *_row: handler(ledger, call, args)
