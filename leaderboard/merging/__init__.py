"""One results folder out of several people's or machines': start at `leaderboard.merging.merge.merge`."""
