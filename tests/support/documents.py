"""Generate the parts of the documents that follow from the code; `make docs` writes them."""

import re
from collections.abc import Callable, Mapping
from functools import partial
from http import HTTPStatus
from pathlib import Path

from oduflow import bootstrap
from oduflow.blueprints.dashboard.client_setup import CLIENTS, EXAMPLE_URL, ClientSetup
from oduflow.blueprints.errors import STATUS_OF
from oduflow.cli.fresh_settings import describe
from oduflow.cli.schemas import ListedTool, local_tool, type_text
from oduflow.kernel.registry import Registry
from tests.support.tree import ROOT

PART = re.compile(r"(<!-- generated: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def configuration() -> str:
    """Return the table of keys."""
    rows = ["| key | default | meaning |", "|---|---|---|"]
    for key in describe():
        default = f"`{key.default}`" if key.default else ""
        rows.append(f"| `[{key.section}] {key.key}` | {default} | {key.help} |")
    return "\n".join(rows)


def tools() -> str:
    """Return a section for each noun, with a table of fields for each tool."""
    lines: list[str] = []
    noun = ""
    for operation in sorted(_operations(), key=lambda each: (each.noun, each.name)):
        if operation.noun != noun:
            noun = operation.noun
            lines += [f"## {noun.replace('_', ' ').capitalize()}", ""]
        lines += [f"### {operation.name}", "", _paragraph(operation.description), ""]
        slow = " Slow: runs as a job." if operation.slow else ""
        lines += [f"Tier `{operation.permission.tier}`.{slow}", ""]
        lines += _fields(local_tool(operation))
    return "\n".join(lines).rstrip()


def routes() -> str:
    """Return the table of REST routes."""
    rows = ["| route | operation | answers |", "|---|---|---|"]
    for operation in sorted(_operations(), key=lambda each: (each.path, each.method)):
        answer = "202 and a job" if operation.slow else "200"
        link = f"[{operation.name}](tools.md#{operation.name})"
        rows.append(f"| `{operation.method} /api{operation.path}` | {link} | {answer} |")
    return "\n".join(rows)


def statuses() -> str:
    """Return the table of error kinds with their HTTP status."""
    rows = ["| kind | status |", "|---|---|"]
    for kind, code in STATUS_OF.items():
        status = HTTPStatus(code)
        rows.append(f"| `{kind}` | {status.value} {status.phrase} |")
    return "\n".join(rows)


def client_setup(client: ClientSetup) -> str:
    """Return the block of a client, which the System page shows as well."""
    return f"```{client.language}\n{client.text(EXAMPLE_URL)}\n```"


GENERATORS: Mapping[str, Callable[[], str]] = {
    "configuration": configuration,
    "tools": tools,
    "routes": routes,
    "statuses": statuses,
    **{f"client_{client.key}": partial(client_setup, client) for client in CLIENTS},
}


def generated(document: Path) -> str:
    """Return a document with its generated parts made anew."""

    def fill(part: re.Match[str]) -> str:
        return f"{part[1]}{GENERATORS[part[2]]()}\n{part[3]}"

    return PART.sub(fill, document.read_text("utf-8"))


def main() -> None:
    for document in sorted(ROOT.glob("docs/*.md")):
        document.write_text(generated(document), "utf-8")


def _operations() -> Registry:
    return Registry.discover(bootstrap.OPERATIONS)


def _fields(tool: ListedTool) -> list[str]:
    if not tool.fields:
        return []
    rows = ["| argument | type | meaning |", "|---|---|---|"]
    for name, field in tool.fields.items():
        need = "**" if tool.is_required(name) else ""
        kind = type_text(field, tool.schema).replace("|", "\\|")
        rows.append(f"| {need}`{name}`{need} | {kind} | {field.get('description', '')} |")
    return [*rows, ""]


def _paragraph(text: str) -> str:
    return "\n\n".join(" ".join(part.split()) for part in text.split("\n\n"))


if __name__ == "__main__":
    main()
