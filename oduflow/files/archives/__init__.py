"""Read archives that others made: members in order, none of which is written by its own name."""
