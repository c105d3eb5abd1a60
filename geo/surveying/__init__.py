"""The parts of the survey: sketches of columns, which merge in any grouping to the same."""
