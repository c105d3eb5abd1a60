"""Values: text, dates, units, codes, and work on the distinct values of a column."""
