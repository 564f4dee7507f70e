"""The user's own SSH configuration, read as OpenSSH reads it; ``config`` is where to begin."""
