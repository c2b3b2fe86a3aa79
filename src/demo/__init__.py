"""A stand-in corpus made from nothing: synthetic voices and vocoder attacks on them."""
