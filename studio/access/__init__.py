"""Who may ask the server what: its names, foreign pages, routes, the password, slow clients."""
