"""Lock files stay, so only what is there gets one."""

from pathlib import Path

from tests.support.api_world import api_world
from tests.support.fakes import BASE_URL, BLUE_PASSWORD, basic

BLUE = basic(BLUE_PASSWORD)


def test_calls_about_what_is_not_there_leave_no_lock_file(tmp_path: Path):
    with api_world(tmp_path) as world:
        client = world.app.test_client()
        before = files(tmp_path)

        codes = {
            client.open(path, method=method, headers=BLUE, base_url=BASE_URL).status_code
            for method, path in (
                ("DELETE", "/api/environments/nowhere"),
                ("POST", "/api/environments/nowhere/stop"),
                ("POST", "/api/environments/nowhere/restart"),
            )
        }

        assert codes == {404}
        assert files(tmp_path) == before


def files(folder: Path) -> set[Path]:
    return set((folder / "locks").rglob("*"))
