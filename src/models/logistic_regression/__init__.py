"""A logistic regression."""
