"""The Docker engine: the only room where docker-py is known."""
