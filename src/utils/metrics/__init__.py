"""Metrics of scores: error rates, costs, calibration, and how sure each is."""
