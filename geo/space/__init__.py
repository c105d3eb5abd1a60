"""Space: positions by pinned operations, shapes, and areas that hold them."""
