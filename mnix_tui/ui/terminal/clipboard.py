"""Text on its way to the clipboard: bounded, because many terminals drop what is too long. Pure."""

from __future__ import annotations

COPY_BYTES = 700_000
"""As base64 this stays below the 1 MiB that a tmux around us takes in one sequence."""


def fitting(text: str) -> tuple[str, str]:
    """Return what of a text can be copied, and what to tell about it."""
    lines = text.count("\n") + 1
    encoded = text.encode("utf-8", "replace")
    if len(encoded) <= COPY_BYTES:
        if lines > 1:
            return text, f"{lines:,} lines copied"
        return text, f"{len(text):,} character{'s' if len(text) != 1 else ''} copied"
    kept = encoded[:COPY_BYTES].decode("utf-8", "ignore")
    if "\n" in kept:
        kept = kept[: kept.rindex("\n")]
    whole = kept.count("\n") + 1
    return kept, f"only the first {whole:,} of {lines:,} lines copied: the clipboard takes 700 kB"
