"""Whether a results folder is what it says: files, specs and rows are checked, and every number computed again.

Start at `leaderboard.verification.verify.verify`. Nothing here imports a training library or unpickles anything.
"""
