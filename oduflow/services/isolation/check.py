"""Check isolation: make the canaries, let them attack, judge, sign, and remove them."""

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from oduflow import __version__
from oduflow.adapters.store import AuditLog
from oduflow.domain.access import Actor, ActorKind
from oduflow.domain.audit.rows import AuditRow
from oduflow.domain.audit.view import ReadAudit
from oduflow.domain.clock import now, rfc3339
from oduflow.domain.isolation import IsolationReport, ProbeResult, read_signed, signed_text
from oduflow.domain.plan import Naming
from oduflow.files.private import make_folder, write_private
from oduflow.kernel.locks import LockKey
from oduflow.services.deps import Deps
from oduflow.services.isolation.attack import Attack
from oduflow.services.isolation.canaries import REPORTS, Canaries
from oduflow.services.isolation.probes import results
from oduflow.services.isolation.targets import Host
from oduflow.services.saga import Saga

OPERATION = "verify_isolation"  # of its row in the audit trail
PURPOSE = "isolation report"  # of its signature
SERVER = ""  # no team: the row is the whole server's

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Checked:
    """A report and its signed text."""

    report: IsolationReport
    text: str


def verify_isolation(
    deps: Deps,
    actor: str,
    engine: str,
    tell: Tell,
    *,
    cancelled: Callable[[], bool] = lambda: False,
    host: Host | None = None,
) -> Checked:
    """Check isolation, and record the result in the audit trail.

    Running environments are not touched: two throw-away teams attack and observe.

    Args:
        deps: the product's parts.
        actor: the operating-system user, for the audit trail.
        engine: the engine's version, for the report.
        tell: gets a line for each step and each phase of the attack.
        cancelled: asked several times a second whether to stop.
        host: this machine.

    Raises:
        Busy: another check runs.
        Failure: the canaries could not be made; they are removed.
    """
    held = deps.work.locks.acquire(LockKey.isolation(), f"{OPERATION} by {actor}")
    try:
        started, (image, probes) = now(), _probed(deps, tell, cancelled, host or Host())
    finally:
        held.release()
    report = IsolationReport(
        instance=deps.naming.instance,
        oduflow=__version__,
        engine=engine,
        kernel=os.uname().release,
        image=image,
        started=rfc3339(started),
        ended=rfc3339(now()),
        probes=probes,
    )
    checked = Checked(
        report, signed_text(report, lambda text: deps.store.audit.sign(PURPOSE, text))
    )
    deps.store.audit.append(_row(actor, checked, started))
    return checked


def verify_report(audit: AuditLog, text: str) -> tuple[IsolationReport, int | None]:
    """Verify a report's signature; return it, and the number of its row in the audit trail.

    Raises:
        Invalid: the text is no report.
        Conflict: it was changed, or another instance signed it.
    """
    report = read_signed(text, lambda text: audit.sign(PURPOSE, text))
    rows = audit.find(SERVER, ReadAudit(operation=OPERATION, limit=200))
    numbers = [each.number for each in rows if each.row.fields.get("sha256") == digest(text)]
    return report, next(iter(numbers), None)


def _probed(
    deps: Deps, tell: Tell, cancelled: Callable[[], bool], host: Host
) -> tuple[str, tuple[ProbeResult, ...]]:
    """Attack, and return the image's name and what the probes showed; nothing is left."""
    canaries = Canaries(deps)
    canaries.remove()  # what a killed check left
    image = canaries.image(tell)
    attack = Attack(canaries, image, host, tell, cancelled)
    try:
        Saga("isolation", attack.steps(), attack.on_step, deps.work.failpoints).run()
    finally:
        tell("removing the canaries")
        canaries.remove()
    return image.reference, results(attack.evidence)


def keep_report(naming: Naming, checked: Checked) -> Path:
    """Write a report into the data folder, and return the file."""
    folder = make_folder(naming.data_dir / REPORTS)
    file = folder / f"{checked.report.ended.replace(':', '')}.json"
    write_private(file, checked.text)
    return file


def digest(text: str) -> str:
    """Return the digest of a signed report, as the audit trail has it."""
    return hashlib.sha256(text.encode()).hexdigest()


def _row(actor: str, checked: Checked, started: datetime) -> AuditRow:
    report, ended = checked.report, now()
    return AuditRow(
        time=ended,
        actor=Actor(SERVER, ActorKind.CLI, actor),
        face="cli",
        address="",
        operation=OPERATION,
        fields={
            "isolated": report.isolated,
            "problems": [probe.name for probe in report.problems],
            "sha256": digest(checked.text),
        },
        outcome="ok",
        duration_ms=round((ended - started).total_seconds() * 1000),
    )
