"""What the client and the agent say to each other: data and codecs, no I/O.

The only part of the agent that ``mnix_tui`` imports. Python 3.9, standard library.
"""

PROTOCOL = 1
"""The protocol's version: a client and an agent with different ones don't talk."""
