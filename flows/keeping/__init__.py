"""What is kept of a map beside it: backups, their restoration, and what may go."""
