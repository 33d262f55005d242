"""What came out: results are read, measured, ranked, shown and checked here, without any training library.

`reading` takes a results folder apart, `measuring` (with `measures` and `probes`) fills each cell's ``metrics.json``,
`statistics` says what the numbers carry, and `rows` puts them together; `tables`, `site`, `replication`, `figure` and
`shading` show them, `publishing`, `verification` and `merging` share them. Start at `leaderboard.board.board`.
Importing the room costs nothing.
"""
