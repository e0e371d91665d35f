"""REST under /api, derived from the registry."""
