"""The audit of a data set: what could make a detector's figures better than the detector."""
