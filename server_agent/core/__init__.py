"""What the agent does, apart from how: use cases, and the ports that they need."""
