"""The teams' git credentials: a file each, of which git gets the one matching entry."""
