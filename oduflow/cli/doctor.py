"""`oduflow doctor`: check every part that environments need, and that nothing leaves them."""

import getpass
import sys
from collections.abc import Iterable
from pathlib import Path

import click

from oduflow import bootstrap
from oduflow.bootstrap import Services
from oduflow.cli.failures import EXIT_CODES, exit_on_failure
from oduflow.cli.options import config_option
from oduflow.cli.terminal import echo
from oduflow.domain.counting import counted
from oduflow.domain.errors import Invalid, Kind
from oduflow.domain.isolation import IsolationReport, ProbeResult, ProbeVerdict
from oduflow.domain.status import HealthFinding
from oduflow.services.isolation.check import keep_report, verify_isolation, verify_report
from oduflow.services.server.doctor import Doctor
from oduflow.settings import load


@click.command()
@click.option("--isolation", is_flag=True, help="Attack from canaries, and sign a report.")
@click.option(
    "--verify",
    "report",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    metavar="REPORT",
    help="Verify the signature of such a report.",
)
@config_option
def doctor(config: Path | None, report: Path | None, *, isolation: bool) -> None:
    """Check every part that environments need, and say how to repair it.

    With --isolation, two throw-away teams are made instead, of which one tries to reach, see, slow
    and stop the other and this machine. It takes about half a minute, touches no environment, and
    ends with a signed report.
    """
    with exit_on_failure():
        if isolation and report:
            raise Invalid("--isolation and --verify exclude each other.", "Run them in turn.")
        services = bootstrap.build(load(config))
        services.store.migrate()
        if report is not None:
            _verify(services, report)
        elif not (_check_isolation(services) if isolation else _check_health(services.probe)):
            sys.exit(EXIT_CODES[Kind.UPSTREAM])


def _check_health(probe: Doctor) -> bool:
    return _print((*probe.findings(), *probe.databases(), probe.proxies(), *probe.leftovers()))


def _print(findings: Iterable[HealthFinding]) -> bool:
    """Print the findings; return whether all are good."""
    healthy = True
    for finding in findings:
        healthy = healthy and finding.ok
        echo(f"{'ok  ' if finding.ok else 'FAIL'}  {finding.part}: {finding.message}")
        if finding.hint:
            echo(f"      → {finding.hint}")
    return healthy


def _check_isolation(services: Services) -> bool:
    checked = verify_isolation(
        services.deps,
        getpass.getuser(),
        services.engine.version(),
        lambda line: echo(line, err=True),
    )
    file = keep_report(services.deps.naming, checked)
    print_report(checked.report)
    echo(f"signed report: {file}")
    return checked.report.isolated


def _verify(services: Services, file: Path) -> None:
    report, row = verify_report(services.deps.store.audit, file.read_text("utf-8", "replace"))
    print_report(report)
    known = f"row {row} of the audit trail" if row else "not among the last rows of the audit trail"
    echo(f"ok: this instance signed it; {known}")


def print_report(report: IsolationReport) -> None:
    """Print a line for each probe, and the verdict."""
    width = max(len(probe.name) for probe in report.probes)
    for probe in report.probes:
        echo(f"{_mark(probe)}  {probe.name:{width}}  {probe.verdict}: {probe.found}")
    echo(
        f"instance {report.instance}, Oduflow {report.oduflow}, Docker {report.engine}, "
        f"Linux {report.kernel}, {report.image}, {report.ended}"
    )
    unmeasured = [probe for probe in report.probes if probe.verdict is ProbeVerdict.NOT_MEASURED]
    if report.isolated:
        left = _names(unmeasured) or "nothing"
        echo(f"isolated: nothing that was tried was reached; not measured: {left}")
    else:
        count = counted(len(report.problems), "problem")
        echo(f"NOT isolated, {count}: {_names(report.problems)}")


def _names(probes: Iterable[ProbeResult]) -> str:
    return ", ".join(probe.name for probe in probes)


def _mark(probe: ProbeResult) -> str:
    if not probe.ok:
        return "FAIL"
    return "?   " if probe.verdict is ProbeVerdict.NOT_MEASURED else "ok  "
