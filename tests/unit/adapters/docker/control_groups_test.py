from pathlib import Path

import pytest

from oduflow.adapters.docker.control_groups import ControlGroups
from oduflow.domain.plan import Naming

NAMING = Naming("oduflow-a", Path("/srv/oduflow"))


@pytest.mark.parametrize(
    ("driver", "group"),
    [
        ("cgroupfs", "/oduflow-a@blue-2"),
        ("systemd", "oduflow_a-blue_2.slice"),
        ("none", ""),
    ],
)
def test_a_container_of_a_team_is_in_the_teams_group(driver: str, group: str) -> None:
    groups = ControlGroups(NAMING, lambda: driver)
    assert groups.of(NAMING.labels("environment", team="blue-2")) == group


def test_a_container_of_no_team_is_in_the_engines_own_group() -> None:
    groups = ControlGroups(NAMING, lambda: "cgroupfs")
    assert groups.of(NAMING.labels("inspect")) == ""
    assert groups.of({"other.team": "1"}) == ""


def test_only_this_instances_empty_groups_are_removed(tmp_path: Path) -> None:
    for group in ("oduflow-a@1", "cpu/oduflow-a@1", "cpu/oduflow-a@2/busy", "cpu/oduflow@1"):
        (tmp_path / group).mkdir(parents=True)
    ControlGroups(NAMING, lambda: "cgroupfs", tmp_path).remove()
    left = {str(each.relative_to(tmp_path)) for each in tmp_path.rglob("*")}
    assert left == {"cpu", "cpu/oduflow-a@2", "cpu/oduflow-a@2/busy", "cpu/oduflow@1"}
