"""Libraries of others, unchanged, each with its licence beside it; see each one's LICENSE."""
