"""Declare operations, admit and execute calls of them, run jobs, and record both."""
