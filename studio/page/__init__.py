"""The page's components, colours and scripts."""
