"""Detectors as files that run without this code: written for a run, checked, and taken back."""
