"""Loading the native library (libghostty, through pyghostty's raw binding), once and checked.

Its C API is not stable and a wrong out-type corrupts the heap, so the version is pinned and
``check_layout`` compares what we rely on with what the library publishes about itself, before the
first terminal is made.
"""

from __future__ import annotations

import importlib
import json
from functools import cache
from typing import Any

from mnix_tui.errors import TerminalUnavailable

_CELL_LAYOUT = {
    "content_tag": (0, 2),
    "content": (2, 24),
    "style_id": (26, 16),
    "wide": (42, 2),
    "hyperlink": (45, 1),
}
_STYLE_LAYOUT = {
    "fg_color": 8,
    "bg_color": 24,
    "underline_color": 40,
    "bold": 56,
    "overline": 63,
    "underline": 64,
}
_STRUCTS = [
    "GhosttyStyle",
    "GhosttyCellsView",
    "GhosttyRenderStateRowId",
    "GhosttyRenderStateCursor",
    "GhosttyTerminalScrollbar",
    "GhosttyTerminalScrollViewport",
    "GhosttyGridRef",
    "GhosttyPoint",
    "GhosttyPointCoordinate",
    "GhosttySelection",
    "GhosttyTerminalSelectionFormatOptions",
    "GhosttyTerminalDesktopNotification",
    "GhosttyClipboardContent",
    "GhosttyClipboardWrite",
    "GhosttyClipboardWriteReply",
    "GhosttyDeviceAttributes",
    "GhosttyColorRgb",
    "GhosttyString",
    "GhosttyBuffer",
    "GhosttyTerminalModeConfig",
    "GhosttySizeReportSize",
    "GhosttyMouseEncoderSize",
    "GhosttyMousePosition",
]


class Library:
    """The loaded library: cffi's two handles, and the types that calls by value need."""

    def __init__(self) -> None:
        module = importlib.import_module("pyghostty._ffi")
        self.ffi: Any = module.ffi
        self.lib: Any = module.lib
        check_layout(json.loads(self.ffi.string(self.lib.ghostty_type_json())), self.ffi)
        # cffi can't pass a union by value; a struct of the same layout has the same call ABI.
        self.ffi.cdef(
            "typedef struct { int32_t tag; int64_t value; uint64_t pad; } MnixScrollViewport;",
            override=True,
        )
        self.scroll_viewport = module.union_fn(
            "ghostty_terminal_scroll_viewport", "void(*)(GhosttyTerminal, MnixScrollViewport)"
        )
        self.grid_ref = module.union_fn(
            "ghostty_terminal_grid_ref",
            "GhosttyResult(*)(GhosttyTerminal, GhosttyPointS, GhosttyGridRef*)",
        )
        self.track = module.union_fn(
            "ghostty_terminal_grid_ref_track",
            "GhosttyResult(*)(GhosttyTerminal, GhosttyPointS, GhosttyTrackedGridRef*)",
        )


@cache
def library() -> Library:
    """Load the library once (0.1 s). Raises TerminalUnavailable where there is none."""
    try:
        return Library()
    except (ImportError, OSError, AttributeError, KeyError, ValueError) as error:
        raise TerminalUnavailable(
            "The embedded terminal can't start",
            f"pyghostty 0.1.3 is missing or doesn't work here: {error}",
            "use `mnix shell` in your own terminal; the embedded one needs glibc Linux or macOS",
        ) from error


def check_layout(published: dict[str, Any], ffi: Any) -> None:
    """Raise ValueError unless the library's own description is what this module was written for."""
    types = published["types"]
    bits = types["GhosttyCell"]["bits"]
    cell = {name: (bits[name]["lsb"], bits[name]["width"]) for name in _CELL_LAYOUT}
    fields = types["GhosttyStyle"]["fields"]
    style = {name: fields[name]["offset"] for name in _STYLE_LAYOUT}
    if published["abi"]["endian"] != "little" or cell != _CELL_LAYOUT or style != _STYLE_LAYOUT:
        raise ValueError("unexpected cell or style layout")
    for name in _STRUCTS:
        if ffi.sizeof(name) != types[name]["size"]:
            raise ValueError(f"unexpected size of {name}")
