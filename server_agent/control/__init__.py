"""The control channel: requests, replies and events on stdio, one process a connection."""
