"""Calls about what does not exist leave no lock file and no job."""

from pathlib import Path
from typing import Any

from tests.support.api_world import ApiWorld, api_world
from tests.support.fakes import BASE_URL, BLUE_PASSWORD, basic

BLUE = basic(BLUE_PASSWORD)


def test_calls_about_what_is_not_there_leave_no_lock_file_and_no_job(tmp_path: Path):
    with api_world(tmp_path) as world:
        client = world.app.test_client()
        before, jobs = files(tmp_path), number_of_jobs(world)

        codes = {
            client.open(path, method=method, headers=BLUE, base_url=BASE_URL).status_code
            for method, path in (
                ("DELETE", "/api/environments/nowhere"),
                ("POST", "/api/environments/nowhere/stop"),
                ("POST", "/api/environments/nowhere/restart"),
                ("DELETE", "/api/templates/nowhere"),
                ("DELETE", "/api/extra-repos/nowhere"),
                ("POST", "/api/extra-repos/nowhere/update"),
                ("DELETE", "/api/grants/nowhere"),
            )
        }

        assert codes == {404}
        assert files(tmp_path) == before
        assert number_of_jobs(world) == jobs


def number_of_jobs(world: ApiWorld) -> int:
    answer: Any = world.app.test_client().get("/api/jobs", headers=BLUE, base_url=BASE_URL)
    return len(answer.json["data"]["jobs"])


def files(folder: Path) -> set[Path]:
    return set((folder / "locks").rglob("*"))
