"""The TOML examples of the product's published security page, word for word."""

STATIC_TOKENS = """\
[team.1]
auth_token = "secret-token-team-1"

[team.2]
auth_token = "secret-token-team-2"
"""

GITHUB_OAUTH = """\
[server]
oauth_client_id = "Ov23li..."
oauth_client_secret = "your-github-client-secret"
oauth_base_url = "https://your-server.com"
"""

GITHUB_USERS = """\
[team.1]
github_users = ["octocat", "dev1"]

[team.2]
github_users = ["admin2"]
"""

COMBINED = """\
[server]
oauth_client_id = "Ov23li..."
oauth_client_secret = "abc..."
oauth_base_url = "https://your-server.com"

[team.1]
auth_token = "secret-token"         # for CLI / automation
github_users = ["octocat", "dev1"]  # for Claude.ai / browser-based clients
"""

PUBLISHED_BLOCKS = {
    "static tokens": STATIC_TOKENS,
    "github oauth": GITHUB_OAUTH,
    "github users": GITHUB_USERS,
    "combined": COMBINED,
}
