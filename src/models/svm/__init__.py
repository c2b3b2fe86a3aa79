"""A support vector machine with a radial kernel."""
