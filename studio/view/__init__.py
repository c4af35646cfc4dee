"""What the page's components show for a session."""
