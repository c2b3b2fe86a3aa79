"""Classifiers over embeddings: how they are trained, searched and tested."""
