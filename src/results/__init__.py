"""What a run or study amounts to: pages, cards, lists and comparisons."""
