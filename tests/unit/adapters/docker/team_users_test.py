import pytest

from oduflow.adapters.docker.team_users import COUNT, FIRST, team_user

ALL = "         0          0 4294967295\n"
# systemd, UIDS-GIDS.md: the unused range between containers and the kernel's signed numbers.
UNUSED = range(1879048192, 2147352576)


def test_each_team_of_each_instance_has_a_user_of_its_own():
    users = {
        team_user(instance, team, ALL)
        for instance in ("oduflow", "test")
        for team in map(str, range(100))
    }

    assert len(users) == 200
    assert all(user in UNUSED for user in users)
    assert range(FIRST, FIRST + COUNT)[-1] in UNUSED


def test_a_teams_user_stays_the_same():
    assert team_user("oduflow", "1", ALL) == team_user("oduflow", "1", ALL) == 2028436754


@pytest.mark.parametrize(
    ("uid_map", "has_it"),
    [
        (ALL, True),
        ("0 100000 65536\n", False),
        ("0 100000 65536\n1879048192 1879048192 267386880\n", True),
        ("", False),
    ],
)
def test_a_user_that_the_machine_does_not_have_is_none(uid_map: str, *, has_it: bool):
    assert (team_user("oduflow", "1", uid_map) is not None) is has_it


def test_the_map_of_this_process_is_the_default():
    with open("/proc/self/uid_map") as file:  # noqa: PTH123
        assert team_user("oduflow", "1") == team_user("oduflow", "1", file.read())
