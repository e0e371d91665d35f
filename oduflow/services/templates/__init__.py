"""Templates: create, delete, recover."""
