"""Scores of recordings, straight from audio, kept as they come so that a kill loses little."""
