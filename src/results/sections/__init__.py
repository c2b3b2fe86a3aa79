"""Sections: the blocks of one thing each, built once for pages, cards and the terminal."""
