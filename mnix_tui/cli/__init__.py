"""The ``mnix`` command. Each command is a module, imported when it is used."""
