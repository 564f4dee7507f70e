"""The embedded terminal: a widget that shows a program and gives it keys and mouse.

``view`` has the widget. Nothing is imported here: the app asks ``keyboard`` before the first paint,
and the emulator takes a while to load.
"""
