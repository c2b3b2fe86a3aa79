"""Evaluation of scores, whoever made them: metrics with intervals, breakdowns, comparisons."""
