"""Read and write files safely: private ones of the server, and untrusted ones of checkouts."""
