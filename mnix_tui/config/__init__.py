"""The client's settings (``client.toml``) and a project's (``mnix.toml``).

``load`` and ``load_project`` read them, ``edit`` changes one setting and keeps the comments.
"""

from mnix_tui.config.client import load
from mnix_tui.config.editor import edit
from mnix_tui.config.model import ClientConfig
from mnix_tui.config.project import load_project

__all__ = ["ClientConfig", "edit", "load", "load_project"]
