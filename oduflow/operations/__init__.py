"""One file is one operation; the folder is its noun."""
