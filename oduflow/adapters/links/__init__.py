"""Links that sign a browser in."""
