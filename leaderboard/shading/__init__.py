"""One explained text, its tokens shaded by what they say about a label."""
