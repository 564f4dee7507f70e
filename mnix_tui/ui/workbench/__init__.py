"""What the screens work with: one port, and the adapters behind it."""
