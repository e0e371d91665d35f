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
from oduflow.adapters.store import Uploads
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
from tests.support.empty_store import place_empty_store
from tests.support.fakes import ONE_TEAM
from tests.support.grant_ledger import GRANT_HANDLERS

REAL = {
    *GRANT_HANDLERS,
    "create_upload",
    "delete_upload",
    "list_uploads",
    "read_audit",
}
ADMIN = Actor("1", ActorKind.BASIC, "admin")
KNOWN = {
    "environments": "shop",
    "extra-repos": "oca",
    "grants": "ci",
    "jobs": "aaaaaaaaaaaa",
    "outputs": "bbbbbbbbbbbb",
    "logins": "octocat",
    "templates": "base-19",
    "uploads": "shop-zip",
}


@dataclass
class ApiWorld:
    """The application and its ledger."""

    app: Flask
    ledger: Ledger
    uploads: Uploads

    def put_back(self) -> None:
        """Restore the ledger's entries that a request may have deleted."""
        self.ledger.add(KNOWN["environments"])
        self.ledger.add_template(KNOWN["templates"])
        self.ledger.add_extra_repo(KNOWN["extra-repos"])
        if self.uploads.get("1", KNOWN["uploads"]) is None:
            add_upload(self.uploads)


def add_upload(uploads: Uploads) -> None:
    """Add the known upload, of which nothing has arrived."""
    row = store_rows.upload(name=KNOWN["uploads"])
    uploads.reserve(row, limit=99, team_bytes=1 << 60, disk_bytes=1 << 60)


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
    place_empty_store(services.store.path)
    _fill(services)
    try:
        yield ApiWorld(create_app(services=services), ledger, services.deps.store.uploads)
    finally:
        for job in services.deps.work.jobs.store.unfinished():
            services.deps.work.jobs.wait(job.actor.team, job.id, 10)
        services.audit.close()
        services.store.close()
        services.engine.close()


def _fill(services: bootstrap.Services) -> None:
    deps = services.deps
    deps.store.templates.add(store_rows.template(name=KNOWN["templates"]))
    add_upload(deps.store.uploads)
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
        if handler is None:
            yield declared
        else:
            yield replace(declared, handler=_on(ledger, handler), undo=None)


def _on(ledger: Ledger, handler: Any) -> Any:
    return lambda _deps, call, args, *_row: handler(ledger, call, args)
