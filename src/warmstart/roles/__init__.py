"""The abstract bases, nothing else."""
