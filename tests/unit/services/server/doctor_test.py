import os
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from oduflow.adapters.store import Facts, Store
from oduflow.domain.errors import UpstreamFailed
from oduflow.domain.proxies import FACT, ProxyCount
from oduflow.services.server.disk import Disk
from oduflow.services.server.doctor import Doctor


def test_when_docker_does_not_answer_nothing_else_is_asked_of_it(tmp_path):
    asked: list[str] = []
    found = {finding.part: finding for finding in doctor(tmp_path, asked, silent=True).findings()}

    assert asked == []
    for part in ("images", "postgres", "isolation"):
        assert not found[part].ok
        assert "Docker does not answer" in found[part].message
    assert found["git"].ok


def test_when_docker_answers_every_part_is_checked(tmp_path):
    asked: list[str] = []
    findings = doctor(tmp_path, asked).findings()

    assert [finding.part for finding in findings if not finding.ok] == []
    assert asked == ["images", "postgres", "isolation"]


def test_a_data_folder_that_is_gone_is_a_finding(tmp_path):
    findings = doctor(tmp_path / "gone", []).findings()

    [disk] = [finding for finding in findings if finding.part == "disk"]
    assert not disk.ok
    assert str(tmp_path) not in disk.message


def test_what_the_system_refuses_is_a_finding_without_a_path(tmp_path, monkeypatch):
    def refuse(_disk: Disk) -> None:
        raise PermissionError(13, "Permission denied", "/srv/secret")

    monkeypatch.setattr(Disk, "require", refuse)
    [disk] = [one for one in doctor(tmp_path, []).findings() if one.part == "disk"]

    assert not disk.ok
    assert disk.message == "It cannot be checked: Permission denied."


def test_doctor_says_why_root_is_needed(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    [user] = [one for one in doctor(tmp_path, []).findings() if one.part == "user"]

    assert not user.ok
    assert "must run as root" in user.message


@pytest.mark.parametrize(
    ("seen", "ok"),
    [(None, True), (ProxyCount(0, 1), False), (ProxyCount(2, 1), True)],
    ids=["nothing", "a mismatch", "one before the configuration was changed"],
)
def test_a_mismatch_of_proxies_that_the_server_saw_is_a_finding(tmp_path, seen, ok):
    store = Store(tmp_path / "store.sqlite")
    store.migrate()
    if seen:
        Facts(store).set(FACT, seen.dump())
    looked = replace(doctor(tmp_path, []), facts=Facts(store))

    finding = looked.proxies()

    assert (finding.part, finding.ok) == ("proxies", ok)
    assert "proxies" not in {part.part for part in looked.findings()}  # so /readyz does not care
    store.close()


@pytest.fixture(autouse=True)
def root(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0)


def doctor(folder, asked, *, silent=False) -> Doctor:
    def ping() -> None:
        if silent:
            raise UpstreamFailed("The Docker engine does not answer.")

    def isolation() -> Any:
        asked.append("isolation")
        return SimpleNamespace(ok=True, reason="")

    infrastructure: Any = SimpleNamespace(
        disk=Disk(folder, minimum=0),
        database=SimpleNamespace(examine=lambda: asked.append("postgres")),
        check_firewall=isolation,
    )
    git: Any = SimpleNamespace(check_git=lambda: "2.39")
    images: Any = SimpleNamespace(facts=lambda _image: asked.append("images"))
    settings: Any = SimpleNamespace(
        images=SimpleNamespace(postgres="postgres:18"),
        server=SimpleNamespace(trusted_proxies=0),
    )
    engine: Any = SimpleNamespace(ping=ping, version=lambda: "20.10")
    store: Any = SimpleNamespace(check=lambda: None)
    unused: Any = SimpleNamespace()
    return Doctor(
        settings=lambda: settings,
        engine=engine,
        images=images,
        infrastructure=infrastructure,
        recoverables=(),
        git=git,
        rows=unused,
        store=store,
        facts=unused,
    )
