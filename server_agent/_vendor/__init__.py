"""Libraries of others, or parts of them, each with its licence beside it: see each one's LICENSE."""
