"""The calls that an answer suggests next; each face writes them in its own words.

MCP and REST show the call itself, the command line a command to copy, the dashboard a link or a
button (`blueprints/dashboard/places.py`).
"""

import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

RETRY = "tries again with values that you can change"  # the reason of a creation made again
Value = str | bool | int | tuple[str, ...] | list[str]

_POSITIONAL = ("name", "job", "handle")  # what a call is about, which commands take first
# Required arguments that a suggested creation may leave to the caller, in their order.
TO_FILL_IN: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"add_extra_repo": ("name", "repo_url"), "create_environment": ("name", "repo_url")}
)
# Arguments that the command line asks for, because they are secret.
_ASKED_FOR: Mapping[str, str] = MappingProxyType({"setup_repo_auth": " -"})


@dataclass(frozen=True, slots=True)
class Next:
    """One call: the operation, the known arguments, and why it is worth making.

    `reason` continues a sentence whose subject is the call: “shows the existing ones”.
    """

    operation: str
    arguments: dict[str, Value] = field(default_factory=dict)
    reason: str = ""

    @classmethod
    def of(cls, operation: str, reason: str = "", /, **arguments: Value) -> "Next":
        """Make a call from its operation, its reason and its arguments."""
        return cls(operation=operation, reason=reason, arguments=arguments)

    def as_call(self) -> str:
        """Write the call as agents make it: `get_environment name=demo`."""
        return " ".join((self.operation, *self._named(self.arguments)))

    def as_command(self, options: str = "") -> str:
        """Write the call as a command to copy: `oduflow call get_environment demo`.

        What the caller has to fill in is in capitals: `oduflow call create_environment NAME`.

        Args:
            options: those that the command needs besides, such as ` --url https://…`.
        """
        first = [self.arguments[name] for name in _POSITIONAL if name in self.arguments]
        rest = {name: value for name, value in self.arguments.items() if name not in _POSITIONAL}
        needed = TO_FILL_IN.get(self.operation, ())
        places = (name.upper() for name in needed if name not in self.arguments)
        words = (self.operation, *map(_quoted, first), *places, *self._named(rest))
        return f"oduflow call {' '.join(words)}{_ASKED_FOR.get(self.operation, '')}{options}"

    def as_sentence(self) -> str:
        """Write the call and its reason as a sentence."""
        return f"{self.as_call()} {self.reason}".rstrip() + "."

    @staticmethod
    def _named(arguments: Mapping[str, Value]) -> Iterator[str]:
        for name, value in arguments.items():
            for each in value if isinstance(value, tuple | list) else (value,):
                yield f"{name}={_quoted(each)}"


def hint_with_calls(hint: str, calls: Iterable[Next]) -> str:
    """Return a hint and the calls beside it as one text, for programs and agents."""
    return " ".join(filter(None, (hint, *(call.as_sentence() for call in calls))))


def without_texts(value: Any) -> Any:
    """Leave out the texts that answers stored by older versions have in place of calls."""
    if isinstance(value, list | tuple):
        return [each for each in value if not isinstance(each, str)]
    return value


def _quoted(value: Value) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return shlex.quote(text)
