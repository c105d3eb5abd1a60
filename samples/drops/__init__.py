"""The drops of the sample: one module for the registers of each kind of place."""
