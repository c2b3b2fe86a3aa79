"""Speakers that nobody named: voices as vectors, and groups of those that are alike."""

DATABASE = "voices.sqlite"
"""The file of the vectors of a data set (see `RecordingCache`); safe to delete."""
