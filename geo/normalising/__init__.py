"""Parts of the step `geo.normalise`: attributes, claims and positions, each by whole columns."""
