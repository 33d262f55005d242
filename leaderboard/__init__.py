"""What came out: results are read, measured, ranked and drawn here, without any training library.

Start at `leaderboard.measure.measure`, `leaderboard.board.board` and `leaderboard.figure.draw`. Importing the room
costs nothing.
"""
