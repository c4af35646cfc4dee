"""What kinds of sound there are, and which belong together."""
