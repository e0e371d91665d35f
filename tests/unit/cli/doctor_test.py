"""The isolation check of `oduflow doctor`, with a check that a test decides."""

import pytest

from oduflow.adapters.docker.engine import Engine
from oduflow.cli import doctor
from oduflow.domain.isolation import IsolationReport, ProbeResult, ProbeVerdict, signed_text
from oduflow.services.isolation.check import PURPOSE, Checked
from tests.support.command_line import oduflow


def test_a_probe_that_is_reached_fails_the_check_and_is_named(config, verdicts):
    verdicts["another team's database"] = ProbeVerdict.REACHED

    shown = oduflow("doctor", "--isolation", "--config", config)

    assert shown.exit_code == 69
    assert "FAIL  another team's database  reached: it was so" in shown.stdout
    assert "NOT isolated, 1 problem: another team's database\n" in shown.stdout


def test_where_nothing_is_reached_the_check_succeeds_and_keeps_a_private_report(config):
    shown = oduflow("doctor", "--isolation", "--config", config)

    assert shown.exit_code == 0
    assert "ok    locks                    refused: it was so" in shown.stdout
    assert "?     disk                     not measured: it was so" in shown.stdout
    assert "isolated: nothing that was tried was reached; not measured: disk\n" in shown.stdout
    assert shown.stderr == "attacking\n"
    [report] = reports(config)
    assert f"signed report: {report}" in shown.stdout
    assert oct(report.stat().st_mode & 0o777) == "0o600"


@pytest.mark.parametrize("verdict", ProbeVerdict)
def test_a_signature_is_verified_despite_what_the_report_says(config, verdicts, verdict):
    verdicts["locks"] = verdict
    oduflow("doctor", "--isolation", "--config", config)
    [report] = reports(config)

    shown = oduflow("doctor", "--verify", report, "--config", config)

    assert shown.exit_code == 0
    assert "ok: this instance signed it; not among the last rows of the audit trail" in shown.stdout


def test_a_changed_report_is_refused(config):
    oduflow("doctor", "--isolation", "--config", config)
    [report] = reports(config)
    report.write_text(report.read_text().replace("it was so", "it was ok", 1))

    shown = oduflow("doctor", "--verify", report, "--config", config)

    assert (shown.exit_code, shown.stdout) == (5, "")
    assert "conflict: The signature does not fit" in shown.stderr


def test_the_two_options_exclude_each_other(config):
    shown = oduflow("doctor", "--isolation", "--verify", config, "--config", config)

    assert shown.exit_code == 2
    assert "--isolation and --verify exclude each other." in shown.stderr


def reports(config):
    return list((config.parent / "data" / "isolation").iterdir())


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "oduflow.toml"
    path.write_text(f'[server]\ndata_dir = "{tmp_path}/data"\n[team.1]\n')
    return path


@pytest.fixture(autouse=True)
def verdicts(monkeypatch):
    """Replace the check by one with these verdicts, and Docker's version by a fixed one."""
    found = {
        "another team's database": ProbeVerdict.REFUSED,
        "locks": ProbeVerdict.REFUSED,
        "disk": ProbeVerdict.NOT_MEASURED,
    }

    def check(deps, _actor, engine, tell):
        tell("attacking")
        moment = "2026-11-29T09:00:00.000Z"
        probes = tuple(
            ProbeResult(
                name=name,
                tried="try it",
                expected=ProbeVerdict.REFUSED,
                found="it was so",
                verdict=verdict,
            )
            for name, verdict in found.items()
        )
        report = IsolationReport(
            instance="oduflow",
            oduflow="1.0",
            engine=engine,
            kernel="6.1",
            image="odoo:19.0",
            started=moment,
            ended=moment,
            probes=probes,
        )
        sign = deps.store.audit.sign
        return Checked(report, signed_text(report, lambda text: sign(PURPOSE, text)))

    monkeypatch.setattr(doctor, "verify_isolation", check)
    monkeypatch.setattr(Engine, "version", lambda _engine: "28.0")
    return found
