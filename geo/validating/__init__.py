"""The parts of step 4, validate: rules, keys, positions, quarantine."""
