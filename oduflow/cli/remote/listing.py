"""What a server lists, as a person reads it."""

from typing import TYPE_CHECKING

from oduflow.cli.listing import Listed
from oduflow.kernel.operation import Effect

if TYPE_CHECKING:
    from mcp.types import Tool


def listed(tool: "Tool") -> Listed:
    """Show a tool; one that does not say what it does is taken for the worst (MCP, “Tools”)."""
    hints = tool.annotations
    effect = Effect.DESTROY
    if hints is not None and hints.read_only_hint:
        effect = Effect.READ
    elif hints is not None and hints.destructive_hint is False:
        effect = Effect.WRITE
    return Listed(tool.name, tool.description or "", effect, tool.input_schema)
