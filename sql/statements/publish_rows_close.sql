close public_rows
