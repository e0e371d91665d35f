"""`oduflow completion`, and what the shell suggests: operations, fields, values and names."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem, get_completion_class

from oduflow.cli.commands import SHORTCUTS
from oduflow.domain.access import NAMED, Scope
from oduflow.domain.errors import Failure
from oduflow.settings import BadSettings

if TYPE_CHECKING:
    from oduflow.cli.caller import OperationCaller
    from oduflow.cli.schemas import ListedTool

SHELLS = ("bash", "zsh", "fish")
PROGRAM = "oduflow"
_VARIABLE = "_ODUFLOW_COMPLETE"
# The operation that lists what exists, the key of the rows in its data, and that of a row's name.
_Listing = tuple[str, str, str]
# What the field `name` names follows from the scope of the operation, never from its folder.
_OF_SCOPE: Mapping[Scope, _Listing] = MappingProxyType(
    {scope: (f"list_{scope}s", f"{scope}s", "name") for scope in NAMED - {Scope.NEW_ENVIRONMENT}}
)
_OF_FIELD: Mapping[str, _Listing] = MappingProxyType(
    {
        "environments": _OF_SCOPE[Scope.ENVIRONMENT],
        "extra_repos": _OF_SCOPE[Scope.EXTRA_REPO],
        "host": ("list_credentials", "credentials", "host"),
        "job": ("list_jobs", "jobs", "job"),
        "template": _OF_SCOPE[Scope.TEMPLATE],
    }
)
_CREATES = ("add_", "create_", "import_")  # operations whose `name` is that of a new thing


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
def completion(shell: str) -> None:
    """Print the completion script for a shell.

    It suggests commands, operations, their fields and values, and the names of environments and
    templates. Load it in the shell's start file:

    \b
      bash: eval "$(oduflow completion bash)"            in ~/.bashrc
      zsh:  eval "$(oduflow completion zsh)"             in ~/.zshrc
      fish: oduflow completion fish | source             in ~/.config/fish/config.fish
    """  # noqa: D301 - click looks for the backspace itself
    kind = get_completion_class(shell)
    root = click.get_current_context().find_root().command
    click.echo(kind(root, {}, PROGRAM, _VARIABLE).source())  # type: ignore[misc]


def complete_tool(
    _context: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Suggest the operations."""
    from oduflow import bootstrap  # noqa: PLC0415 - takes half a second, for completion only
    from oduflow.kernel.registry import Registry  # noqa: PLC0415

    return [
        CompletionItem(each.name, help=each.title)
        for each in Registry.discover(bootstrap.OPERATIONS)
        if each.name.startswith(incomplete)
    ]


class OperationCommand(click.Command):
    """A command that runs an operation: its fields are suggested like options."""

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Suggest the command's options and the operation's fields."""
        found = super().shell_complete(ctx, incomplete)
        if incomplete.startswith("-"):
            found += complete_arguments(ctx, self.params[0], incomplete)
        return found


def complete_arguments(
    context: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Suggest the fields of the operation, or the values of the next one."""
    from oduflow.cli.caller import CallOptions  # noqa: PLC0415 - as above

    given = context.params
    name = given.get("tool") or SHORTCUTS[str(context.info_name)].tool
    words = [word for word in given.get("arguments") or () if word]
    try:
        caller = CallOptions(
            as_json=False,
            yes=False,
            **{key: given.get(key) for key in ("url", "token_file", "team", "config")},
        ).caller()
        found = list(_suggested(caller, caller.tool(name), words, incomplete))
    except (Failure, BadSettings):
        return []  # a suggestion that cannot be made is none; the call will say why
    return [
        CompletionItem(value)
        for value in found
        if value.startswith(incomplete) and value.isprintable()  # the shell reads it line by line
    ]


def _suggested(
    caller: "OperationCaller", tool: "ListedTool", words: list[str], incomplete: str
) -> Iterable[str]:
    if incomplete.startswith("-"):
        return [f"--{field.replace('_', '-')}" for field in tool.fields]
    from oduflow.cli.schemas import choices  # noqa: PLC0415 - as above

    field = _next_field(tool, words)
    if field is None:
        return []
    return choices(tool.fields[field], tool.schema) or _names(caller, tool, field)


def _next_field(tool: "ListedTool", words: list[str]) -> str | None:
    """Return the field that the next word belongs to."""
    taken: list[str] = []
    position = iter(tool.fields)
    expected: str | None = None
    for word in words:
        if expected is not None:
            expected = None
        elif word.startswith("--") and "=" not in word:
            expected = word.removeprefix("--").replace("-", "_")
            taken.append(expected)
        else:
            named = word.partition("=")[0].removeprefix("--").replace("-", "_")
            taken.append(
                named
                if "=" in word and named in tool.fields
                else next((each for each in position if each not in taken), "")
            )
    if expected is not None:
        return expected if expected in tool.fields else None
    return next((each for each in position if each not in taken), None)


def _names(caller: "OperationCaller", tool: "ListedTool", field: str) -> list[str]:
    """Return the names that exist for a field: environments, templates and so on."""
    listing = _listing_of_name(tool.name) if field == "name" else _OF_FIELD.get(field)
    if listing is None:
        return []
    operation, key, name = listing
    answer = caller.call(caller.tool(operation), {}, lambda _step: None)
    rows = (answer.model_dump(mode="json").get("data") or {}).get(key) or []
    return list(dict.fromkeys(str(row[name]) for row in rows if name in row))


def _listing_of_name(tool: str) -> _Listing | None:
    """Return what lists the things that an operation's `name` may name; None for a new thing.

    A remote server lists no scopes; the operation of that name in this package has the same.
    """
    from oduflow import bootstrap  # noqa: PLC0415 - as above
    from oduflow.kernel.registry import Registry  # noqa: PLC0415

    found = {each.name: each.scope for each in Registry.discover(bootstrap.OPERATIONS)}
    scope = found.get(tool)
    if scope is None or (tool.startswith(_CREATES) and scope is not Scope.ENVIRONMENT):
        return None
    return _OF_SCOPE.get(scope)
