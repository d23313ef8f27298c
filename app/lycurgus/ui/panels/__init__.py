"""The panels around the picture: each shows a part of the store and commands, and keeps no state of its own."""
