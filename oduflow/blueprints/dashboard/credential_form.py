"""The form of a new credential: repository, user and token in fields of their own.

The operation takes them as one URL, as git does, in which special characters are percent-encoded.
The values become that URL here. Only the repository and the user come back into a page, masked.
"""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any
from urllib.parse import quote, urlsplit

from werkzeug.datastructures import MultiDict

from oduflow.blueprints.dashboard.form_fields import FieldKind, FormField
from oduflow.blueprints.dashboard.forms import Form
from oduflow.domain.errors import Failure, Invalid
from oduflow.domain.outcome import ErrorView
from oduflow.domain.ssh_urls import https_form

OPERATION = "setup_repo_auth"
URL = "repo_url"  # the operation's argument that the three fields become
REPOSITORY, USER, TOKEN = "repository", "user", "token"
_REQUIRED = "This is required."
# What git servers take as the user name beside an access token.
# Sources: GitHub “Authenticating as an installation”, Bitbucket “Using access tokens”; GitLab and
# Gitea accept any name.
_USERS = MappingProxyType({"bitbucket.org": "x-token-auth", "github.com": "x-access-token"})
_ANY_USER = "oauth2"
_FIELDS = (
    FormField(
        REPOSITORY,
        "Repository URL",
        "A repository that the token can read, as its clone button shows it: "
        "https://github.com/acme/addons.git. It is read once, to try the token.",
        required=True,
        kind=FieldKind.TEXT,
    ),
    FormField(
        USER,
        "User",
        "Your user name at the git host. Not needed for an access token of GitHub, GitLab, "
        "Bitbucket or Gitea.",
        required=False,
        kind=FieldKind.TEXT,
    ),
    FormField(
        TOKEN,
        "Token",
        "The token or password, as it is. No page shows it again.",
        required=True,
        kind=FieldKind.SECRET,
    ),
)


def credential_form(sent: MultiDict[str, str]) -> Form:
    """Make the form; the operation's own fields follow the three."""
    form = Form.of(OPERATION, sent, without=(URL,))
    return replace(form, fields=(*_FIELDS, *form.fields))


def credential_arguments(form: Form) -> dict[str, Any]:
    """Return the operation's arguments: user and token, percent-encoded, are parts of the URL.

    Raises:
        Incomplete: a field is missing, or the repository's URL has a secret or no scheme. An ssh
            address of a known form is read as its https URL, as all operations do.
    """
    given = form.arguments()
    repository, user, token = (given.pop(name, "").strip() for name in (REPOSITORY, USER, TOKEN))
    problems = {
        name: _REQUIRED for name, text in ((REPOSITORY, repository), (TOKEN, token)) if not text
    }
    try:
        repository = https_form(repository)
    except Invalid as wrong:
        raise Incomplete(problems | {REPOSITORY: f"{wrong.message} {wrong.hint}"}) from wrong
    scheme, separator, rest = repository.partition("://")
    authority, slash, path = rest.partition("/")
    in_url, _, host = authority.rpartition("@")
    if repository and not separator:
        problems[REPOSITORY] = "Write it as https://host/owner/repository.git."
    elif ":" in in_url:
        problems[REPOSITORY] = "Write the user and the token into their own fields."
    if problems:
        raise Incomplete(problems)
    name = urlsplit(f"//{host}").hostname or ""
    user = user or in_url or _USERS.get(name, _ANY_USER)
    userinfo = f"{quote(user, safe='')}:{quote(token, safe='')}"
    return {**given, URL: f"{scheme}://{userinfo}@{host}{slash}{path}"}


class Incomplete(Invalid):
    """The three fields do not make a URL.

    Args:
        problems: the message for each field.
    """

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("The form is not complete.")
        self.problems = problems


def refused(form: Form, failure: Failure) -> Form:
    """Return the form with the failure; a problem of the URL is one of the repository's field."""
    if isinstance(failure, Incomplete):
        return replace(form, failure=ErrorView.of(failure), problems=failure.problems)
    shown = form.refused(failure)
    renamed = {REPOSITORY if name == URL else name: text for name, text in shown.problems.items()}
    return replace(shown, problems=renamed)
