"""The parent's side of the wall: the child process and what its refusals say."""
