"""Show operations to a person, wherever they run."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from oduflow.cli.arguments import fields_of
from oduflow.cli.lines import plain, say


@dataclass(frozen=True, slots=True)
class Listed:
    """What a person reads of one operation.

    Attributes:
        about: what is known of it beside its effect; empty at a server elsewhere.
        schema: JSON Schema of its arguments.
    """

    name: str
    description: str
    effect: str
    schema: Mapping[str, Any]
    about: str = ""

    @property
    def title(self) -> str:
        """Its first line without the full stop."""
        return self.description.partition("\n")[0].rstrip(".")


def show_all(found: Iterable[Listed]) -> None:
    """Print one line an operation."""
    table = Table(box=None, header_style="dim", pad_edge=False)
    for column in ("tool", "effect", "what it does"):
        table.add_column(column)
    for each in found:
        table.add_row(*(Text(plain(cell)) for cell in (each.name, each.effect, each.title)))
    Console().print(table)


def show_one(found: Listed) -> None:
    """Print an operation with its fields, in the order in which a call takes them."""
    say(f"{found.name}: {found.description}\n")
    say(" · ".join(filter(None, (f"effect {found.effect}", found.about))))
    required = found.schema.get("required", ())
    for name, field in fields_of(found.schema).items():
        need = "required" if name in required else f"default {field.get('default')!r}"
        say(f"\n  {name} ({need})\n    {field.get('description', '')}")
