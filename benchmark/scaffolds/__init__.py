"""New tasks, methods, weightings and so on, started from a small file that works."""
