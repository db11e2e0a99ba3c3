"""Pictures of results; nothing is solved here."""
