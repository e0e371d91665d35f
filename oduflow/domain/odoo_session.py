"""Sessions of an environment's Odoo that are made without a password: input, data and view."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from oduflow.domain.environment import EnvironmentName
from oduflow.domain.outcome import Model

SESSION_SECONDS = 3600
LINK_SECONDS = 300
LINK_PATH = "/open/"  # of the links, below the server's address

Login = Annotated[str, StringConstraints(min_length=1, max_length=200)]


def cookie_name(port: int | None) -> str:
    """Return the name of the session cookie that browsers keep for the environment of a port.

    By port and not by id: deleted environments would fill the browser with their cookies.
    """
    return f"session_id_{port}"


@dataclass(frozen=True, slots=True)
class OdooSession:
    """A session that was made for a user.

    Attributes:
        value: of the cookie, with which anyone is that user.
        user: the user's name, as Odoo shows it.
    """

    login: str
    user: str
    value: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class SessionLink:
    """What a link gives to the browser that opens it first.

    Attributes:
        environment: its id; an environment that was made again under one name has another.
        cookie: the name of the cookie.
        url: where the browser goes with it.
        created_by: who asked for the link.
        opens_until: when the link ends, before the session.
    """

    team: str
    environment: str
    name: str
    login: str
    cookie: str
    value: str = field(repr=False)
    url: str
    created_by: str
    opens_until: datetime
    expires_at: datetime


class ConnectAsUser(EnvironmentName):
    """One user of an environment's Odoo."""

    login: Annotated[Login, Field(description="Login of the Odoo user.", examples=["demo"])]


class SessionView(Model):
    """A session as callers see it: a cookie, for http_request and other clients, and a link.

    The link signs the first browser that opens it in, for five minutes. It is null where the
    browser would not send its cookie to the environment. Times are RFC 3339 in UTC.
    """

    login: str
    user: str
    url: str
    cookie: str
    value: str
    expires_at: str
    link: str | None = None
