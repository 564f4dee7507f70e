"""mnix: a terminal dashboard for remote Nix workspaces."""

from server_agent import __version__

__all__ = ["__version__"]
