"""What `onemap doctor` looks at: one short function for each thing, in modules by what it is of."""
