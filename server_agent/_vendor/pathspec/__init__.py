"""The translation of .gitignore patterns of pathspec 1.1.1, by Caleb P. Burns (MPL 2.0: LICENSE).

Only these modules of it are here; their imports are relative, and nothing else was changed.
"""
