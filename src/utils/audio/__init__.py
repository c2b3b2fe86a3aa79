"""Recordings: read and written through one door, and what is measured on their samples."""
