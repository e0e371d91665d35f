from dataclasses import replace

import pytest

from oduflow.adapters.docker.containers import Containers
from oduflow.adapters.docker.volumes import Volumes
from oduflow.domain.container import ContainerSpec, Mount
from oduflow.domain.errors import Conflict, NotFound


def test_a_volume_is_made_once_found_by_label_and_removed(
    volumes: Volumes, name: str, labels: dict[str, str]
) -> None:
    facts = volumes.ensure(name, labels=labels)
    assert volumes.ensure(name, labels=labels) == facts
    assert volumes.facts(name) == facts
    assert facts in volumes.list(labels)
    assert volumes.mountpoint(name).is_dir()
    volumes.remove(name)
    volumes.remove(name)
    assert volumes.facts(name) is None
    with pytest.raises(NotFound):
        volumes.mountpoint(name)


def test_a_foreign_volume_of_that_name_is_reported(
    volumes: Volumes, name: str, labels: dict[str, str]
) -> None:
    volumes.ensure(name, labels=labels)
    with pytest.raises(Conflict, match="other labels"):
        volumes.ensure(name, labels={**labels, "owner": "another"})
    with pytest.raises(Conflict, match="options"):
        volumes.ensure(name, labels=labels, options={"type": "tmpfs", "device": "tmpfs"})
    volumes.remove(name)


def test_a_volume_in_use_stays_and_says_why(
    volumes: Volumes,
    containers: Containers,
    shell: ContainerSpec,
    labels: dict[str, str],
) -> None:
    volumes.ensure(shell.name, labels=labels)
    containers.create(replace(shell, mounts=(Mount("volume", "/var/lib/odoo", shell.name),)))
    with pytest.raises(Conflict, match="a container still uses it"):
        volumes.remove(shell.name)
    containers.remove(shell.name)
    volumes.remove(shell.name)


def test_the_local_drivers_options_reach_it(
    volumes: Volumes, containers: Containers, shell: ContainerSpec, labels: dict[str, str]
) -> None:
    options = {"type": "tmpfs", "device": "tmpfs", "o": "size=1m,uid=100"}
    volumes.ensure(shell.name, labels=labels, options=options)
    mount = Mount("volume", "/var/lib/odoo", shell.name, read_only=False)
    spec = replace(
        shell,
        mounts=(mount,),
        command=("head -c 2000000 /dev/zero > /var/lib/odoo/x",),
    )
    assert "No space left" in containers.run_one_off(spec, timeout=30).output
    volumes.remove(shell.name)
