"""Call the operations of a remote server over MCP, as agents do.

options ─▶ target (the URL and the token)
     └───▶ server (the calls) ─▶ connection (the SDK's client, which names every HTTP error)
"""
