"""The notebooks, and what they share: opening a data set, showing tables, figures, audio."""
