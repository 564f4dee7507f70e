"""How the fleet is looked at: grouped or not, in which order, narrowed to what, what is folded."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum

LONGEST = 200
"""Characters of a filter that are taken."""
_FOLDS = 2000


class Order(StrEnum):
    """What servers, and the projects below each, are sorted by."""

    NAME = "name"
    STATE = "state"
    LOAD = "load"
    USED = "used"

    @property
    def words(self) -> str:
        """How the order is said: ``by name``, ``trouble first``."""
        return {
            Order.NAME: "by name",
            Order.STATE: "trouble first",
            Order.LOAD: "busiest first",
            Order.USED: "last used first",
        }[self]


@dataclass(frozen=True)
class Look:
    """What a person chose; kept for the next dashboard."""

    grouped: bool = True
    """By the first tag of each server; without any tag there is nothing to group."""
    order: Order = Order.NAME
    filter: str = ""
    folded: frozenset[str] = frozenset()
    """The keys of the rows whose insides are hidden."""

    def to_json(self) -> str:
        """Return it as a small text."""
        return json.dumps(
            {
                "grouped": self.grouped,
                "order": self.order.value,
                "filter": self.filter,
                "folded": sorted(self.folded)[:_FOLDS],
            }
        )


def from_json(text: str) -> Look:
    """Return what ``to_json`` wrote; what can't be understood is as it is at first."""
    try:
        read = json.loads(text or "{}")
    except ValueError:
        return Look()
    if not isinstance(read, dict):
        return Look()
    order, folded = read.get("order"), read.get("folded")
    return Look(
        grouped=read.get("grouped") is not False,
        order=Order(order) if order in list(Order) else Order.NAME,
        filter=str(read.get("filter") or "")[:LONGEST],
        folded=frozenset(
            key
            for key in (folded if isinstance(folded, list) else ())[:_FOLDS]
            if isinstance(key, str)
        ),
    )


def following(order: Order) -> Order:
    """Return the order that the key switches to."""
    orders = list(Order)
    return orders[(orders.index(order) + 1) % len(orders)]
