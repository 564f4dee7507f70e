"""The agent that mnix delivers to a server: standard library only, Python 3.9 and later."""

__version__ = "0.3.0"
