"""The user of an image, resolved with the image's own /etc/passwd and /etc/group."""

import re

from oduflow.domain.errors import UpstreamFailed

ROOT = (0, 0)
_HIGHEST = (1 << 31) - 1  # the engine accepts no higher id


def resolve_user(user: str, passwd: str, group: str) -> tuple[int, int]:
    """Return uid and gid of an image's `USER`, as the engine itself resolves it.

    Args:
        user: `""`, `odoo`, `101`, `odoo:odoo`, `101:101` or a mix.
        passwd: the image's /etc/passwd, empty when it has none.
        group: the image's /etc/group, empty when it has none.

    Raises:
        UpstreamFailed: a name is in neither file, or a number is out of range.
    """
    if not user:
        return ROOT
    name, _, group_name = user.partition(":")
    entry = _entry(passwd, name)
    if entry is None and not name.isdecimal():
        raise UpstreamFailed(f"The image runs as “{name}”, who is not in its /etc/passwd.")
    uid = _number(entry[2] if entry else name)
    if group_name:
        return uid, _gid(group_name, group)
    # A number without an entry gets group 0 from the engine.
    return uid, _number(entry[3]) if entry else 0


def home_of(user: str, passwd: str) -> str:
    """Return the home folder of an image's `USER`, empty when its /etc/passwd does not have it."""
    entry = _entry(passwd, user.partition(":")[0])
    return entry[5] if entry is not None and len(entry) > 5 else ""  # noqa: PLR2004


def needs_files(user: str) -> bool:
    """Tell whether resolving this user needs files of the image."""
    name, _, group_name = user.partition(":")
    return bool(user) and not (name.isdecimal() and group_name.isdecimal())


def _gid(name: str, group: str) -> int:
    entry = _entry(group, name)
    if entry is not None:
        return _number(entry[2])
    if name.isdecimal():
        return _number(name)
    raise UpstreamFailed(f"The image runs in group “{name}”, which is not in its /etc/group.")


def _number(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,10}", text) or int(text) > _HIGHEST:
        raise UpstreamFailed(f"The image's user or group has no valid number: “{text[:20]}”.")
    return int(text)


def _entry(table: str, key: str) -> list[str] | None:
    """Return the fields of the line with this name, else with this number."""
    lines = [line.split(":") for line in table.splitlines() if line.count(":") >= 3]  # noqa: PLR2004
    for column in (0, 2):
        for fields in lines:
            if fields[column] == key:
                return fields
    return None
