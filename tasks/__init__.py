"""The command line: one module a noun, one task per stage."""
