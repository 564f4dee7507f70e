"""The outer terminal's keyboard, as the app gets it: with what was sent, and without delay."""
