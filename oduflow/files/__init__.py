"""Write private files, read untrusted files, and limit the size of folders."""
