"""Who an image runs as: names read from its own /etc/passwd and /etc/group."""

from oduflow.domain.errors import UpstreamFailed

ROOT = (0, 0)


def resolve_user(user: str, passwd: str, group: str) -> tuple[int, int]:
    """Return uid and gid of an image's `USER`, as the engine itself resolves it.

    Args:
        user: `""`, `odoo`, `101`, `odoo:odoo`, `101:101` or a mix.
        passwd: the image's /etc/passwd, empty where it has none.
        group: the image's /etc/group, empty where it has none.

    Raises:
        UpstreamFailed: a name stands in neither file.
    """
    if not user:
        return ROOT
    name, _, group_name = user.partition(":")
    entry = _entry(passwd, name)
    if entry is None and not name.isdecimal():
        raise UpstreamFailed(f"The image runs as “{name}”, which its /etc/passwd does not know.")
    uid = int(entry[2]) if entry else int(name)
    if group_name:
        return uid, _gid(group_name, group)
    # A number without an entry gets group 0 from the engine.
    return uid, int(entry[3]) if entry else 0


def needs_files(user: str) -> bool:
    """Tell whether resolving this user takes a look into the image at all."""
    name, _, group_name = user.partition(":")
    return bool(user) and not (name.isdecimal() and group_name.isdecimal())


def _gid(name: str, group: str) -> int:
    entry = _entry(group, name)
    if entry is not None:
        return int(entry[2])
    if name.isdecimal():
        return int(name)
    raise UpstreamFailed(f"The image runs in group “{name}”, which its /etc/group does not know.")


def _entry(table: str, key: str) -> list[str] | None:
    """Find the line with this name, else with this number."""
    lines = [line.split(":") for line in table.splitlines() if line.count(":") >= 3]  # noqa: PLR2004
    for column in (0, 2):
        for fields in lines:
            if fields[column] == key:
                return fields
    return None
