import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import pytest

from oduflow.adapters.docker.build import RECIPES, build_image
from oduflow.domain.errors import Cancelled, Invalid, UpstreamFailed


class WriteRecipe(Protocol):
    def __call__(self, body: str, kind: str = ...) -> Path: ...


def ignore(_line: str) -> None:
    """Stand in for a caller that does not show progress."""


class TestProgress:
    def test_each_step_is_reported_in_order_and_nothing_else(self, recipe: WriteRecipe) -> None:
        recipes = recipe("echo 'step 1/2: one'; echo noise; echo 'step 2/2: two'")
        lines: list[str] = []

        build_image("odoo", "odoo:19.0", lines.append, recipes=recipes)

        assert lines == ["step 1/2: one", "step 2/2: two"]

    def test_a_step_is_reported_when_it_begins_not_when_the_build_ends(
        self, recipe: WriteRecipe, tmp_path: Path
    ) -> None:
        gate = tmp_path / "gate"
        recipes = recipe(f"echo 'step 1/1: one'; until [ -e {gate} ]; do sleep 0.02; done")

        build_image("odoo", "odoo:19.0", lambda _line: gate.touch(), recipes=recipes)

        assert gate.exists()


class TestWhatTheRecipeIsGiven:
    @pytest.mark.parametrize(
        "tag",
        [
            "odoo:19.0",
            "odoo:19",
            "odoo:19.0-slim",
            "test-images-odoo:19.0",
            "localhost:5000/team/odoo:19.0",
            "odoo:14",
            "odoo:14.0-slim",
        ],
    )
    def test_the_tag_and_the_version_it_names(
        self, recipe: WriteRecipe, tmp_path: Path, tag: str
    ) -> None:
        recipes = recipe(f'echo "$@" >{tmp_path}/arguments')

        build_image("odoo", tag, ignore, recipes=recipes)

        version = "14.0" if ":14" in tag else "19.0"
        assert (tmp_path / "arguments").read_text() == f"{tag} {version}\n"

    def test_nothing_of_the_callers_environment(
        self, recipe: WriteRecipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("GITHUB_TOKEN", "a secret")
        monkeypatch.setenv("TMPDIR", "/somewhere")
        recipes = recipe(f"env >{tmp_path}/environment")

        build_image("odoo", "odoo:19.0", ignore, recipes=recipes)

        names = {line.split("=")[0] for line in (tmp_path / "environment").read_text().splitlines()}
        assert names <= {"PATH", "LC_ALL", "PWD", "SHLVL", "_"}

    def test_an_input_that_is_empty(self, recipe: WriteRecipe) -> None:
        build_image("odoo", "odoo:19.0", ignore, recipes=recipe("! read -r line"))

    @pytest.mark.parametrize(
        "tag",
        [
            "odoo:18.0",
            "odoo:15.0",
            "odoo",
            "odoo:latest",
            "odoo:19.0.1",
            "-odoo:19.0",
            "odoo:19.0 x",
            "a@sha:19.0",
        ],
    )
    def test_a_tag_without_a_recipe_is_refused_before_anything_runs(
        self, recipe: WriteRecipe, tmp_path: Path, tag: str
    ) -> None:
        with pytest.raises(Invalid, match="can be pulled, not built") as refused:
            build_image("odoo", tag, ignore, recipes=recipe(f"touch {tmp_path}/ran"))

        assert refused.value.message.startswith(tag)
        assert "odoo:14.0, odoo:19.0 and postgres:18" in refused.value.hint
        assert not (tmp_path / "ran").exists()

    def test_a_kind_without_a_recipe_is_refused(self) -> None:
        with pytest.raises(Invalid, match="as redis"):
            build_image("redis", "redis:18", ignore)

    def test_postgres_is_built_in_version_18_only(self, recipe: WriteRecipe) -> None:
        build_image("postgres", "postgres:18", ignore, recipes=recipe("exit 0", "postgres"))

        with pytest.raises(Invalid, match="can be pulled, not built"):
            build_image("postgres", "postgres:17", ignore)

    def test_a_browser_is_added_to_an_image_of_any_version(
        self, recipe: WriteRecipe, tmp_path: Path
    ) -> None:
        recipes = recipe(f'printf "%s|" "$@" >{tmp_path}/given', "browser")

        build_image("browser", "acme.example:5000/odoo:17.0-browser", ignore, recipes=recipes)

        assert (tmp_path / "given").read_text() == "acme.example:5000/odoo:17.0-browser|"


class TestFailure:
    def test_a_failed_build_reports_the_recipes_reason_and_the_next_step(
        self, recipe: WriteRecipe
    ) -> None:
        recipes = recipe("echo 'error: no mirror' >&2; echo 'hint: add one' >&2; exit 1")

        with pytest.raises(UpstreamFailed) as failure:
            build_image("odoo", "odoo:19.0", ignore, recipes=recipes)

        assert (failure.value.message, failure.value.hint) == ("no mirror", "add one")

    def test_a_failed_build_keeps_the_last_thirty_lines_of_both_streams(
        self, recipe: WriteRecipe
    ) -> None:
        recipes = recipe("seq 100; echo 'the reason' >&2; exit 3")

        with pytest.raises(UpstreamFailed) as failure:
            build_image("odoo", "odoo:19.0", ignore, recipes=recipes)

        assert failure.value.output.splitlines() == [*map(str, range(72, 101)), "the reason"]

    def test_a_recipe_that_names_no_reason_is_reported_with_its_code(
        self, recipe: WriteRecipe
    ) -> None:
        with pytest.raises(
            UpstreamFailed, match=r"Building odoo:19\.0 ended with code 3"
        ) as failure:
            build_image("odoo", "odoo:19.0", ignore, recipes=recipe("exit 3"))

        assert "docker pull odoo:19.0" in failure.value.hint

    def test_output_that_is_not_text_is_kept_as_well_as_it_can_be(
        self, recipe: WriteRecipe
    ) -> None:
        with pytest.raises(UpstreamFailed) as failure:
            build_image("odoo", "odoo:19.0", ignore, recipes=recipe(r"printf '\377oops\n'; exit 1"))

        assert failure.value.output == "\N{REPLACEMENT CHARACTER}oops"


class TestEnd:
    def test_a_cancelled_build_ends_with_its_children_and_may_clean_up(
        self, recipe: WriteRecipe, tmp_path: Path
    ) -> None:
        recipes = recipe(
            f"sleep 60 & echo $! >{tmp_path}/child; trap 'touch {tmp_path}/cleaned; exit 1' TERM\n"
            "echo 'step 1/1: one'; wait"
        )

        def cancel(line: str) -> None:
            raise Cancelled(f"stopped at {line}")

        with pytest.raises(Cancelled, match="step 1/1"):
            build_image("odoo", "odoo:19.0", cancel, recipes=recipes)

        assert (tmp_path / "cleaned").exists()
        assert has_ended(int((tmp_path / "child").read_text()))

    def test_a_build_ends_when_the_process_that_asked_for_it_is_killed(
        self, recipe: WriteRecipe, tmp_path: Path
    ) -> None:
        recipes = recipe(
            f"echo $$ >{tmp_path}/pid.new; mv {tmp_path}/pid.new {tmp_path}/pid\n"
            "echo 'step 1/1: one'; while :; do sleep 0.05; done"
        )
        program = (
            "from pathlib import Path\n"
            "from oduflow.adapters.docker.build import build_image\n"
            f"build_image('odoo', 'odoo:19.0', print, recipes=Path({str(recipes)!r}))"
        )
        asker = subprocess.Popen([sys.executable, "-c", program], cwd=RECIPES.parents[3])
        until((tmp_path / "pid").exists)

        asker.send_signal(signal.SIGKILL)
        asker.wait()

        assert has_ended(int((tmp_path / "pid").read_text()))


class TestTheRecipesThemselves:
    def test_there_is_one_for_each_kind(self) -> None:
        kinds = {script.parent.name for script in RECIPES.glob("*/build.sh")}
        assert kinds == {"browser", "odoo", "postgres"}

    def test_none_names_a_mirror(self) -> None:
        for file in filter(Path.is_file, RECIPES.rglob("*")):
            text = file.read_text().replace("docker.io", "")  # the name of a package
            assert not re.search(
                r"(https?|ftp)://|\b[\w-]+(\.[\w-]+)*\.(org|net|com|io)\b", text
            ), file

    def test_all_are_valid_shell(self) -> None:
        for script in RECIPES.rglob("*.sh"):
            subprocess.run(["bash", "-n", str(script)], check=True)


def until(happened: Callable[[], bool], seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def has_ended(pid: int) -> bool:
    """Wait for a process that is not our child to end; a zombie has ended."""

    def gone() -> bool:
        try:
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
        except (FileNotFoundError, ProcessLookupError):
            return True

    return until(gone)


@pytest.fixture
def recipe(tmp_path: Path) -> WriteRecipe:
    """Return a function that writes a recipe with that body and gives the recipes' folder."""

    def write(body: str, kind: str = "odoo") -> Path:
        script = tmp_path / "recipes" / kind / "build.sh"
        script.parent.mkdir(parents=True)
        script.write_text(f"{body}\n")
        return tmp_path / "recipes"

    return write
