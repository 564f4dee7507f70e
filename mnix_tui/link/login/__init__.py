"""Logging in: keys, agents, passwords and codes; ``login`` is where to begin."""
