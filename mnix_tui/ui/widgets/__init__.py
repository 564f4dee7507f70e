"""Widgets that draw what they are given and post messages named after what happened."""
