"""Every stage as one call, for the command line and for notebooks."""
