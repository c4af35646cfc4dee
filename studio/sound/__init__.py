"""What a tab can hear, as files, and the peaks that are drawn of it."""
