"""The result folder on disk: written whole, read back, checkpoints."""
