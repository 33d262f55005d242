"""The board as people read it: in a terminal, Markdown, CSV, JSON."""
