"""Stage 0: from the archives of a public corpus to a folder that its layout reads."""
