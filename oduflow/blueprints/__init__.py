"""One folder a concern; faces know the registry and the runner, never a handler or an adapter."""
