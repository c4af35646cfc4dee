"""What answers the events of the page's components."""
