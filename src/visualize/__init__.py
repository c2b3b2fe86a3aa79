"""Figures: projections of embeddings, and the curves of training and testing."""
