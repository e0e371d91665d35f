"""The MCP endpoint: the official SDK's session manager on WSGI."""
