"""The tables of a data set and the stages that work on its recordings."""
