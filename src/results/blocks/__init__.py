"""What a page, a card or a terminal tells, as blocks, and their renderers."""
