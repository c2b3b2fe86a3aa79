"""The YAMNet baseline: a convolutional network on log-mel patches, trained as a whole."""
