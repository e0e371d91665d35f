"""The Docker engine; only this package imports docker-py."""
