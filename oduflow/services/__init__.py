"""Work of several steps, shared by operations."""
