"""The one trainer of all networks: epochs, checkpoints, early stopping, several processes."""
