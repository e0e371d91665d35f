from typing import Any

import pytest

from oduflow.adapters.docker.payload import create_request
from oduflow.domain.container import Attachment, ContainerLimits, ContainerSpec, Mount, Publish


def test_what_a_call_does_not_ask_for_is_locked_down() -> None:
    host = request()["HostConfig"]
    assert host["CapDrop"] == ["ALL"]
    assert host["SecurityOpt"] == ["no-new-privileges:true"]
    assert host["Init"] is True
    assert host["RestartPolicy"] == {"Name": "no"}
    assert host["LogConfig"] == {
        "Type": "json-file",
        "Config": {"max-size": "10m", "max-file": "3"},
    }
    assert host["Sysctls"] == {"net.ipv4.ip_forward": "0"}
    for never in ("Privileged", "CapAdd", "Devices", "PidMode", "Binds", "VolumesFrom"):
        assert never not in host


def test_without_networks_it_has_none_and_not_the_engines_default_one() -> None:
    assert request()["HostConfig"]["NetworkMode"] == "none"
    assert request()["NetworkingConfig"] == {"EndpointsConfig": {}}


def test_a_container_that_shares_a_network_has_nothing_of_its_own_in_it() -> None:
    host = request(network_of="serving", read_only=True)["HostConfig"]
    assert host["NetworkMode"] == "container:serving"
    assert host["Sysctls"] == {}
    assert "Dns" not in host
    assert host["ReadonlyRootfs"] is True
    assert request()["HostConfig"]["ReadonlyRootfs"] is False


def test_a_container_is_created_in_its_first_network_at_its_fixed_address() -> None:
    body = request(networks=(Attachment("first", "10.1.1.5"), Attachment("second")))
    assert body["HostConfig"]["NetworkMode"] == "first"
    assert body["NetworkingConfig"] == {
        "EndpointsConfig": {"first": {"IPAMConfig": {"IPv4Address": "10.1.1.5"}}}
    }


def test_limits_leave_no_swap_on_top_of_the_memory() -> None:
    host = request(limits=ContainerLimits(memory=1 << 30, cpus=0.5, pids=64))["HostConfig"]
    assert (host["Memory"], host["MemorySwap"]) == (1 << 30, 1 << 30)
    assert host["NanoCpus"] == 500_000_000
    assert host["PidsLimit"] == 64


@pytest.mark.parametrize("name", ["localhost", "odoo.lan", ""])
def test_a_name_for_an_address_is_refused_for_it_would_mean_every_address(name: str) -> None:
    with pytest.raises(ValueError, match="does not appear to be an IPv4 or IPv6 address"):
        Publish(8069, name, 20_000)


def test_a_port_is_published_on_one_address() -> None:
    body = request(publish=(Publish(8069, "127.0.0.1", 20_000),))
    assert body["ExposedPorts"] == {"8069/tcp": {}}
    assert body["HostConfig"]["PortBindings"] == {
        "8069/tcp": [{"HostIp": "127.0.0.1", "HostPort": "20000"}]
    }


def test_a_volume_of_the_image_that_nothing_covers_becomes_an_empty_tmpfs_of_its_user() -> None:
    covered = Mount("volume", "/var/lib/odoo/", "store", read_only=False)
    volumes = ("/var/lib/odoo", "/mnt/extra-addons")
    host = request(mounts=(covered,), volumes=volumes, user="100:101")["HostConfig"]
    assert [each["Target"] for each in host["Mounts"]] == ["/var/lib/odoo/"]
    assert host["Tmpfs"] == {
        "/mnt/extra-addons": "rw,noexec,nosuid,nodev,size=67108864,uid=100,gid=101"
    }


def test_a_mount_is_read_only_unless_it_says_otherwise() -> None:
    host = request(
        mounts=(
            Mount("bind", "/a", "/source"),
            Mount("volume", "/b", "store"),
            Mount("volume", "/c", "store", read_only=False),
            Mount("tmpfs", "/d"),
            Mount("tmpfs", "/e", read_only=False),
        )
    )["HostConfig"]
    assert [each["ReadOnly"] for each in host["Mounts"]] == [True, True, False]
    assert [options[:2] for options in host["Tmpfs"].values()] == ["ro", "rw"]


def test_the_images_own_command_and_health_check_never_run() -> None:
    body = request()
    assert body["Entrypoint"] == ["odoo"]
    assert body["Cmd"] == []
    assert body["Healthcheck"] == {"Test": ["NONE"]}


def test_outside_names_are_asked_for_unless_told_otherwise() -> None:
    assert "Dns" not in request()["HostConfig"]
    assert request(outside_names=False)["HostConfig"]["Dns"] == ["127.0.0.1"]


def test_what_the_specification_says_is_passed_on() -> None:
    body = request(
        user="100:101",
        hostname="e1",
        environment={"LANG": "C"},
        sysctls={"net.ipv4.ping_group_range": "1 0"},
        extra_hosts={"host.docker.internal": "host-gateway"},
        stop_signal="SIGINT",
        shm_size=1 << 28,
        command=("--help",),
    )
    assert body["User"] == "100:101"
    assert body["Hostname"] == "e1"
    assert body["Env"] == ["LANG=C"]
    assert body["StopSignal"] == "SIGINT"
    assert body["Cmd"] == ["--help"]
    assert body["Labels"] == {"oduflow.instance": "test"}
    assert body["HostConfig"]["ShmSize"] == 1 << 28
    assert body["HostConfig"]["ExtraHosts"] == ["host.docker.internal:host-gateway"]
    assert body["HostConfig"]["Sysctls"]["net.ipv4.ping_group_range"] == "1 0"
    assert body["HostConfig"]["Sysctls"]["net.ipv4.ip_forward"] == "0"


def request(*, volumes: tuple[str, ...] = (), **told: Any) -> dict[str, Any]:
    labels = {"oduflow.instance": "test"}
    spec = ContainerSpec("test-x", "odoo:19.0", labels, entrypoint=("odoo",), **told)
    return create_request(spec, volumes)
