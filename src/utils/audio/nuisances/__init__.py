"""Nuisance factors of a recording, which may confound a detector, measured from its file."""
