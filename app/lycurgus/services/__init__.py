"""Work on many files, without a display."""
