"""Meshes with named parts; nothing of heat."""
