"""``asyncio``, imported without TLS: nothing here uses it, and it is a fifth of that import."""

from __future__ import annotations

import sys

if "ssl" in sys.modules:
    import asyncio
else:
    sys.modules["ssl"] = None  # type: ignore[assignment] # asyncio does without it then
    try:
        import asyncio
    finally:
        del sys.modules["ssl"]

__all__ = ["asyncio"]
