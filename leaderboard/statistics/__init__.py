"""What the board's numbers can carry: means over seeds, intervals, comparisons."""
