"""The zipapp's start, and ``python -m server_agent``."""

from server_agent.cli import entry

if __name__ == "__main__":
    entry()
