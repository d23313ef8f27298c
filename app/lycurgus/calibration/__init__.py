"""How large a pixel is: every source that says something, held against the others."""
