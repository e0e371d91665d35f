"""Extra repos."""
