from typing import Any

from oduflow.adapters.postgres.orphans import drop_interrupted


class Admin:
    """A session that answers from a table of marked databases, which others change meanwhile."""

    def __init__(self, listed: list[str], marked: set[str]) -> None:
        self.listed, self.marked = listed, marked
        self.ran: list[str] = []

    def run(self, statement: Any, *values: str) -> list[tuple[str]]:
        if not isinstance(statement, str):
            self.ran.append(statement.as_string(None))
            return []
        if "datname ~" in statement:
            return [(name,) for name in self.listed]
        assert "datconnlimit = -2" in statement
        return [(name,) for name in self.listed if name in self.marked and (name,) == values]


def test_a_removal_that_was_cut_off_is_finished() -> None:
    admin: Any = Admin(["env_a", "snap_b"], {"env_a", "snap_b"})

    assert drop_interrupted(admin) == ("env_a", "snap_b")

    assert admin.ran == [
        'DROP DATABASE IF EXISTS "env_a"',
        'DROP DATABASE IF EXISTS "snap_b"',
    ]


def test_a_database_that_its_owner_has_made_again_is_kept() -> None:
    admin: Any = Admin(["env_a", "env_b"], {"env_b"})
    assert drop_interrupted(admin) == ("env_b",)
    assert admin.ran == ['DROP DATABASE IF EXISTS "env_b"']


def test_copies_for_reading_are_left_to_their_own_recovery() -> None:
    admin: Any = Admin(["env_a_before", "env_a_after"], {"env_a_before", "env_a_after"})
    assert drop_interrupted(admin) == ()
    assert admin.ran == []
