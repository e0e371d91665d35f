"""Installing, upgrading and uninstalling the modules of an environment that exists (ADR 38)."""
