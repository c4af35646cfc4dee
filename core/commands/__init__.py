"""The sub-commands that make a story from an instruction."""
