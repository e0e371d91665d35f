import os
from pathlib import Path

import pytest

from oduflow.adapters.systemd import SystemdService
from oduflow.domain.errors import Conflict, Forbidden, UpstreamFailed


def test_the_unit_starts_this_program_with_this_configuration(service):
    lines = service.unit().splitlines()

    assert (
        "ExecStart=/opt/oduflow/.venv/bin/oduflow serve --config /etc/oduflow/oduflow.toml" in lines
    )
    assert "After=network-online.target docker.service" in lines


@pytest.mark.parametrize(
    ("path", "written"),
    [
        ("/etc/a b.toml", '"/etc/a b.toml"'),
        ("/etc/100%.toml", '"/etc/100%%.toml"'),
        ("/etc/$HOME.toml", '"/etc/$$HOME.toml"'),
        ('/etc/"a".toml', '"/etc/\\"a\\".toml"'),
    ],
)
def test_a_path_is_never_read_as_systemds_own_syntax(service, path, written):
    unit = SystemdService("oduflow", service.program, Path(path)).unit()

    assert f"--config {written}\n" in unit


def test_it_is_started_now_and_at_every_boot(service, systemctl):
    service.install()

    assert service.file.read_text() == service.unit()
    assert systemctl() == ["daemon-reload", "enable shop.service", "restart shop.service"]


def test_removing_it_stops_it_and_removes_the_file(service, systemctl):
    service.install()

    assert service.remove()
    assert not service.file.exists()
    assert systemctl()[3:] == ["disable --now shop.service", "daemon-reload"]
    assert not service.remove()


def test_a_refusal_of_systemd_is_shown(service, systemctl):
    systemctl(code=1)

    with pytest.raises(UpstreamFailed) as refused:
        service.install()

    assert refused.value.message == "systemctl daemon-reload failed."
    assert "refused by systemd" in refused.value.output


def test_only_root_may(service, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    with pytest.raises(Forbidden, match="Only root"):
        service.install()
    assert not service.file.exists()


def test_a_machine_without_systemd_is_told_the_alternative(service):
    service.running.rmdir()

    with pytest.raises(Conflict) as refused:
        service.install()

    assert "oduflow service show" in refused.value.hint


@pytest.fixture
def service(tmp_path, monkeypatch):
    for name in ("units", "running"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    return SystemdService(
        "shop",
        Path("/opt/oduflow/.venv/bin/oduflow"),
        Path("/etc/oduflow/oduflow.toml"),
        tmp_path / "units",
        tmp_path / "running",
    )


@pytest.fixture
def systemctl(tmp_path, monkeypatch):
    """A systemctl that records its calls; returns them, or ends with a code from then on."""
    calls, program = tmp_path / "calls", tmp_path / "bin" / "systemctl"
    program.parent.mkdir()

    def script(code=0):
        program.write_text(
            f'#!/bin/sh\necho "$*" >> {calls}\necho refused by systemd\nexit {code}\n'
        )
        program.chmod(0o755)
        return calls.read_text().splitlines() if calls.exists() else []

    script()
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    return script
