"""A person's own recordings: found where they lie, indexed by words and by sound, used as takes."""
