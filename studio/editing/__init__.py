"""Edits of the open story, from the timeline, the table and the keyboard."""
