"""The published checkpoint: its files turned into a profile, and its own procedure step by step."""
