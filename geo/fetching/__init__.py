"""The parts of step 1 that fetch from elsewhere: HTTP (services come)."""
