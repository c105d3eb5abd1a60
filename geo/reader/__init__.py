"""The reader: `python -m geo.reader JOB`, a one-shot child process.

It is the only program of One Map in which GDAL and spreadsheet parsers touch an agency's bytes. It
has no network, no environment, no files but those of its job, and limits of memory, time and size.
It never imports the database, the settings or pydantic: only `geo.reader`, GDAL, Arrow, calamine.
"""
