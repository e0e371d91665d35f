"""Tool results: structured content, the same as text for agents that read only text, an image.

A text of several lines, such as a log, is at the end and unescaped, which is shorter and easier to
read. Nothing is cut here: the operations shorten what is long, and read_output shows the whole.
"""

import base64
import json
from typing import Any

from mcp import types

from oduflow.blueprints.mcp.tools import Schema, Shape
from oduflow.domain.errors import Cancelled, Failure, RateLimited
from oduflow.domain.outcome import Envelope, ErrorView, Nothing, Status

PNG = "image/png"
FAILED = {Status.FAILED, Status.CANCELLED, Status.INTERRUPTED}
_HANDLES = ("job", "output", "image", "snapshot", "truncated")

_REFUSAL = Shape(Envelope[Nothing])


def result_of(
    envelope: Envelope[Any], shape: Shape, image: bytes | None = None
) -> types.CallToolResult:
    """Return an envelope as a result, with `isError` if it is failed, cancelled or interrupted.

    Args:
        envelope: the answer.
        shape: of the operation's answers.
        image: the PNG image that belongs to the answer.
    """
    content = shape.lean(envelope)
    if envelope.error is not None:
        del content["error"]["next"]  # the envelope's own
        if not content["error"]["output"]:
            del content["error"]["output"]
    blocks: list[types.ContentBlock] = [
        types.TextContent(type="text", text=_text(envelope, content))
    ]
    if image is not None:
        data = base64.b64encode(image).decode()
        blocks.append(types.ImageContent(type="image", data=data, mime_type=PNG))
    return types.CallToolResult(
        content=blocks,
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
            next=failure.next,
            snapshot=failure.snapshot or None,
        ),
        _REFUSAL,
    )


def _text(envelope: Envelope[Any], content: Schema) -> str:
    texts: dict[str, str] = {}
    data = _without_texts(content.get("data"), "", texts)
    error = content.get("error", {})
    lines = [content["summary"]]
    if error.get("message", content["summary"]) != content["summary"]:
        lines.append(error["message"])
    if error:
        lines.append(f"Error: {error['kind']}")
    if content["status"] != Status.OK:
        lines.append(f"Status: {content['status']}")
    lines += [f"Warning: {warning}" for warning in content["warnings"]]
    if error.get("hint"):
        lines.append(f"Hint: {error['hint']}")
    lines += [f"Next: {step.as_sentence()}" for step in envelope.next]
    lines += [f"{key}: {content[key]}" for key in _HANDLES if key in content]
    if data:
        lines.append(json.dumps(data, ensure_ascii=False, separators=(",", ":")))
    lines += [f"{place}:\n{text}" for place, text in texts.items()]
    if error.get("output"):
        lines.append(error["output"])
    return "\n".join(lines)


def _without_texts(value: Any, place: str, texts: dict[str, str]) -> Any:
    """Return a value without its texts of several lines, which are added to `texts` by place."""
    if isinstance(value, dict):
        at = f"{place}." if place else ""
        kept = {key: _without_texts(each, f"{at}{key}", texts) for key, each in value.items()}
        return {key: each for key, each in kept.items() if f"{at}{key}" not in texts}
    if isinstance(value, list):
        return [_without_texts(each, f"{place}.{n}", texts) for n, each in enumerate(value)]
    if isinstance(value, str) and "\n" in value:
        texts[place] = value
        return None
    return value
