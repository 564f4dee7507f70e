"""Handing the agent over to a server that misses it, on the very channel on which it said so."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from mnix_tui.errors import LinkLost
from mnix_tui.link import delivery
from mnix_tui.link.preface import read_preface

if TYPE_CHECKING:
    from mnix_tui.link.channels import BaseCommand

PIECE = 64 << 10
SLOWER = 2
"""How much longer than a start an installation may take."""


async def hand_over(channel: BaseCommand, nonce: str, seconds: float) -> dict[str, Any]:
    """Send the installer and the agent; return the preface of what runs there now.

    That is the agent, as the channel's command had asked for it, or who failed to install it.
    """
    try:
        # Python starts there and takes its time, while the archive is packed here.
        channel.send(delivery.bootstrap(delivery.name(), nonce))
        archive = await asyncio.to_thread(delivery.build)
        await _take_in_time(channel, delivery.head(archive), seconds)
        for at in range(0, len(archive.data), PIECE):
            await _take_in_time(channel, archive.data[at : at + PIECE], seconds)
    except (LinkLost, TimeoutError):
        pass  # it may have ended with an answer; else reading it fails, and says why
    return await read_preface(channel, nonce, SLOWER * seconds)


async def _take_in_time(channel: BaseCommand, piece: bytes, seconds: float) -> None:
    """Send a piece to a server that has to take it before long, however slow its line is."""
    async with asyncio.timeout(SLOWER * seconds):
        await channel.write(piece)
