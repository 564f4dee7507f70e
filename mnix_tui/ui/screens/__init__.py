"""The full screens, and the overlays that answer one question."""
