"""From recordings to vectors: backbones, the on-disk store, and what models are given."""
