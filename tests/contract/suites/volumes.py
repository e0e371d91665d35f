"""What every engine's volumes do; needs `volumes`, `containers`, `name`, `labels` and `shell`."""

from dataclasses import replace

import pytest

from oduflow.domain.container import Mount
from oduflow.domain.errors import Conflict, NotFound, UpstreamFailed


class VolumesContract:
    """Volumes and what is in them."""

    def test_making_a_volume_again_answers_it_with_what_is_in_it(self, volumes, name, labels):
        made = volumes.ensure(name, labels=labels)
        (made.mountpoint / "kept").write_text("x")

        assert volumes.ensure(name, labels=labels) == made == volumes.facts(name)
        assert (volumes.mountpoint(name) / "kept").read_text() == "x"
        volumes.remove(name)

    def test_a_volume_with_other_labels_is_a_conflict(self, volumes, name, labels):
        volumes.ensure(name, labels=labels)

        with pytest.raises(Conflict):
            volumes.ensure(name, labels={**labels, "more": "1"})

        volumes.remove(name)

    def test_a_removed_volume_is_gone_with_its_files(self, volumes, name, labels):
        volumes.ensure(name, labels=labels)
        (volumes.mountpoint(name) / "lost").write_text("x")

        volumes.remove(name)
        volumes.remove(name)

        assert volumes.facts(name) is None
        with pytest.raises(NotFound):
            volumes.mountpoint(name)
        assert list(volumes.ensure(name, labels=labels).mountpoint.iterdir()) == []
        volumes.remove(name)

    def test_a_volume_that_a_container_uses_stays(self, volumes, containers, name, labels, shell):
        volumes.ensure(name, labels=labels)
        containers.create(replace(shell, mounts=(Mount("volume", "/var/lib/odoo", name),)))

        with pytest.raises(Conflict):
            volumes.remove(name)

        containers.remove(shell.name)
        volumes.remove(name)
        assert volumes.facts(name) is None

    def test_a_container_never_makes_a_volume_that_is_missing(
        self, volumes, containers, name, shell
    ):
        with pytest.raises(NotFound):
            containers.create(replace(shell, mounts=(Mount("volume", "/var/lib/odoo", name),)))

        assert volumes.facts(name) is None
        assert containers.facts(shell.name) is None

    def test_a_list_has_those_that_carry_every_label(self, volumes, name, labels):
        volumes.ensure(name, labels={**labels, "kind": "a"})

        def listed(**more):
            return {each.name for each in volumes.list({**labels, **more})}

        assert listed(kind="a") == listed(kind="") == {name}
        assert listed(kind="b") == listed(absent="") == set()
        volumes.remove(name)


class UnmountedContract:
    """Volumes whose file system is not mounted; needs `absent`, the names of such volumes, too."""

    def test_of_a_volume_that_is_not_mounted_no_file_is_looked_at(
        self, volumes, absent, name, labels
    ):
        volumes.ensure(name, labels=labels)
        absent.add(name)

        with pytest.raises(UpstreamFailed):
            volumes.mountpoint(name)

        absent.clear()
        volumes.remove(name)

    def test_a_removal_that_is_repeated_while_nothing_is_mounted_is_refused_again(
        self, volumes, absent, name, labels
    ):
        made = volumes.ensure(name, labels=labels)
        (made.mountpoint / "kept").write_text("x")
        absent.add(name)

        for _ in range(2):
            with pytest.raises(UpstreamFailed):
                volumes.remove(name)
        absent.clear()

        assert (volumes.mountpoint(name) / "kept").read_text() == "x"
        volumes.remove(name)
        assert volumes.facts(name) is None
        assert not made.mountpoint.exists()
