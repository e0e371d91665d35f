"""Addresses of repositories in audit rows: without user info, query and fragment.

An argument is an address if its field carries `AUDITED_ADDRESS`; no other argument whose name tells
of an address may be audited. The text is not validated yet when a call is refused, so an address
that can be read in two ways is hidden whole: with a raw `@` or `/` in a token, a part of the token
would be taken for the host.
"""

import re
from dataclasses import dataclass
from typing import Any

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from oduflow.domain.masking import HIDDEN

_HOST = r"(?P<host>[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])"
_PATH = r"[^@?#\\]*"
_URL = re.compile(
    rf"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*://)(?:[^@/?#\\]*@)?{_HOST}(?P<port>:[0-9]{{1,5}})?"
    rf"(?P<path>(?:/{_PATH})?)(?:[?#][^@]*)?"
)
_SSH = re.compile(rf"[^@/:?#\\]+@{_HOST}:(?P<path>{_PATH})")  # as clone buttons show it


@dataclass(frozen=True, slots=True)
class AuditedAddress:
    """Marks a field that is audited as `public_address` returns it.

    Attributes:
        paths: whether it may be a path or a name instead, which is audited as it is.
    """

    paths: bool = False


AUDITED_ADDRESS = AuditedAddress()
AUDITED_SOURCE = AuditedAddress(paths=True)


def is_address(field: FieldInfo | None) -> bool:
    """Whether a field of an operation's arguments is audited as an address."""
    return field is not None and any(isinstance(each, AuditedAddress) for each in field.metadata)


def public_form(field: FieldInfo | None, given: Any) -> Any:
    """Return an argument as it may be audited and repeated: only an address is changed."""
    if field is None or not is_address(field):
        return given
    if AUDITED_SOURCE in field.metadata and isinstance(given, str) and "://" not in given:
        return given
    return public_address(given)


def public_address(given: Any) -> str | None:
    """Return an address without what may be secret; four stars if that cannot be told apart.

    Args:
        given: the argument, which is not validated when its call was refused.
    """
    if given is None:
        return None
    text = given.get_secret_value() if isinstance(given, SecretStr) else given
    if not isinstance(text, str):
        return HIDDEN
    url, ssh = _URL.fullmatch(text.strip()), _SSH.fullmatch(text.strip())
    if url is not None:
        return f"{url['scheme']}{url['host']}{url['port'] or ''}{url['path']}"
    return HIDDEN if ssh is None else f"{ssh['host']}:{ssh['path']}"
