"""The standing stress suite, run by `make stress`; no part of it is collected by `make test`."""
