"""One file a subcommand of ``lycurgus-train``."""
