"""Credentials in a list, for tests of the faces; the product's own declarations on top."""

from dataclasses import dataclass, field
from typing import Any

from oduflow.domain.credential import CredentialList, CredentialState, CredentialView, SetupRepoAuth
from oduflow.domain.errors import Failure, NotFound
from oduflow.domain.outcome import Nothing, Outcome
from oduflow.kernel.call import Call


@dataclass
class CredentialRows:
    """The stored credentials, the submitted ones, and the failure of setup_repo_auth, if any."""

    views: list[CredentialView] = field(default_factory=list)
    handed_in: list[str] = field(default_factory=list)
    failure: Failure | None = None

    def add(self, host: str = "github.com", **changes: Any) -> CredentialView:
        view = CredentialView(
            host=host,
            username="me",
            path="/",
            token="ghp_****",
            provider="GitHub",
            state=CredentialState.UNCHECKED,
        ).model_copy(update=changes)
        self.views.append(view)
        return view


def list_credentials(world: Any, call: Call, args: Any) -> Outcome[CredentialList]:
    return Outcome(CredentialList(credentials=tuple(world.credentials.views)), "Here they are.")


def setup_repo_auth(world: Any, call: Call, args: SetupRepoAuth) -> Outcome[CredentialView]:
    rows = world.credentials
    rows.handed_in.append(args.repo_url.get_secret_value())
    if rows.failure is not None:
        raise rows.failure
    return Outcome(rows.add(), "Kept.")


def validate_credential(world: Any, call: Call, args: Any) -> Outcome[CredentialView]:
    rows = world.credentials.views
    checked = _named(world, args).model_copy(update={"state": CredentialState.VALID})
    rows[rows.index(_named(world, args))] = checked
    return Outcome(checked, "Valid.")


def delete_credential(world: Any, call: Call, args: Any) -> Outcome[Nothing]:
    world.credentials.views.remove(_named(world, args))
    return Outcome(Nothing(), "Deleted.")


def _named(world: Any, args: Any) -> CredentialView:
    wanted = (args.host, args.username, args.path)
    for view in world.credentials.views:
        if (view.host, view.username, view.path) == wanted:
            found: CredentialView = view
            return found
    raise NotFound("There is no such credential.", "list_credentials shows them.")


HANDLERS = {
    handler.__name__: handler
    for handler in (list_credentials, setup_repo_auth, validate_credential, delete_credential)
}
