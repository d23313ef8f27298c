"""Training of the networks that Lycurgus ships; never imported by the application."""
