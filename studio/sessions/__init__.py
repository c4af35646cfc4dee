"""What each browser tab shows, and the stories of its library."""
