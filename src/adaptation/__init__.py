"""Adapting: a few labelled clips of one's own case added to a training, and whether it helps."""
