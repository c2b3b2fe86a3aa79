"""The search of the best classifier, its hyperparameters and the vectors that it is given."""
