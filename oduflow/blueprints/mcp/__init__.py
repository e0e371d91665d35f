"""The MCP endpoint: the official SDK's session manager on WSGI."""

from oduflow.blueprints.mcp.routes import blueprint, close, prepare

__all__ = ["blueprint", "close", "prepare"]
