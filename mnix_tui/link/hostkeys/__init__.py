"""Whether a server is the one that it should be: host keys, and who decides about unknown ones."""
