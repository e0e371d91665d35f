"""Extra repos: add, update, delete, recover, and their checkouts."""
