"""The board as people read it: in a terminal, Markdown, LaTeX, HTML, CSV, JSON."""
