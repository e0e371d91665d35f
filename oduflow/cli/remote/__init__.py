"""Call the operations of a server elsewhere, over MCP as agents do.

options ─▶ server ─▶ connection (the SDK's client, below it a wire that names every refusal)
              └────▶ errand (one call, and the wait for its job)
"""
