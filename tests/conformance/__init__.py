"""The emulator beside tmux: recordings of real programs, and every sequence by itself."""
