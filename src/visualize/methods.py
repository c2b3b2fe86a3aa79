"""The methods of dimensionality reduction, by the name that `--method` takes."""

METHOD_LABELS = {"umap": "UMAP", "tsne": "t-SNE"}
"""What each is called; `projection.METHODS` says how it is computed."""
