"""AASIST (Jung et al. 2022): spectro-temporal graph attention on a residual encoder."""
