"""Call the operations of a remote server over MCP, as agents do.

options ─▶ server ─▶ connection (the SDK's client over an HTTP client that names every error)
              └────▶ call (one tool call, and the wait for its job)
"""
