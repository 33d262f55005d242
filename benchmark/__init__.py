"""Running it: grids, cells, their stages, workers, and the command line."""
