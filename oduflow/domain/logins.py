"""What callers say about GitHub logins."""

from typing import Annotated

from pydantic import Field, StringConstraints

from oduflow.domain.outcome import Model


class GithubLogin(Model):
    """One GitHub login."""

    login: Annotated[
        str,
        StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,100}$"),
        Field(description="The GitHub login, such as octocat."),
    ]
