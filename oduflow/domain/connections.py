"""How many connections a team's PostgreSQL serves, and how they are shared.

A role's limit counts sessions that have signed in; the firewall's limit for each container counts
half-open connections too. The server has places for all containers of a team at that limit and for
the superuser's reserve, so no team can keep its own administrator out.
"""

ROLE_CONNECTIONS = 20  # Odoo opens at most 16
CONNECTIONS_PER_CONTAINER = 24
ADMIN_CONNECTIONS = 10
TEMPLATE_BUILDS = 4  # an environment's one-off container runs while it has no other


def places(environments: int) -> int:
    """Return how many connections the server of a team with that many environments serves."""
    return (environments + TEMPLATE_BUILDS) * CONNECTIONS_PER_CONTAINER + ADMIN_CONNECTIONS
