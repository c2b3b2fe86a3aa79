"""Pages: which sections tell of each kind of run."""
