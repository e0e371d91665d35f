"""What the product relies on in the images of this machine, pulled or built by its recipes."""

import json
import os
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import pytest

ODOO = "odoo:19.0"
POSTGRES = "postgres:18"


class TestOdoo:
    def test_the_odoo_image_runs_as_user_odoo_with_the_ids_of_docker_hubs_image(self) -> None:
        assert config(ODOO)["User"] == "odoo"
        assert run(ODOO, "id", "-u", "-n") == "odoo"
        assert run(ODOO, "id", "-u") == "100"
        assert run(ODOO, "id", "-g") == "101"

    def test_its_user_has_a_line_in_the_password_file(self) -> None:
        lines = run(ODOO, "cat", "/etc/passwd").splitlines()

        assert [line.split(":")[2:4] for line in lines if line.startswith("odoo:")] == [
            ["100", "101"]
        ]

    def test_data_and_addons_are_volumes_that_its_user_owns(self) -> None:
        folders = {"/var/lib/odoo", "/mnt/extra-addons"}

        assert folders <= set(config(ODOO)["Volumes"])
        assert run(ODOO, "stat", "-c", "%U", *folders).split() == ["odoo", "odoo"]

    def test_odoo_is_on_the_path_in_version_19(self) -> None:
        assert run(ODOO, "odoo", "--version").startswith("Odoo Server 19.0")

    def test_odoo_imports_without_a_warning(self) -> None:
        assert run(ODOO, "python3", "-W", "error", "-c", "import odoo.http, lxml, psycopg2") == ""

    def test_every_module_of_odoo_is_compiled(self) -> None:
        program = (
            "import importlib.util, pathlib, odoo\n"
            "sources = [*pathlib.Path(list(odoo.__path__)[0]).rglob('*.py')]\n"
            "lacking = [source for source in sources\n"
            "    if not pathlib.Path(importlib.util.cache_from_source(source)).exists()]\n"
            "print(len(sources) > 1000, lacking[:3])"
        )

        assert run(ODOO, "python3", "-c", program) == "True []"

    def test_pip_is_there_for_what_addons_need(self) -> None:
        assert run(ODOO, "python3", "-m", "pip", "--version").startswith("pip ")

    def test_every_addon_is_there_once(self) -> None:
        found = run(ODOO, "find", "/usr/lib/python3", "-path", "*/account/__manifest__.py")

        assert len(found.splitlines()) == 1


class TestPostgres:
    def test_its_programs_are_on_the_path_in_version_18(self) -> None:
        for program in ("postgres", "initdb", "pg_ctl", "psql", "pg_dump", "pg_restore"):
            assert "(PostgreSQL) 18." in run(POSTGRES, program, "--version")

    def test_the_user_postgres_has_the_ids_of_docker_hubs_image(self) -> None:
        assert run(POSTGRES, "id", "-u", "postgres") == "999"
        assert run(POSTGRES, "id", "-g", "postgres") == "999"

    def test_the_data_lie_in_the_volume(self) -> None:
        assert "/var/lib/postgresql" in config(POSTGRES)["Volumes"]
        assert "PGDATA=/var/lib/postgresql/18/docker" in config(POSTGRES)["Env"]

    def test_the_odoo_image_has_the_locale_that_it_is_set_to(self) -> None:
        assert "LANG=en_US.utf8" in config(POSTGRES)["Env"]
        assert "en_US.utf8" in run(POSTGRES, "locale", "-a").splitlines()

    def test_a_fast_shutdown_is_what_stopping_means(self) -> None:
        assert config(POSTGRES)["StopSignal"] == "SIGINT"

    def test_its_first_start_makes_a_cluster_with_the_extensions_odoo_uses(
        self, server: str
    ) -> None:
        created = psql(server, "CREATE EXTENSION pg_trgm; CREATE EXTENSION unaccent")

        assert created == "CREATE EXTENSION\nCREATE EXTENSION"
        assert psql(server, "SHOW password_encryption") == "scram-sha-256"

    def test_over_the_network_the_password_is_asked_for(self, server: str) -> None:
        address = docker(
            "inspect", "-f", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", server
        )

        assert psql(server, "SELECT 1", host=address, password="right") == "1"
        with pytest.raises(subprocess.CalledProcessError) as refusal:
            psql(server, "SELECT 1", host=address, password="wrong")
        assert "password authentication failed" in refusal.value.stderr


def docker(*arguments: str) -> str:
    return subprocess.run(
        ["docker", *arguments], capture_output=True, text=True, timeout=120, check=True
    ).stdout.strip()


def run(image: str, program: str, *arguments: str) -> str:
    """Run one program of an image, in place of its entry point, and return what it printed."""
    return docker(
        "run", "--rm", "--pull=never", "--network=none", "--entrypoint", program, image, *arguments
    )


def config(image: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(docker("image", "inspect", "-f", "{{json .Config}}", image))
    return found


def psql(container: str, query: str, *, host: str = "", password: str = "") -> str:
    return docker(
        *("exec", "-e", f"PGPASSWORD={password}", "-e", f"PGHOST={host}", container),
        *("psql", "--no-psqlrc", "-U", "postgres", "-tA", "-c", query),
    )


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """Yield the name of a container whose PostgreSQL has finished its first start."""
    name = f"test-images-{os.getpid()}"
    docker("run", "-d", "--pull=never", "--name", name, "-e", "POSTGRES_PASSWORD=right", POSTGRES)
    try:
        deadline = time.monotonic() + 60
        # the server of the set-up listens on the socket alone, so ask over TCP
        while True:
            try:
                docker("exec", name, "pg_isready", "-h", "127.0.0.1", "-U", "postgres")
                break
            except subprocess.CalledProcessError:
                assert time.monotonic() < deadline, docker("logs", name)
                time.sleep(0.2)
        yield name
    finally:
        docker("rm", "--force", "--volumes", name)
