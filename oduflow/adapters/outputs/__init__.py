"""The files of the output store."""
