import shutil
import subprocess
from pathlib import Path

import pytest

from oduflow.adapters.docker.build import RECIPES

SCRIPT = RECIPES / "engine.sh"
REAL = ("bash", "setsid", "sleep", "tail", "timeout", "touch")


class Machine:
    """A machine whose only programs are a few real ones and fakes that leave a trace."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.programs = folder / "bin"
        self.programs.mkdir()
        for name in REAL:
            (self.programs / name).symlink_to(str(shutil.which(name)))
        self.has("id", "echo 0")
        self.has("pidof", "exit 1")
        self.has("docker", f"[ -e {self.up} ]")
        self.has("systemctl", "exec dockerd")

    @property
    def up(self) -> Path:
        """Exists while this machine's engine answers."""
        return self.folder / "up"

    def has(self, name: str, body: str) -> None:
        program = self.programs / name
        program.unlink(missing_ok=True)
        program.write_text(f"#!{shutil.which('bash')}\ntouch {self.folder}/ran-{name}\n{body}\n")
        program.chmod(0o755)

    def ran(self, name: str) -> bool:
        return (self.folder / f"ran-{name}").exists()

    def run(self, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", str(SCRIPT)],
            env={
                "PATH": str(self.programs),
                "TMPDIR": str(self.folder),
                "ENGINE_WAIT_SECONDS": "1",
                **environment,
            },
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )


class TestWhereAnEngineAnswers:
    def test_nothing_is_changed(self, machine: Machine) -> None:
        machine.up.touch()
        machine.has("apt-get", "exit 1")
        machine.has("dockerd", "exit 1")

        result = machine.run()

        assert (result.returncode, result.stderr) == (0, "")
        assert not machine.ran("apt-get")
        assert not machine.ran("dockerd")

    def test_permission_does_not_matter(self, machine: Machine) -> None:
        machine.up.touch()
        machine.has("id", "echo 1000")

        assert machine.run().returncode == 0


class TestWhereNoneAnswers:
    def test_packages_are_installed_and_the_engine_started(self, machine: Machine) -> None:
        machine.has("apt-get", f'echo "$@" >>{machine.folder}/asked')
        machine.has("dockerd", f"touch {machine.up}; exec sleep 2 >/dev/null 2>&1")

        result = machine.run(ENGINE_WAIT_SECONDS="10")

        assert (result.returncode, result.stderr) == (0, "")
        asked = (machine.folder / "asked").read_text().splitlines()
        assert asked[0] == "-q update"
        assert asked[1].endswith("docker.io iptables debootstrap git xfsprogs")
        assert [line.split()[1] for line in result.stdout.splitlines()] == [
            "installing",
            "starting",
            "Docker",
        ]

    def test_nothing_is_installed_that_is_there(self, machine: Machine) -> None:
        for name in ("apt-get", "iptables", "debootstrap", "git"):
            machine.has(name, "exit 1")
        machine.has("dockerd", f"touch {machine.up}; exec sleep 2 >/dev/null 2>&1")

        assert machine.run(ENGINE_WAIT_SECONDS="10").returncode == 0
        assert not machine.ran("apt-get")

    def test_an_engine_that_runs_is_waited_for_and_no_second_one_started(
        self, machine: Machine
    ) -> None:
        machine.has("apt-get", "exit 1")
        machine.has("pidof", "echo 1")
        machine.has("dockerd", "exit 1")

        result = machine.run()

        assert result.returncode == 1
        assert "dockerd (process 1) runs, but does not answer" in result.stderr
        assert not machine.ran("apt-get")
        assert not machine.ran("dockerd")

    def test_an_engine_that_ends_at_once_is_shown_with_its_last_words(
        self, machine: Machine
    ) -> None:
        machine.has("apt-get", "exit 0")
        machine.has("dockerd", "echo 'no space left on device' >&2; exit 1")

        result = machine.run(ENGINE_WAIT_SECONDS="60")

        assert result.returncode == 1
        assert "no space left on device" in result.stderr

    def test_a_failed_installation_shows_what_apt_said(self, machine: Machine) -> None:
        machine.has("apt-get", "[ \"$2\" = update ] || { echo 'E: held packages' >&2; exit 100; }")

        result = machine.run()

        assert result.returncode == 1
        assert "E: held packages\nengine: apt-get could not install" in result.stderr


class TestWhereNoneCanBeStarted:
    def test_the_engine_script_says_when_it_is_not_run_as_root(self, machine: Machine) -> None:
        machine.has("id", '[ "$1" = -u ] && echo 1000 || echo maria')
        machine.has("apt-get", "exit 1")

        result = machine.run()

        assert result.returncode == 1
        assert "no Docker engine answers maria: run this as root" in result.stderr
        assert not machine.ran("apt-get")

    def test_a_machine_without_apt_is_told_so(self, machine: Machine) -> None:
        result = machine.run()

        assert result.returncode == 1
        assert "without apt-get" in result.stderr

    def test_a_silent_engine_elsewhere_is_not_replaced_by_one_here(self, machine: Machine) -> None:
        machine.has("apt-get", "exit 1")

        result = machine.run(DOCKER_HOST="tcp://127.0.0.1:1")

        assert result.returncode == 1
        assert "DOCKER_HOST=tcp://127.0.0.1:1" in result.stderr
        assert not machine.ran("apt-get")


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)
