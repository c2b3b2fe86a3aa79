"""The audit of a data set: shortcuts, leakage and imbalance that flatter a detector's metrics."""
