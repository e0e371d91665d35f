"""What is shipped serves: a wheel, in an empty environment, elsewhere."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.support.instances import Instance
from tests.support.server import serving

pytestmark = pytest.mark.timeout(400)

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder)]
    # A copy: building writes beside the sources, and other tests read those.
    source = tmp_path_factory.mktemp("source")
    subprocess.run(
        ["git", "-C", str(ROOT), "checkout-index", "--all", f"--prefix={source}/"], check=True
    )
    subprocess.run([*command, str(source)], check=True, capture_output=True, timeout=120)
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_holds_every_data_file(wheel: Path) -> None:
    shipped = set(zipfile.ZipFile(wheel).namelist())
    wanted = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "oduflow").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert wanted <= shipped, sorted(wanted - shipped)


def test_the_wheel_serves_from_an_empty_virtual_environment(
    wheel: Path, instance: Instance, tmp_path: Path
) -> None:
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "venv")], check=True)
    python = str(tmp_path / "venv" / "bin" / "python")
    install = [python, "-m", "pip", "install", "--quiet", "--no-compile"]
    options = ["--disable-pip-version-check", str(wheel)]
    subprocess.run([*install, *options], check=True, timeout=300)
    command = [
        str(tmp_path / "venv" / "bin" / "oduflow"),
        "serve",
        "--config",
        str(instance.config),
    ]
    with serving(instance, command=command) as server:
        assert server.environments() == []
        assert server.request("GET", "/").status_code == 200
