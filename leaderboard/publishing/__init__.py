"""Results, sites and adapters as repositories of the Hugging Face hub.

Start at `leaderboard.publishing.publish.publish` and `leaderboard.publishing.pull.pull`. Importing this costs nothing.
"""
