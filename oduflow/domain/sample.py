"""Where the server offers the sample addons: a git server on a loopback port of its own."""

REPOSITORY = "addons.git"
PORT_DISTANCE = 770
HIGHEST_PORT = 65535


def sample_port(server_port: int) -> int:
    """Return the loopback port of the sample addons' git server: 8770 for a server on 8000.

    It is computed from the server's port, so that the URL that environments store stays valid.
    """
    above = server_port + PORT_DISTANCE
    return above if above <= HIGHEST_PORT else server_port - PORT_DISTANCE


def sample_authority(server_port: int) -> str:
    """Return host and port of the sample's git server, as `git_allowed_hosts` would list it."""
    return f"127.0.0.1:{sample_port(server_port)}"


def sample_url(server_port: int) -> str:
    """Return the URL of the sample repository."""
    return f"http://{sample_authority(server_port)}/{REPOSITORY}"
