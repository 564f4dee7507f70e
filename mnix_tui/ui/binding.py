"""How a key is written down in the tables that help, footer and palette are derived from."""

from __future__ import annotations

from textual.binding import Binding


def key(
    id: str,  # noqa: A002
    keys: str,
    action: str,
    description: str,
    tooltip: str,
    show: bool = False,
    *,
    opens: bool = False,
) -> Binding:
    """Return a binding that help, footer and palette can be derived from."""
    # What opens a field or a shell comes first: what is typed right behind it is for that.
    shown = {"slash": "/", "colon": ":", "question_mark": "?"}.get(keys.split(",", maxsplit=1)[0])
    return Binding(
        keys,
        action,
        description,
        id=id,
        tooltip=tooltip,
        show=show,
        key_display=shown,
        priority=opens,
    )
