"""Neutralise a restored database before anything may boot on it, and prove it by reading back."""

from collections.abc import Callable, Mapping
from time import monotonic
from uuid import uuid4

from oduflow.adapters.odoo import commands
from oduflow.adapters.odoo.commands import NeutralizeReport, OdooCommand
from oduflow.adapters.postgres.connection import never
from oduflow.adapters.postgres.tenant import Tenant
from oduflow.domain.clock import now, rfc3339
from oduflow.domain.container import RunResult
from oduflow.domain.counting import counted
from oduflow.domain.neutralised import (
    Neutralised,
    NotNeutralised,
    Reading,
    RuleApplied,
)
from oduflow.domain.odoo_log import explanation
from oduflow.services.templates.neutralise_steps import NO_OWN_STEPS, OwnSteps

FLAG = "database.is_neutralized"
_NOWHERE = "https://iap.invalid"  # never resolves (RFC 6761): Odoo sends no customer's data
ENDPOINTS = (
    "crm.endpoint",
    "enrich.endpoint",
    "html_editor.olg_api_endpoint",
    "iap.endpoint",
    "iap.partner_autocomplete.endpoint",
    "iap_extract_endpoint",
    "odoo_ocn.endpoint",
    "reveal.endpoint",
    "sms.endpoint",
    "snailmail.endpoint",
)
_MOST_NAMED = 20
_OWN_CODE = (
    "Look for rules and triggers of the database's own on these tables, remove them from the "
    "source, and import again."
)
_OWN_CODE_OF_ENVIRONMENT = (
    "Look for rules and triggers of the database's own on these tables, remove them in the "
    "environment, and call again."
)
_ALWAYS = frozenset({"system parameters"})  # has new values each time

Run = Callable[[OdooCommand], RunResult]
"""Runs an Odoo command in a one-off container of the template's image on the database."""


def _unreported(_line: str) -> None:
    """Report nothing."""


def new_parameters() -> dict[str, str]:
    """Return the system parameters that a neutralised database must have, with a new uuid."""
    return {FLAG: "true", "database.uuid": str(uuid4()), **dict.fromkeys(ENDPOINTS, _NOWHERE)}


def neutralise(
    run: Run,
    tenant: Tenant,
    parameters: Mapping[str, str],
    own: OwnSteps = NO_OWN_STEPS,
    *,
    report: Callable[[str], None] = _unreported,
    cancelled: Callable[[], bool] = never,
) -> Neutralised:
    """Neutralise a database and prove it; no Odoo may have booted on it before.

    It may be called again after a failure or a kill at any moment.

    Args:
        run: runs an Odoo command in a one-off container on the database.
        tenant: the database, as its own role.
        parameters: of `new_parameters`.
        own: the team's scripts and what is anonymised.
        report: called with a line for each step.
        cancelled: whether to stop.

    Raises:
        NotNeutralised: a step failed, or reading back found rows that contradict a rule.
        Conflict: this database has no Odoo tables.
        Cancelled: on request.
    """
    begun = monotonic()
    report("running Odoo's own neutralization")
    odoo = _run_odoo(run)
    report("applying the rules of neutralisation")
    rules = tenant.neutralise(parameters, cancelled)
    report("reading the database back")
    reading = _proven(tenant.read_back(parameters, cancelled))
    anonymised: tuple[RuleApplied, ...] = ()
    if own.scripts:
        report(f"running {counted(len(own.scripts), 'script')} of the team")
        tenant.run_scripts(own.scripts, cancelled)
    if own.fields:
        report(f"anonymising {counted(len(own.fields), 'field')}")
        anonymised = tenant.anonymise(own.fields, own.key, cancelled)
    if own.scripts or own.fields:
        report("reading the database back once more")
        reading = _proven(tenant.read_back(parameters, cancelled), *_after_scripts(own))
    return Neutralised(
        at=rfc3339(now()),
        seconds=round(monotonic() - begun, 2),
        odoo=odoo.ran,
        rules=rules,
        proven=reading.proven,
        scripts=tuple(script.name for script in own.scripts),
        anonymised=anonymised,
        warnings=(*_without_code(odoo), *reading.warnings),
    )


def prove_again(
    tenant: Tenant, parameters: Mapping[str, str], cancelled: Callable[[], bool] = never
) -> None:
    """Prove that the database is still neutralised after Odoo has written to it.

    A trigger of the database's own may have switched something on again.

    Args:
        tenant: the database, as its own role.
        parameters: those that it was neutralised with.
        cancelled: whether to stop.

    Raises:
        NotNeutralised: reading back found rows that contradict a rule.
        Cancelled: on request.
    """
    _proven(tenant.read_back(parameters, cancelled), "after Odoo opened it")


def neutralise_again(
    tenant: Tenant,
    parameters: Mapping[str, str],
    former: Neutralised,
    *,
    report: Callable[[str], None] = _unreported,
    cancelled: Callable[[], bool] = never,
) -> Neutralised:
    """Neutralise the copy of an environment whose template was neutralised, and prove it.

    Odoo's own neutralization and the team's scripts ran on the data of production before; what is
    applied again are the product's rules. No Odoo boots on the database afterwards.

    Args:
        tenant: the database, as its own role.
        parameters: of `new_parameters`.
        former: what was done to the template that the environment is of.
        report: called with a line for each step.
        cancelled: whether to stop.

    Returns:
        What was done; its warnings name what was switched on since.

    Raises:
        NotNeutralised: a step failed, or reading back found rows that contradict a rule.
        Cancelled: on request.
    """
    begun = monotonic()
    report("applying the rules of neutralisation")
    rules = tenant.neutralise(parameters, cancelled)
    report("reading the database back")
    reading = _proven(tenant.read_back(parameters, cancelled), hint=_OWN_CODE_OF_ENVIRONMENT)
    found = [rule for rule in rules if rule.rows and rule.rule not in _ALWAYS]
    changed = ", ".join(f"{rule.rule} ({rule.rows})" for rule in found)
    said = (f"Was switched on in the environment, and is not in the template: {changed}.",)
    return former.model_copy(
        update={
            "at": rfc3339(now()),
            "seconds": round(monotonic() - begun, 2),
            "rules": rules,
            "proven": reading.proven,
            "warnings": (*(said if found else ()), *reading.warnings),
        }
    )


def _run_odoo(run: Run) -> NeutralizeReport:
    """Run Odoo's own neutralization where the image has it.

    Raises:
        NotNeutralised: it failed.
    """
    result = run(commands.neutralize())
    said = commands.neutralize_report(result.output)
    if result.exit_code != 0 or said is None:
        raise NotNeutralised(
            "The database was not neutralised: Odoo ended with exit code "
            f"{result.exit_code} before it was done.",
            "The output says why; check that the image is of the version that made the backup.",
            output=explanation(result.output),
            whole=result.output,
        )
    if said.failed:
        raise NotNeutralised(
            f"The database was not neutralised: the SQL of module {said.failed} failed.",
            "Check that the image is of the version that made the backup.",
            output=said.error,
            whole=result.output,
        )
    return said


def _after_scripts(own: OwnSteps) -> tuple[str, ...]:
    """Return the cause and the hint of `_proven` where scripts of the team ran."""
    if not own.scripts:
        return ()
    names = ", ".join(each.name for each in own.scripts)
    return (
        f"after the script{'s' * (len(own.scripts) > 1)} {names}",
        "A script must not switch on what neutralising switches off: correct it.",
    )


def _proven(reading: Reading, cause: str = "reading back", hint: str = _OWN_CODE) -> Reading:
    """Return the reading if every rule holds.

    Args:
        reading: what the database says.
        cause: what happened since every rule held.
        hint: the next step.

    Raises:
        NotNeutralised: names each rule that does not, and its first rows.
    """
    if not reading.remaining:
        return reading
    rows = "\n".join(map(str, reading.remaining))
    raise NotNeutralised(
        f"The database was not neutralised: {cause}, {len(reading.remaining)} of "
        f"{len(reading.remaining) + len(reading.proven)} rules are contradicted, first "
        f"{reading.remaining[0]}.",
        hint,
        output="\n".join([rows, *reading.warnings]),
    )


def _without_code(odoo: NeutralizeReport) -> tuple[str, ...]:
    names = odoo.without_code
    if not names:
        return ()
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    listed = f"{', '.join(names[:_MOST_NAMED])}{more}"
    return (
        (
            f"The image has no code of the installed modules {listed}, so their own "
            "neutralization did not run; the product's rules did."
        ),
    )
