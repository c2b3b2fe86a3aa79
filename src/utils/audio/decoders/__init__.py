"""From a file to samples: one module a library."""
