"""Git credentials."""
