from ipaddress import IPv4Address
from pathlib import Path

from oduflow.adapters.firewall.resolvers import host_resolvers


def test_the_hosts_name_servers_are_read(tmp_path: Path) -> None:
    file = tmp_path / "resolv.conf"
    file.write_text("# dns\nsearch lan\nnameserver 192.0.2.53\nnameserver fd00::1\nnameserver x\n")
    assert host_resolvers((file,)) == (IPv4Address("192.0.2.53"),)


def test_behind_a_local_stub_the_real_servers_count(tmp_path: Path) -> None:
    stub, real = tmp_path / "stub", tmp_path / "real"
    stub.write_text("nameserver 127.0.0.53\n")
    real.write_text("nameserver 192.0.2.53\nnameserver 192.0.2.54\nnameserver 192.0.2.53\n")
    found = host_resolvers((stub, tmp_path / "missing", real))
    assert found == (IPv4Address("192.0.2.53"), IPv4Address("192.0.2.54"))


def test_a_machine_without_name_servers_has_none(tmp_path: Path) -> None:
    assert host_resolvers((tmp_path / "missing",)) == ()
