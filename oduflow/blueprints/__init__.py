"""The HTTP faces, one folder a concern. They use the registry and the runner, never handlers."""
