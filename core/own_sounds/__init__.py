"""Sounds of a person's own that the performer learned from a few recordings."""
