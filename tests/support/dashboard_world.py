"""The product's operations on a ledger in memory, for tests of the dashboard.

Declarations are the product's own; only the handlers that would need Docker, PostgreSQL or git
are replaced. Handlers of jobs are the real ones.

    world, ledger = make_dashboard()
    ledger.add("demo", state="stopped")
    page = world.client().get("/", headers=BLUE).text
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from oduflow.domain.access import NAMED, Actor, ActorKind, Scope
from oduflow.domain.audit.rows import AuditRow
from oduflow.domain.clock import now, rfc3339
from oduflow.domain.environment import (
    CreateEnvironment,
    Environment,
    EnvironmentList,
    EnvironmentLogin,
    EnvironmentLogs,
    EnvironmentState,
    EnvironmentView,
)
from oduflow.domain.errors import Conflict, Failure, Kind, NotFound, UpstreamFailed
from oduflow.domain.extra_repo import (
    BranchView,
    ExtraRepoList,
    ExtraRepoState,
    ExtraRepoView,
    PinView,
    split_reference,
)
from oduflow.domain.grant import GrantView
from oduflow.domain.job import Job
from oduflow.domain.next_call import RETRY, Next
from oduflow.domain.odoo_log import filter_log
from oduflow.domain.odoo_version import ImageSource, OdooVersion, OdooVersionView
from oduflow.domain.outcome import ErrorView, Nothing, Outcome, Status
from oduflow.domain.plan import Naming
from oduflow.domain.snapshot import SnapshotView
from oduflow.domain.template import TemplateList, TemplateState, TemplateView
from oduflow.domain.test_run_view import TestRunView
from oduflow.kernel.call import Call, Origin
from oduflow.kernel.operation import Operation
from oduflow.kernel.registry import Registry
from oduflow.services.environments.creation import Creation
from tests.support.credential_rows import CredentialRows
from tests.support.diff_ledger import diff_environment
from tests.support.fakes import BLUE_PASSWORD, ONE_TEAM, FakeEnvironments, World, basic, make_world
from tests.support.ledger_handlers import OTHER_HANDLERS, empty_list, show_sample
from tests.support.pages import Element, read_page
from tests.support.server import eventually
from tests.support.store_rows import environment

SOURCES = {
    OdooVersion.ODOO_19: ImageSource.LOCAL,
    OdooVersion.ODOO_17: ImageSource.PULL,
    OdooVersion.ODOO_14: ImageSource.PULL_OR_BUILD,
}
VERSIONS = tuple(
    OdooVersionView(version=version, image=f"odoo:{version}", source=source)
    for version, source in SOURCES.items()
)
BLUE = basic(BLUE_PASSWORD)
REPOSITORY = "https://git.example.com/acme/addons.git"
PASSWORD = "qf7x-odoo-admin-2k"
BROKEN = "broken"  # a module that fails to install
GONE = "https://git.example.com/acme/gone.git"  # a repository that does not answer
TRACEBACK = """\
Traceback (most recent call last):
  File "/mnt/addons/mrp_costs/models/product.py", line 12, in <module>
    from odoo.addons.mrp_account import valuation
ImportError: cannot import name 'valuation' from 'odoo.addons.mrp_account'"""
LOG = """\
2026-11-23 09:14:02,101 1 INFO ? odoo: Odoo version 19.0
2026-11-23 09:14:03,417 1 INFO db odoo.modules.loading: 14 modules loaded in 0.61s
2026-11-23 09:14:03,502 1 WARNING db odoo.addons.base: <div hx-get=/x hx-trigger=load>inert</div>
2026-11-23 09:14:03,622 1 INFO ? odoo.service.server: HTTP service running on port 8069
2026-11-23 09:15:40,007 1 ERROR db odoo.http: Exception during request handling.
Traceback (most recent call last):
  File "/usr/lib/python3/dist-packages/odoo/http.py", line 2189, in __call__
ZeroDivisionError: division by zero
2026-11-23 09:15:41,118 1 INFO db werkzeug: 172.30.0.1 "GET /web/login HTTP/1.1" 200"""


@dataclass
class Ledger:
    """The resources of a fake server, and how it behaves.

    Attributes:
        go: while it is clear, slow work waits at its next step.
        database: why the team's PostgreSQL cannot be used.
        step_seconds: how long every step of slow work takes.
        audit: rows of the audit trail.
        work: `work.jobs`, which the product's own handlers of jobs use.
        failures: operations that fail, and their failures.
    """

    database: str | None = None
    environments: dict[str, EnvironmentView] = field(default_factory=dict)
    templates: dict[str, TemplateView] = field(default_factory=dict)
    extra_repos: dict[str, ExtraRepoView] = field(default_factory=dict)
    snapshots: list[SnapshotView] = field(default_factory=list)
    test_runs: list[TestRunView] = field(default_factory=list)
    grants: dict[str, GrantView] = field(default_factory=dict)
    logs: dict[str, str] = field(default_factory=dict)
    discarded: set[str] = field(default_factory=set)
    failures: dict[str, Failure] = field(default_factory=dict)
    audit: list[AuditRow] = field(default_factory=list)
    go: threading.Event = field(default_factory=threading.Event)
    step_seconds: float = 0.0
    work: SimpleNamespace = field(default_factory=SimpleNamespace)
    credentials: CredentialRows = field(default_factory=CredentialRows)

    def add(self, name: str, *, hours: float = 2, **changes: Any) -> EnvironmentView:
        """Add an environment."""
        view = EnvironmentView(
            name=name,
            team="1",
            state=EnvironmentState.RUNNING,
            url="http://localhost:20001/",
            repo_url=REPOSITORY,
            branch="main",
            commit="a41f09c2b77e210d09ac3d1e220b1755aa41f09c",
            template="base-19",
            odoo_image="odoo:19.0",
            modules=(),
            protected=False,
            created_by="basic:admin",
            created_at=rfc3339(now() - timedelta(hours=hours)),
            has_container=changes.get("state") != EnvironmentState.LOST,
        )
        return self.put(view.model_copy(update=changes))

    def add_template(self, name: str, *, hours: float = 50, **changes: Any) -> None:
        """Add a template."""
        view = TemplateView(
            name=name,
            team="1",
            state=TemplateState.READY,
            odoo_image="odoo:19.0",
            demo=False,
            language="",
            country="",
            modules=(),
            environments=(),
            created_by="basic:admin",
            created_at=rfc3339(now() - timedelta(hours=hours)),
        )
        self.templates[name] = view.model_copy(update=changes)

    def add_extra_repo(self, name: str, *, hours: float = 9, **changes: Any) -> None:
        """Add an extra repo."""
        moment = rfc3339(now() - timedelta(hours=hours))
        view = ExtraRepoView(
            name=name,
            team="1",
            state=ExtraRepoState.READY,
            repo_url=REPOSITORY,
            branch="19.0",
            commit="c" * 40,
            branches=(BranchView(branch="19.0", commit="c" * 40),),
            environments=(),
            created_by="basic:admin",
            created_at=moment,
            fetched_at=moment,
        )
        self.extra_repos[name] = view.model_copy(update=changes)

    def put(self, view: EnvironmentView) -> EnvironmentView:
        self.environments[view.name] = view
        return view

    def find(self, name: str) -> EnvironmentView:
        if name not in self.environments:
            raise NotFound(f"There is no environment “{name}”.", "list_environments shows them.")
        return self.environments[name]

    def change(self, name: str, **changes: Any) -> EnvironmentView:
        return self.put(self.find(name).model_copy(update=changes))

    def walk(self, call: Call, steps: tuple[tuple[str, str], ...]) -> Iterator[str]:
        """Run slow steps one by one, as a job does."""
        for number, (name, message) in enumerate(steps, 1):
            call.report(name, message, number, len(steps))
            yield name
            time.sleep(self.step_seconds)
            while not self.go.wait(0.01):
                call.raise_if_cancelled()


def _extra_repo(ledger: Ledger, name: str) -> ExtraRepoView:
    if name not in ledger.extra_repos:
        raise NotFound(f"There is no extra repo “{name}”.", "list_extra_repos shows them.")
    return ledger.extra_repos[name]


def creation_steps() -> tuple[tuple[str, str], ...]:
    """Return the name and the message of each step of the product's creation."""
    nothing: Any = SimpleNamespace(naming=Naming("test", Path("/nowhere")))
    creation = Creation(nothing, nothing, environment(), nothing, nothing)
    return tuple((step.name, step.message) for step in creation.steps())


def list_environments(ledger: Ledger, call: Call, args: Any) -> Outcome[EnvironmentList]:
    found = tuple(ledger.environments[name] for name in sorted(ledger.environments))
    return Outcome(EnvironmentList(environments=found), f"{len(found)} environments.")


def get_environment(ledger: Ledger, call: Call, args: Any) -> Outcome[EnvironmentView]:
    return Outcome(ledger.find(args.name), "Here it is.")


def create_environment(
    ledger: Ledger, call: Call, args: CreateEnvironment
) -> Outcome[EnvironmentView]:
    try:
        for step in ledger.walk(call, creation_steps()):
            if step == "reserve":
                _reserve(ledger, call, args)
            if step == "checkout" and args.repo_url == GONE:
                raise UpstreamFailed("The git server does not answer.", "Check the URL.")
            if step == "modules" and BROKEN in args.modules:
                return _break(ledger, args.name)
    except Failure as failure:
        if failure.kind is not Kind.UPSTREAM or args.repo_url == GONE:
            del ledger.environments[args.name]
        raise
    return _serve(ledger, args.name)


def _reserve(ledger: Ledger, call: Call, args: CreateEnvironment) -> None:
    ledger.add(
        args.name,
        hours=0,
        state=EnvironmentState.CREATING,
        url=None,
        repo_url=args.repo_url or REPOSITORY,
        branch=args.branch or "main",
        template=args.template or "base-19",
        modules=args.modules,
        extra_repos=tuple(
            PinView(name=name, branch=branch or "19.0", commit="c" * 40)
            for name, branch in map(split_reference, args.extra_repos)
        ),
        created_by=str(call.actor),
    )


def _break(ledger: Ledger, name: str) -> Outcome[EnvironmentView]:
    failure = UpstreamFailed(
        "Not installed: broken (uninstalled).",
        "Fix the module, push.",
        Next.of("create_environment", RETRY, name=name, modules=("broken",)),
        output=TRACEBACK,
        whole=f"Odoo starts.\n{TRACEBACK}",
    )
    error = ErrorView.of(failure)
    ledger.change(name, state=EnvironmentState.FAILED, error=error, has_container=False)
    raise failure


def _serve(ledger: Ledger, name: str) -> Outcome[EnvironmentView]:
    view = ledger.change(
        name, state=EnvironmentState.RUNNING, url="http://localhost:20001/", error=None
    )
    return Outcome(view, f"{name} serves at {view.url}")


def start_environment(ledger: Ledger, call: Call, args: Any) -> Outcome[EnvironmentView]:
    ledger.find(args.name)
    for _step in ledger.walk(call, creation_steps()[-1:]):
        pass
    return _serve(ledger, args.name)


def stop_environment(ledger: Ledger, call: Call, args: Any) -> Outcome[EnvironmentView]:
    view = ledger.change(args.name, state=EnvironmentState.STOPPED, url=None)
    return Outcome(view, f"{args.name} is stopped.")


def delete_environment(ledger: Ledger, call: Call, args: Any) -> Outcome[Nothing]:
    if ledger.find(args.name).protected:
        raise Conflict(f"{args.name} is protected.", "protect_environment protected=false.")
    for _step in ledger.walk(call, (("database", "dropping the database"),)):
        ledger.change(args.name, state=EnvironmentState.DELETING, url=None)
    del ledger.environments[args.name]
    return Outcome(Nothing(), f"{args.name} is deleted.")


def protect_environment(ledger: Ledger, call: Call, args: Any) -> Outcome[EnvironmentView]:
    return Outcome(ledger.change(args.name, protected=args.protected), "Done.")


def get_environment_login(ledger: Ledger, call: Call, args: Any) -> Outcome[EnvironmentLogin]:
    url = ledger.find(args.name).url
    return Outcome(EnvironmentLogin(url=url, login="admin", password=PASSWORD), "Sign in.")


def get_environment_logs(ledger: Ledger, call: Call, args: Any) -> Outcome[EnvironmentLogs]:
    log = ledger.logs.get(ledger.find(args.name).name, LOG)
    kept = filter_log(log, lines=args.lines, grep=args.grep, level=args.level)
    shown = EnvironmentLogs(name=args.name, lines=len(kept), log="\n".join(kept))
    return Outcome(shown, f"{len(kept)} lines of {args.name}'s log.")


def list_templates(ledger: Ledger, call: Call, args: Any) -> Outcome[TemplateList]:
    found = tuple(ledger.templates[name] for name in sorted(ledger.templates))
    shown = TemplateList(templates=found, odoo_versions=VERSIONS)
    return Outcome(shown, f"{len(found)} templates.")


def create_template(ledger: Ledger, call: Call, args: Any) -> Outcome[TemplateView]:
    for _step in ledger.walk(call, (("modules", "installing Odoo's modules"),)):
        ledger.add_template(args.name, hours=0, state=TemplateState.CREATING, modules=args.modules)
    ledger.add_template(args.name, hours=0, modules=args.modules)
    return Outcome(ledger.templates[args.name], f"Template {args.name} is ready.")


def delete_template(ledger: Ledger, call: Call, args: Any) -> Outcome[Nothing]:
    if args.name not in ledger.templates:
        raise NotFound(f"There is no template “{args.name}”.", "list_templates shows them.")
    users = ledger.templates[args.name].environments
    if users:
        raise Conflict(f"Template {args.name} is in use by {', '.join(users)}.", "Delete those.")
    for _step in ledger.walk(call, (("database", "dropping the database"),)):
        pass
    del ledger.templates[args.name]
    return Outcome(Nothing(), f"Template {args.name} is deleted.")


def list_extra_repos(ledger: Ledger, call: Call, args: Any) -> Outcome[ExtraRepoList]:
    found = tuple(ledger.extra_repos[name] for name in sorted(ledger.extra_repos))
    return Outcome(ExtraRepoList(extra_repos=found), f"{len(found)} extra repos.")


def add_extra_repo(ledger: Ledger, call: Call, args: Any) -> Outcome[ExtraRepoView]:
    for _step in ledger.walk(call, (("fetch", "fetching the branch"),)):
        ledger.add_extra_repo(args.name, hours=0, state=ExtraRepoState.CREATING, branches=())
    ledger.add_extra_repo(args.name, hours=0, repo_url=args.repo_url)
    return Outcome(ledger.extra_repos[args.name], f"Extra repo {args.name} is at cccc of 19.0.")


def update_extra_repo(ledger: Ledger, call: Call, args: Any) -> Outcome[ExtraRepoView]:
    found = _extra_repo(ledger, args.name)
    for _step in ledger.walk(call, (("fetch", "fetching new commits"),)):
        pass
    return Outcome(found, "1 of 1 branches have new commits.")


def delete_extra_repo(ledger: Ledger, call: Call, args: Any) -> Outcome[Nothing]:
    users = _extra_repo(ledger, args.name).environments
    if users:
        raise Conflict(f"Extra repo {args.name} is in use by {', '.join(users)}.", "Delete those.")
    for _step in ledger.walk(call, (("folder", "removing the copy"),)):
        pass
    del ledger.extra_repos[args.name]
    return Outcome(Nothing(), f"Extra repo {args.name} is deleted.")


HANDLERS: dict[str, Any] = {
    handler.__name__: handler
    for handler in (
        add_extra_repo,
        create_environment,
        create_template,
        delete_environment,
        delete_extra_repo,
        delete_template,
        diff_environment,
        get_environment,
        get_environment_login,
        get_environment_logs,
        list_environments,
        list_extra_repos,
        list_templates,
        protect_environment,
        start_environment,
        stop_environment,
        update_extra_repo,
    )
}
HANDLERS |= OTHER_HANDLERS


def handler_of(declared: Operation) -> Any:
    """Return the ledger's handler of an operation; None for one that keeps its own.

    One that has none here and works on an environment serves it or shows a sample of its view; a
    list is empty.
    """
    if declared.name in HANDLERS:
        return HANDLERS[declared.name]
    if declared.scope is Scope.ENVIRONMENT and (declared.slow or declared.method != "GET"):
        is_served = declared.result is EnvironmentView
        return start_environment if is_served else partial(show_sample, declared)
    fields = [name for name, field in declared.result.model_fields.items() if field.is_required()]
    if declared.name.startswith("list_") and declared.noun != "jobs" and len(fields) == 1:
        return partial(empty_list, declared, fields[0])
    return None


class LedgerEnvironments(FakeEnvironments):
    """Finds the environments of a ledger by name."""

    def __init__(self, ledger: Ledger) -> None:
        super().__init__()
        self._ledger = ledger

    def get(self, team: str, name: str) -> Environment | None:
        known = name in self._ledger.environments
        return environment(id=name, team=team, name=name) if known else None


def make_dashboard(toml: str = ONE_TEAM) -> tuple[World, Ledger]:
    """Build the application on a ledger that is empty but for one template."""
    ledger = Ledger()
    ledger.go.set()
    ledger.add_template("base-19")
    environments = LedgerEnvironments(ledger)
    world = make_world(toml, operations=_operations(), deps=ledger, environments=environments)
    ledger.work.jobs = world.runner.jobs
    ledger.work.outputs = world.outputs
    ledger.work.uploads = world.uploads
    return world, ledger


@contextmanager
def paused_jobs(world: World, ledger: Ledger) -> Iterator[None]:
    """Pause slow work inside the block; finish it afterwards."""
    ledger.go.clear()
    try:
        yield
    finally:
        ledger.go.set()
        finish(world)


def show(world: World, path: str) -> Element:
    """Return a page as the Blue team's admin sees it; it must exist."""
    answer = world.client().get(path, headers=BLUE)
    assert answer.status_code == 200, answer.text
    return read_page(answer.text)


def post(world: World, path: str, /, **form: str) -> Any:
    """Send a form as the Blue team's admin; a job that it began has reported its first step."""
    answer = world.client().post(path, data=form, headers=BLUE)
    eventually(lambda: all(map(_has_begun, list(world.job_rows.rows.values()))), 10)
    return answer


def begin(world: World, operation: str, **raw: Any) -> str:
    """Start a slow operation without a page; return its job."""
    actor = Actor("1", ActorKind.BASIC, "admin")
    return str(world.runner.call(operation, raw, actor, Origin("dashboard")).job)


def finish(world: World) -> None:
    """Wait for the end of every job."""
    for job in list(world.job_rows.rows):
        world.runner.jobs.wait("1", job, 10)


def _has_begun(job: Job) -> bool:
    return job.status is not Status.RUNNING or job.progress is not None


def _operations() -> Iterator[Operation]:
    for declared in Registry.discover("oduflow.operations"):
        handler = handler_of(declared)
        if handler is None and declared.scope in NAMED - {Scope.ENVIRONMENT}:
            handler = partial(show_sample, declared)
        plain = replace(declared, check=None, exists=None, undo=None)
        yield declared if handler is None else replace(plain, handler=_failing(declared, handler))


def _failing(declared: Operation, handler: Any) -> Any:
    def handle(ledger: Ledger, call: Call, args: Any, *_row: Any) -> Outcome[Any]:
        if declared.name in ledger.failures:
            raise ledger.failures[declared.name]
        answer: Outcome[Any] = handler(ledger, call, args)
        return answer

    return handle
