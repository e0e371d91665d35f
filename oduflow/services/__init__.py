"""Work of several steps that operations, the reconcile loop and the command line share."""
