import json
import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from oduflow.adapters.docker.containers import Containers
from oduflow.adapters.docker.control_groups import ROOT, ControlGroups
from oduflow.adapters.docker.engine import Engine
from oduflow.adapters.docker.errors import ImageMissing, NameTaken, PortTaken
from oduflow.adapters.docker.networks import Networks
from oduflow.adapters.docker.output import MOST_OF_A_LOG
from oduflow.adapters.docker.volumes import Volumes
from oduflow.domain.container import Attachment, ContainerLimits, ContainerSpec, Mount, Publish
from oduflow.domain.errors import NotFound, UpstreamFailed
from oduflow.domain.plan import Naming
from tests.support.networks import make_network

SEE_MYSELF = """
import json, os, pathlib
told = dict(line.split(":\\t", 1) for line in open("/proc/self/status") if ":\\t" in line)
print(json.dumps({
    "uid": os.getuid(),
    "capabilities": told["CapBnd"].strip(),
    "no_new_privileges": told["NoNewPrivs"].strip(),
    "init": pathlib.Path("/proc/1/comm").read_text().strip(),
    "forwards": pathlib.Path("/proc/sys/net/ipv4/ip_forward").read_text().strip(),
    "interfaces": sorted(os.listdir("/sys/class/net")),
}))
"""


def test_a_container_sees_that_it_is_locked_in(
    containers: Containers, shell: ContainerSpec
) -> None:
    spec = replace(shell, entrypoint=("python3", "-c"), command=(SEE_MYSELF,))
    result = containers.run_one_off(spec, timeout=30)
    seen = json.loads(result.output)
    assert seen["uid"] == 100
    assert int(seen["capabilities"], 16) == 0
    assert seen["no_new_privileges"] == "1"
    assert seen["init"] == "docker-init"
    assert seen["forwards"] == "0"
    assert "eth0" not in seen["interfaces"]


def test_a_container_goes_through_all_its_states(
    containers: Containers, shell: ContainerSpec
) -> None:
    name = shell.name
    made = containers.create(shell)
    created = containers.facts(name)
    assert created is not None
    assert (created.id, created.status, created.started_at) == (made, "created", "")
    containers.start(name)
    containers.start(name)
    running = containers.facts(name)
    assert running is not None
    assert running.status == "running"
    assert running.started_at.endswith("Z")
    containers.stop(name, timeout=5)
    containers.stop(name, timeout=5)
    stopped = containers.facts(name)
    assert stopped is not None
    assert (stopped.status, stopped.exit_code) == ("exited", 143)
    containers.remove(name)
    containers.remove(name)
    assert containers.facts(name) is None


def test_a_name_that_is_the_beginning_of_an_id_is_not_that_container(
    containers: Containers, shell: ContainerSpec
) -> None:
    made = containers.create(shell)
    assert containers.facts(made[:12]) is None
    containers.remove(shell.name)


def test_no_anonymous_volume_is_ever_made(
    engine: Engine, containers: Containers, shell: ContainerSpec
) -> None:
    # The image declares two volumes; its user can write to their replacements.
    command = "touch /var/lib/odoo/x /mnt/extra-addons/x && mount -t tmpfs | grep -c uid=100"
    spec = replace(shell, user="100:101", command=(command,))
    containers.create(spec)
    assert engine.api.inspect_container(shell.name)["Mounts"] == []
    containers.remove(shell.name)
    assert containers.run_one_off(spec, timeout=30).output == "2"


def test_mounts_are_read_only_where_they_say_so(
    containers: Containers, volumes: Volumes, shell: ContainerSpec, labels: dict[str, str]
) -> None:
    volumes.ensure(shell.name, labels=labels)
    spec = replace(
        shell,
        mounts=(
            Mount("volume", "/var/lib/odoo", shell.name, read_only=False),
            Mount("volume", "/mnt/extra-addons", shell.name),
        ),
        command=(
            "echo kept > /var/lib/odoo/x; cat /mnt/extra-addons/x; touch /mnt/extra-addons/y",
        ),
    )
    result = containers.run_one_off(spec, timeout=30)
    assert "kept" in result.output.split("\n")
    assert "Read-only file system" in result.output
    assert result.exit_code != 0
    volumes.remove(shell.name)


def test_what_a_container_is_told_is_all_that_inspect_shows(
    engine: Engine, containers: Containers, shell: ContainerSpec
) -> None:
    containers.create(replace(shell, environment={"LANG": "C.UTF-8"}))
    config = engine.api.inspect_container(shell.name)["Config"]
    image = engine.describe_image(shell.image)["Config"]
    assert set(config["Env"]) - set(image["Env"]) <= {"LANG=C.UTF-8"}
    containers.remove(shell.name)


def test_a_container_joins_every_network_before_it_starts(
    containers: Containers,
    shell: ContainerSpec,
    two_networks: tuple[str, str],
    fixed: tuple[str, str],
) -> None:
    attachments = tuple(
        Attachment(network, address) for network, address in zip(two_networks, fixed, strict=True)
    )
    spec = replace(shell, networks=attachments)
    containers.create(spec)
    containers.start(shell.name)
    facts = containers.facts(shell.name)
    assert facts is not None
    assert facts.addresses == dict(zip(two_networks, fixed, strict=True))
    containers.remove(shell.name)


def test_a_creation_that_fails_half_way_leaves_nothing(
    containers: Containers, shell: ContainerSpec, two_networks: tuple[str, str]
) -> None:
    first, _ = two_networks
    spec = replace(shell, networks=(Attachment(first), Attachment("host")))
    with pytest.raises(UpstreamFailed):
        containers.create(spec)
    assert containers.facts(shell.name) is None


def test_a_network_that_does_not_exist_is_noticed_before_the_start(
    containers: Containers, shell: ContainerSpec, two_networks: tuple[str, str]
) -> None:
    networks = (Attachment(two_networks[0]), Attachment("test-dk-no-such"))
    with pytest.raises(NotFound, match="test-dk-no-such"):
        containers.create(replace(shell, networks=networks))
    assert containers.facts(shell.name) is None


def test_a_taken_name_and_a_missing_image_say_so(
    containers: Containers, shell: ContainerSpec
) -> None:
    containers.create(shell)
    with pytest.raises(NameTaken):
        containers.create(shell)
    containers.remove(shell.name)
    with pytest.raises(ImageMissing):
        containers.create(replace(shell, image="test-dk/no-such:1"))


def test_a_port_in_use_can_be_told_from_every_other_failure(
    containers: Containers, shell: ContainerSpec, two_networks: tuple[str, str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mine:
        port = mine.getsockname()[1]
        spec = replace(
            shell,
            networks=(Attachment(two_networks[0]),),
            publish=(Publish(8069, "127.0.0.1", port),),
        )
        containers.create(spec)
        with pytest.raises(PortTaken):
            containers.start(shell.name)
    containers.remove(shell.name)


def test_all_containers_with_a_label_are_read_in_one_call(
    containers: Containers, shell: ContainerSpec, labels: dict[str, str]
) -> None:
    marked = {**labels, "test.list": shell.name}
    first = replace(shell, labels=marked)
    second = replace(first, name=f"{shell.name}-2", command=("exit 7",))
    containers.create(first)
    containers.create(second)
    containers.start(first.name)
    containers.start(second.name)
    wait_for_exit(containers, second.name)
    found = {each.name: each for each in containers.list({"test.list": shell.name})}
    assert set(found) == {first.name, second.name}
    assert found[first.name].status == "running"
    assert (found[second.name].status, found[second.name].exit_code) == ("exited", 7)
    assert found[first.name].labels.items() >= marked.items()
    for each in found:
        containers.remove(each)


def test_the_log_ends_with_the_last_lines_of_both_streams(
    containers: Containers, shell: ContainerSpec
) -> None:
    command = "echo first; sleep 0.2; echo second >&2; sleep 0.2; echo third"
    containers.create(replace(shell, command=(command,)))
    containers.start(shell.name)
    wait_for_exit(containers, shell.name)
    assert containers.logs(shell.name, tail=2) == "second\nthird\n"
    later = datetime.now(UTC) + timedelta(hours=1)
    assert containers.logs(shell.name, since=later) == ""
    containers.remove(shell.name)
    with pytest.raises(NotFound):
        containers.logs(shell.name)


def test_of_a_log_with_very_long_lines_only_the_end_is_read(
    containers: Containers, shell: ContainerSpec
) -> None:
    command = f"yes {'x' * 8000} | head -n 2000; echo last"  # 16 MB
    containers.create(replace(shell, command=(command,)))
    containers.start(shell.name)
    wait_for_exit(containers, shell.name)
    text = containers.logs(shell.name, tail=3000)
    assert text.endswith("x\nlast\n")
    assert MOST_OF_A_LOG <= len(text) < MOST_OF_A_LOG + (1 << 20)


def test_a_container_cannot_use_more_than_its_limits(
    containers: Containers, shell: ContainerSpec
) -> None:
    eats = "b = bytearray(); [b.extend(bytes(1 << 20)) for _ in range(400)]"
    spec = replace(
        shell,
        entrypoint=("python3", "-c"),
        command=(eats,),
        limits=ContainerLimits(memory=64 << 20, cpus=1.0, pids=16),
    )
    result = containers.run_one_off(spec, timeout=60)
    assert result.exit_code == 137
    assert result.out_of_memory


def wait_for_exit(containers: Containers, name: str) -> None:
    while (facts := containers.facts(name)) is not None and facts.status == "running":
        pass


@pytest.fixture(scope="module")
def two_networks(instance: str, networks: Networks) -> Iterator[tuple[str, str]]:
    names = (f"{instance}-first", f"{instance}-second")
    for name in names:
        make_network(networks, instance, name)
    yield names
    for name in names:
        networks.remove(name)


@pytest.fixture
def fixed(two_networks: tuple[str, str], networks: Networks) -> tuple[str, str]:
    found = [networks.facts(name) for name in two_networks]
    first, second = (each.subnet.replace(".0/24", ".77") for each in found if each)
    return first, second


def test_containers_of_a_team_share_one_control_group_which_is_removed_after_them(
    engine: Engine, shell: ContainerSpec, instance: str, tmp_path: Path
) -> None:
    groups = ControlGroups(naming := Naming(instance, tmp_path), engine.cgroup_driver)
    containers = Containers(engine, groups)
    labels = {**shell.labels, **naming.labels("once", team="blue")}
    names = [f"{shell.name}-{number}" for number in range(2)]
    for name in names:
        containers.create(replace(shell, name=name, labels=labels))
        containers.start(name)
    found = [_control_group(engine, name) for name in names]
    assert len(set(found)) == 2
    assert {group.parent.name for group in found} == {groups.of(labels).lstrip("/")}
    containers.remove(names[0])
    containers.remove_empty_groups()
    assert _control_group(engine, names[1]) == found[1], "a used group stays"
    containers.remove(names[1])
    containers.remove_empty_groups()
    assert not list(ROOT.glob(f"**/{found[0].parent.name}"))


def _control_group(engine: Engine, name: str) -> Path:
    """Return the group of the container's first process, of the hierarchy of processors."""
    process = engine.api.inspect_container(name)["State"]["Pid"]
    lines = [line.split(":", 2) for line in Path(f"/proc/{process}/cgroup").read_text().split()]
    found = {names: path for _number, names, path in lines}
    return Path(
        next(
            (path for names, path in found.items() if "cpu" in names.split(",")), found.get("", "")
        )
    )
