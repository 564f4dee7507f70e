"""What a tab of a project shows."""
