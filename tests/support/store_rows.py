"""Valid rows for the store; a test sets only the fields that it is about."""

from datetime import UTC, datetime
from typing import Any

from oduflow.domain.access import Actor, ActorKind, Tier
from oduflow.domain.audit.rows import AuditRow
from oduflow.domain.clock import now
from oduflow.domain.environment import Environment, EnvironmentState
from oduflow.domain.extra_repo import ExtraRepo, ExtraRepoState, Pin
from oduflow.domain.job import Job, Resource
from oduflow.domain.odoo_session import SessionLink
from oduflow.domain.outcome import Status
from oduflow.domain.template import Template, TemplateState
from oduflow.domain.upload import Upload

MOMENT = datetime(2026, 3, 4, 5, 6, 7, 890123, tzinfo=UTC)
LATER = datetime(2126, 3, 4, 5, 6, 7, tzinfo=UTC)


def template(**given: Any) -> Template:
    values: dict[str, Any] = {
        "id": "template1",
        "team": "1",
        "name": "base",
        "odoo_image": "odoo:19.0",
        "modules": ("base", "web"),
        "state": TemplateState.READY,
        "created_by": "ada",
        "created_at": MOMENT,
    }
    return Template(**values | given)


def environment(**given: Any) -> Environment:
    values: dict[str, Any] = {
        "id": f"id-{given.get('team', '1')}-{given.get('name', 'sale')}",
        "team": "1",
        "name": "sale",
        "repo_url": "https://example.com/addons.git",
        "branch": "main",
        "requested_branch": None,
        "template_id": "template1",
        "template": "base",
        "odoo_image": "odoo:19.0",
        "modules": (),
        "state": EnvironmentState.CREATING,
        "created_by": "ada",
        "created_at": MOMENT,
    }
    return Environment(**values | given)


def session_link(**given: Any) -> SessionLink:
    values: dict[str, Any] = {
        "team": "1",
        "environment": "id-1-sale",
        "name": "sale",
        "login": "demo",
        "cookie": "session_id_20001",
        "value": "a-session-for-tests-only",
        "url": "http://localhost:20001/web",
        "created_by": "token:1",
        "opens_until": LATER,
        "expires_at": LATER,
    }
    return SessionLink(**values | given)


def upload(**given: Any) -> Upload:
    values: dict[str, Any] = {
        "id": "aaaaaaaaaaaa",
        "team": "1",
        "name": "shop-zip-abcd",
        "file_name": "shop.zip",
        "size": 5,
        "sha256": "",
        "received": 0,
        "verified": False,
        "created_by": "ada",
        "created_at": MOMENT,
        "progressed_at": now(),
    }
    return Upload(**values | given)


def extra_repo(**given: Any) -> ExtraRepo:
    values: dict[str, Any] = {
        "id": "aaaaaaaaaaaa",
        "team": "1",
        "name": "enterprise",
        "repo_url": "https://example.com/enterprise.git",
        "branch": "19.0",
        "branches": {"19.0": "c" * 40},
        "state": ExtraRepoState.READY,
        "created_by": "ada",
        "created_at": MOMENT,
        "fetched_at": MOMENT,
    }
    return ExtraRepo(**values | given)


def pin(**given: Any) -> Pin:
    values: dict[str, Any] = {
        "repo": "aaaaaaaaaaaa",
        "name": "enterprise",
        "repo_url": "https://example.com/enterprise.git",
        "branch": "19.0",
        "commit": "c" * 40,
    }
    return Pin(**values | given)


def actor(team: str = "1") -> Actor:
    return Actor(team, ActorKind.GRANT, "night-build", frozenset({Tier.READ, Tier.WRITE}))


def audit_row(team: str = "1", **given: Any) -> AuditRow:
    values: dict[str, Any] = {
        "time": MOMENT,
        "actor": actor(team),
        "face": "rest",
        "address": "192.0.2.1",
        "operation": "create_environment",
        "fields": {},
        "outcome": "ok",
        "duration_ms": 12,
    }
    return AuditRow(**values | given)


def holding(**names: str) -> tuple[Resource, ...]:
    """Return what a job locks, from one name for each noun."""
    return tuple(Resource(noun=noun, name=name) for noun, name in names.items())


def job(**given: Any) -> Job:
    values: dict[str, Any] = {
        "id": "aaaaaaaaaaaa",
        "operation": "create_environment",
        "target": "sale",
        "actor": actor(),
        "face": "rest",
        "status": Status.RUNNING,
        "created_at": MOMENT,
        "updated_at": MOMENT,
        "holder": 4711,
        "noun": "environment",
        "holds": holding(environment=given.get("target", "sale")),
    }
    return Job(**values | given)
