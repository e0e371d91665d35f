"""The server itself: infrastructure, database server, reconcile loop, doctor, destroy."""
