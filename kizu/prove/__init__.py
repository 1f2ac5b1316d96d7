"""Does training on a dataset find real defects? Trains, tests and compares."""
