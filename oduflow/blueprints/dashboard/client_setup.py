"""How to connect agents: a block to copy for each client.

The System page shows the blocks with the server's own URL; `docs/clients.md` is generated from the
same texts. No block has a token: each names where the client reads it from.
"""

from dataclasses import dataclass

_URL = "URL"
EXAMPLE_URL = "https://your-server.com/mcp"


@dataclass(frozen=True, slots=True)
class ClientSetup:
    """How one client is configured with a token.

    Attributes:
        key: names the part of `docs/clients.md`.
        name: the client.
        place: where the text belongs.
        language: of the text, for the document; empty for commands.
        template: the text, with `URL` in place of the server's.
    """

    key: str
    name: str
    place: str
    template: str
    language: str = ""

    def text(self, url: str) -> str:
        """Return the text for a server."""
        return self.template.replace(_URL, url)


_CLAUDE_CODE = """\
claude mcp add --transport http oduflow URL \\
  --header 'Authorization: Bearer ${ODUFLOW_TOKEN}'"""
_CURSOR = """\
{ "mcpServers": { "oduflow": {
    "url": "URL",
    "headers": { "Authorization": "Bearer ${env:ODUFLOW_TOKEN}" } } } }"""
_VS_CODE = """\
{
  "inputs": [
    { "type": "promptString", "id": "oduflow", "description": "Oduflow token", "password": true }
  ],
  "servers": {
    "oduflow": {
      "type": "http",
      "url": "URL",
      "headers": { "Authorization": "Bearer ${input:oduflow}" }
    }
  }
}"""
_CODEX = "codex mcp add oduflow --url URL --bearer-token-env-var ODUFLOW_TOKEN"
_OTHER = """\
URL
Authorization: Bearer <token>"""

CLIENTS = (
    ClientSetup(
        "claude_code",
        "Claude Code",
        "In a terminal; Claude Code reads the token from the variable ODUFLOW_TOKEN.",
        _CLAUDE_CODE,
    ),
    ClientSetup("cursor", "Cursor", "In ~/.cursor/mcp.json or .cursor/mcp.json.", _CURSOR, "json"),
    ClientSetup(
        "vs_code",
        "VS Code",
        "In .vscode/mcp.json; VS Code asks for the token once.",
        _VS_CODE,
        "json",
    ),
    ClientSetup(
        "codex",
        "Codex",
        "In a terminal; Codex reads the token from the variable ODUFLOW_TOKEN.",
        _CODEX,
    ),
    ClientSetup("other", "Other clients", "The URL (streamable HTTP), and the header.", _OTHER),
)
