"""Whether the server is alive and can create environments."""
