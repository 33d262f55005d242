"""How language and label hang together in any data set, read once from beginning to end, in little memory.

`find` finds out what a name stands for, `read` reads and counts, `association` and `cells` do the statistics.
"""
