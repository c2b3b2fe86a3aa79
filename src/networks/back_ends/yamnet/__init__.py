"""YAMNet: MobileNet-v1 over log-mel patches, and the weights that are published of it."""
