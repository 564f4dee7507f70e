"""Keeping a project's folder and its workspace alike.

``local`` looks at the folder here, ``converse`` talks with the agent about the workspace, ``plan``
decides what has to move (pure), ``syncing`` does all of it once, ``watch`` again and again.
"""
