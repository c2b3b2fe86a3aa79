"""What scores are worth: figures with intervals, breakdowns, comparisons; whoever made them."""
