"""Tool results: structured content, and a short text for clients that read only text."""

import json
from typing import Any

from mcp import types

from oduflow.blueprints.mcp.tools import Schema, Shape
from oduflow.domain.errors import Cancelled, Failure, RateLimited
from oduflow.domain.outcome import Envelope, ErrorView, Nothing, Status

FAILED = {Status.FAILED, Status.CANCELLED, Status.INTERRUPTED}
MAX_DATA_TEXT = 4_000  # characters, about 1,000 tokens; the structured content is never cut

_REFUSAL = Shape(Envelope[Nothing])


def result_of(envelope: Envelope[Any], shape: Shape) -> types.CallToolResult:
    """Return an envelope as a result, with `isError` if it is failed, cancelled or interrupted."""
    content = shape.lean(envelope)
    if "error" in content and not content["error"]["output"]:
        del content["error"]["output"]
    return types.CallToolResult(
        content=[types.TextContent(type="text", text=_text(content))],
        structured_content=content,
        is_error=envelope.status in FAILED,
    )


def refusal_of(failure: Failure) -> types.CallToolResult:
    """Return a failure as a result: kind, message and the next step."""
    warnings: tuple[str, ...] = ()
    if isinstance(failure, RateLimited):
        warnings = (f"Call again in {failure.retry_after} s at the earliest.",)
    return result_of(
        Envelope[Nothing](
            status=Status.CANCELLED if isinstance(failure, Cancelled) else Status.FAILED,
            summary=failure.message,
            error=ErrorView.of(failure),
            warnings=warnings,
            next=(failure.hint,) if failure.hint else (),
        ),
        _REFUSAL,
    )


def _text(content: Schema) -> str:
    lines = [content["summary"]]
    lines += [f"Warning: {warning}" for warning in content["warnings"]]
    lines += [f"Next: {step}" for step in content["next"]]
    if output := content.get("error", {}).get("output"):
        lines.append(_short(output))
    if data := content.get("data"):
        lines.append(_short(json.dumps(data, ensure_ascii=False, separators=(",", ":"))))
    return "\n".join(lines)


def _short(text: str) -> str:
    """Cut a long text in the middle, and keep its beginning and its end."""
    if len(text) <= MAX_DATA_TEXT:
        return text
    half = MAX_DATA_TEXT // 2
    gap = f"… {len(text) - 2 * half} more characters are in structuredContent …"
    return f"{text[:half]}\n{gap}\n{text[-half:]}"
