"""Fusions: detectors that are made of several, by a logistic regression on their ratios."""
