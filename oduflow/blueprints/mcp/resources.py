"""Operations as MCP resources, with the addresses that they have in REST.

`GET /environments/{name}/logs` is `oduflow://environments/{name}/logs{?lines,grep}`. A resource is
an operation that only reads, by GET, shows no secret and waits for nothing: a client may read one
by itself, and keep what it has read.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, quote, unquote

from mcp import types

from oduflow.blueprints.mcp.tools import TARGET, title_of
from oduflow.domain.access import Scope
from oduflow.domain.errors import Invalid
from oduflow.kernel.operation import Effect, Operation
from oduflow.kernel.registry import Registry

SCHEME = "oduflow://"
JSON, TEXT = "application/json", "text/plain"
MAX_URI = 2000  # characters
MAX_FIELDS = 30  # of a query
_VARIABLE = re.compile(r"{(\w+)}")


def is_resource(operation: Operation) -> bool:
    """Return whether an operation can be read as a resource."""
    return (
        operation.effect is Effect.READ
        and operation.method == "GET"
        and not (operation.shows_secret or operation.waits or operation.slow)
    )


@dataclass(frozen=True)
class Address:
    """The URIs of one operation.

    Attributes:
        segments: the path's parts; the variable ones are in braces.
    """

    operation: Operation
    segments: tuple[str, ...]

    @classmethod
    def of(cls, operation: Operation) -> "Address":
        """Return the address that an operation's REST path means."""
        return cls(operation, tuple(operation.path.strip("/").split("/")))

    @cached_property
    def variables(self) -> tuple[str, ...]:
        """The names of the path's variables."""
        return tuple(_VARIABLE.findall("/".join(self.segments)))

    @cached_property
    def query(self) -> tuple[str, ...]:
        """The names of the arguments that are not in the path."""
        fields = self.operation.arguments.model_fields
        return tuple(name for name in fields if name not in self.variables)

    @cached_property
    def needs_query(self) -> bool:
        """Whether an argument outside the path is required."""
        fields = self.operation.arguments.model_fields
        return any(fields[name].is_required() for name in self.query)

    @property
    def noun(self) -> str:
        """The operation's name without its verb."""
        return self.operation.name.partition("_")[2]

    @property
    def is_item(self) -> bool:
        """Whether it is an environment itself, and no part of one."""
        return self.operation.scope is Scope.ENVIRONMENT and self.segments[-1] == f"{{{TARGET}}}"

    def path(self, values: Mapping[str, str]) -> str:
        """Return the URI without a query; variables without a value stay in braces."""
        encoded = {f"{{{name}}}": quote(value, safe="") for name, value in values.items()}
        return SCHEME + "/".join(encoded.get(part, part) for part in self.segments)

    def known(self, environment: str) -> dict[str, str]:
        """Return the variable that the server's path gives a value, if it names an environment."""
        about_it = environment and self.operation.scope is Scope.ENVIRONMENT
        return {TARGET: environment} if about_it else {}

    def open(self, environment: str) -> tuple[str, ...]:
        """Return the path's variables without a value; see `known`."""
        known = self.known(environment)
        return tuple(name for name in self.variables if name not in known)

    def template(self, environment: str) -> str:
        """Return the URI template (RFC 6570); see `known`."""
        query = f"{{?{','.join(self.query)}}}" if self.query else ""
        return self.path(self.known(environment)) + query

    def match(self, segments: tuple[str, ...]) -> dict[str, str] | None:
        """Return the variables' values of a path, None if it is another one's."""
        if len(segments) != len(self.segments):
            return None
        values: dict[str, str] = {}
        for mine, given in zip(self.segments, segments, strict=True):
            variable = _VARIABLE.fullmatch(mine)
            if variable is None and mine != given:
                return None
            if variable is not None:
                values[variable[1]] = given
        return values


class Resources:
    """The resources of one server, derived once from the registry."""

    def __init__(self, operations: Registry) -> None:
        self._addresses = tuple(map(Address.of, filter(is_resource, operations)))

    def find(self, uri: str) -> tuple[Operation, dict[str, Any]] | None:
        """Return the call that a URI means, None if it means none.

        Raises:
            Invalid: the URI's query cannot be read.
        """
        found = self.locate(uri)
        return None if found is None else (found[0].operation, found[1])

    def locate(self, uri: str) -> tuple[Address, dict[str, Any]] | None:
        """Return the address of a URI and the arguments in it; see `find`."""
        if not uri.startswith(SCHEME) or len(uri) > MAX_URI or "#" in uri:
            return None
        path, _, query = uri.removeprefix(SCHEME).partition("?")
        segments = tuple(map(unquote, path.split("/")))
        for address in self._addresses:
            values = address.match(segments)
            if values is not None:
                return address, _joined(values, query)
        return None

    def address(self, template: str, environment: str) -> Address | None:
        """Return the address of a template as `templates` lists it, or None."""
        every = self._addresses
        return next((each for each in every if each.template(environment) == template), None)

    def parent(self, address: Address, variable: str) -> Address | None:
        """Return the address of the list from which a variable of the path is chosen, or None."""
        above = address.segments[: address.segments.index(f"{{{variable}}}")]
        return next((each for each in self._addresses if each.segments == above), None)

    @property
    def environments(self) -> Address | None:
        """The address of the list of environments, or None."""
        item = next((each for each in self._addresses if each.is_item), None)
        return None if item is None else self.parent(item, TARGET)

    def listed(self, visible: Collection[str], environment: str) -> list[types.Resource]:
        """Return the resources without a variable.

        Args:
            visible: the names of the operations that the caller may call.
            environment: the environment that the server's path names; empty for none.
        """
        return [
            types.Resource(
                uri=address.path(address.known(environment)),
                name=address.noun,
                title=title_of(address.noun),
                description=address.operation.description,
                mime_type=mime_type(address.operation),
            )
            for address in self._of(visible)
            if not (address.open(environment) or address.needs_query)
        ]

    def items(self, visible: Collection[str], names: Collection[str]) -> list[types.Resource]:
        """Return the resource of each environment of those names."""
        return [
            types.Resource(uri=address.path({TARGET: name}), name=name, mime_type=JSON)
            for address in self._of(visible)
            if address.is_item
            for name in names
        ]

    def templates(self, visible: Collection[str], environment: str) -> list[types.ResourceTemplate]:
        """Return the templates of the resources that take arguments; see `listed`."""
        return [
            types.ResourceTemplate(
                uri_template=address.template(environment),
                name=address.noun,
                title=title_of(address.noun),
                description=address.operation.description,
                mime_type=mime_type(address.operation),
            )
            for address in self._of(visible)
            if address.open(environment) or address.query
        ]

    def _of(self, visible: Collection[str]) -> Iterator[Address]:
        return (each for each in self._addresses if each.operation.name in visible)


def mime_type(operation: Operation) -> str:
    """Return the media type of an operation's resources."""
    return TEXT if operation.whole_text else JSON


def _joined(values: Mapping[str, str], query: str) -> dict[str, Any]:
    try:
        given = parse_qsl(query, True, bool(query), max_num_fields=MAX_FIELDS)  # noqa: FBT003 - its own names are longer
    except ValueError as wrong:
        raise Invalid("The URI's query cannot be read.", "Write it as ?field=value.") from wrong
    fields = dict(given)
    if len(fields) < len(given) or fields.keys() & values.keys():
        raise Invalid("The URI gives an argument twice.", "Give each argument once.")
    return {**fields, **values}
