"""Self-supervised pretraining of encoders on the recordings of the pretext split."""
