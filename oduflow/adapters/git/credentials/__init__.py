"""The teams' git credentials: one file each, one entry chosen, handed to git and to nobody else."""
