"""Check isolation: hostile canaries try to reach, see, slow and stop everything outside."""
