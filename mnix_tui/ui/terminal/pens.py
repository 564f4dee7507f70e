"""How a style is written to the outer terminal: its SGR sequence, and the same for Textual. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple
from zlib import crc32

from rich.color import Color, ColorSystem
from rich.style import Style as RichStyle

from mnix_tui.terminal.dense import NO_FLAGS, Dense, parse_background, quick_styles
from mnix_tui.terminal.grid import PLAIN

if TYPE_CHECKING:
    from rich.color_triplet import ColorTriplet
    from rich.palette import Palette
    from rich.terminal_theme import TerminalTheme

    from mnix_tui.terminal import Style
    from mnix_tui.terminal.grid import Colour

RESET = "\x1b[0m"
_PENS = 16384
_RICH = 8192
_COLOURS_ONLY = PLAIN[2:]
_DIMMED = 0.45
_RGB = 2
_FAINT = 0.66
"""As Textual blends what is dim, so that a shell's dim text looks like the app's."""


@dataclass(frozen=True)
class Look:
    """The colours to draw with. ``theme`` is None to leave palette colours to the outer terminal.

    Without a foreground or background the outer terminal's own default is used.
    """

    foreground: ColorTriplet | None
    background: ColorTriplet | None
    theme: TerminalTheme | None
    dimmed: bool = False
    system: ColorSystem = ColorSystem.TRUECOLOR


class Pen(NamedTuple):
    """What to write around a run's text: ``back``, ``start``, the text, ``end``.

    ``back`` may be left out where the run before had the same one. It is empty for a pen that
    has to reset everything, which its ``start`` then does.
    """

    style: Style
    back: str
    start: str
    end: str


class Pens:
    """The pens of one look, each made once."""

    def __init__(self, look: Look) -> None:
        self.look = look
        self.rich = lru_cache(maxsize=_RICH)(self._rich)
        # By identity: styles are shared, and hashing one takes longer than all else here.
        self.known: dict[int, Pen] = {}
        self._backs: dict[Colour, str] = {}
        self._shades: tuple[Colour, ...] = ()
        if look.theme is not None:
            self._shades = tuple(_shade(look.theme.ansi_colors, n) for n in range(256))

    def pen(self, style: Style) -> Pen:
        """Return what to write around text of this style."""
        known = self.known.get(id(style))
        if known is not None:
            return known
        if len(self.known) >= _PENS:
            self.known.clear()
        # A style of colours only is by far the most frequent one where there are thousands.
        if style[2:] == _COLOURS_ONLY and not self.look.dimmed:
            pen = Pen(style, self._back(style[1]), f"\x1b[{self._fore(style[0])}m", "")
        else:
            start, end = f"\x1b[0;{self.codes(style)}m", ""
            if link := _link(style):
                start += f"\x1b]8;id={_link_id(link)};{link}\x1b\\"
                end = "\x1b]8;;\x1b\\"
            pen = Pen(style, "", start, end)
        self.known[id(style)] = pen
        return pen

    def dense(self, row: Dense) -> str:
        """Return a whole row of very many styles."""
        parts: list[str] = []
        append = parts.append
        last = b""
        quick = not self.look.dimmed
        true = self.look.system is ColorSystem.TRUECOLOR
        eight = self.look.system is ColorSystem.EIGHT_BIT
        cells = zip(row.text, quick_styles(row.packed), strict=True)
        for x, (char, (tag, red, green, blue, back, underline, flags)) in enumerate(cells):
            if flags != NO_FLAGS or underline or not quick:
                style = row.style(x)
                pen = self.pen(style)
                last = b""
                append(f"{pen.back}{pen.start}{' ' if style.hidden else char}{pen.end}")
                continue
            if back != last:
                colour = parse_background(back)
                if true and isinstance(colour, tuple):
                    append("\x1b[0;48;2;%d;%d;%dm" % colour)  # noqa: UP031 - the quickest way
                elif eight and isinstance(colour, tuple):
                    append(f"\x1b[0;48;5;{nearest(*colour)}m")
                else:
                    append(self._back(colour))
                last = back
            if tag == _RGB and true:
                append(f"\x1b[38;2;{red};{green};{blue}m{char}")
            elif tag == _RGB and eight:
                append(f"\x1b[38;5;{nearest(red, green, blue)}m{char}")
            else:
                colour = (red, green, blue) if tag == _RGB else red if tag else None
                append(f"\x1b[{self._fore(colour)}m{char}")
        append(RESET)
        return "".join(parts)

    def _fore(self, colour: Colour) -> str:
        if isinstance(colour, tuple) and self.look.system is ColorSystem.TRUECOLOR:
            red, green, blue = colour
            return f"38;2;{red};{green};{blue}"
        shade = self._shade(colour)
        return _ink(self.look.foreground if shade is None else shade, 30, self.look.system)

    def _back(self, colour: Colour) -> str:
        back = self._backs.get(colour)
        if back is None:
            if len(self._backs) >= _PENS:
                self._backs.clear()
            shade = self._shade(colour)
            ink = _ink(self.look.background if shade is None else shade, 40, self.look.system)
            back = self._backs[colour] = f"\x1b[0;{ink}m"
        return back

    def codes(self, style: Style) -> str:
        """Return the SGR parameters of a style: all that it is, after a reset."""
        foreground, background = self._colours(style)
        codes = (
            _ink(foreground, 30, self.look.system) + ";" + _ink(background, 40, self.look.system)
        )
        if style.bold:
            codes += ";1"
        if style.dim and self.look.theme is None:
            codes += ";2"
        if style.italic:
            codes += ";3"
        if style.underline:
            codes += self._underline(style)
        if style.blink:
            codes += ";5"
        if style.strike:
            codes += ";9"
        if style.overline:
            codes += ";53"
        return codes

    def _underline(self, style: Style) -> str:
        kind = int(style.underline)
        codes = ";4" if kind == 1 else f";4:{kind}"
        # With colons: a terminal that knows no underline colour then skips it as a whole.
        match self._shade(style.underline_colour):
            case (red, green, blue) if self.look.system is ColorSystem.TRUECOLOR:
                codes += f";58:2::{red}:{green}:{blue}"
            case int(index):
                codes += f";58:5:{index}"
            case (red, green, blue) if self.look.system is ColorSystem.EIGHT_BIT:
                codes += f";58:5:{nearest(red, green, blue)}"
        return codes

    def _colours(self, style: Style) -> tuple[Colour, Colour]:
        foreground = self._shade(style.foreground)
        background = self._shade(style.background)
        if foreground is None:
            foreground = self.look.foreground
        if background is None:
            background = self.look.background
        if style.reverse:
            foreground, background = self._swapped(foreground, background)
        if self.look.dimmed:
            foreground = _blend(foreground, self.look.background, _DIMMED)
        if style.dim and self.look.theme is not None:
            foreground = _blend(foreground, background, _FAINT)
        return foreground, background

    def _swapped(self, foreground: Colour, background: Colour) -> tuple[Colour, Colour]:
        # "The default foreground" can't be a background: the nearest thing to it is black on white.
        return (0 if background is None else background), (7 if foreground is None else foreground)

    def _shade(self, colour: Colour) -> Colour:
        """Give a palette colour the theme's shade, if there is a theme."""
        if self._shades and isinstance(colour, int):
            return self._shades[colour]
        return colour

    def _rich(self, style: Style) -> RichStyle:
        """Return the style for Textual's own drawing, which comes out as the pen does.

        Rich knows neither kinds nor colours of underlines, but draws a style that has its codes
        already with those. The meta data keep it from being taken for one that merely looks equal.
        """
        codes = self.codes(style)
        foreground, background = self._colours(style)
        rich = RichStyle(
            color=_rich_colour(foreground),
            bgcolor=_rich_colour(background),
            bold=style.bold or None,
            dim=(style.dim and self.look.theme is None) or None,
            italic=style.italic or None,
            underline=bool(style.underline) or None,
            blink=style.blink or None,
            strike=style.strike or None,
            overline=style.overline or None,
            link=_link(style) or None,
            meta={"codes": codes} if ":" in codes else None,
        )
        rich._ansi = codes
        if rich._link:
            rich._link_id = _link_id(rich._link)
        return rich


def _link(style: Style) -> str:
    link = style.link
    # It goes into a control sequence: one more look, whoever made it.
    return link if link.isascii() and link.isprintable() and "\x1b" not in link else ""


def _link_id(link: str) -> str:
    return f"{crc32(link.encode()):08x}"


def _rich_colour(colour: Colour) -> Color:
    if colour is None:
        return Color.default()
    if isinstance(colour, int):
        return Color.from_ansi(colour)
    return Color.from_rgb(*colour)


def _ink(colour: Colour, base: int, system: ColorSystem) -> str:
    """Return the SGR parameters for a colour; ``base`` is 30 for the foreground, 40 for the back."""
    if isinstance(colour, tuple):
        red, green, blue = colour
        if system is ColorSystem.TRUECOLOR:
            return f"{base + 8};2;{red};{green};{blue}"
        if system is ColorSystem.EIGHT_BIT:
            return f"{base + 8};5;{nearest(red, green, blue)}"
        colour = _standard(red, green, blue)
    if colour is None:
        return str(base + 9)
    if colour >= 16 and system not in (ColorSystem.TRUECOLOR, ColorSystem.EIGHT_BIT):
        colour = _standard(*_palette(colour))
    if colour < 8:
        return str(base + colour)
    return str(base + 52 + colour) if colour < 16 else f"{base + 8};5;{colour}"


@lru_cache(maxsize=1024)
def _standard(red: int, green: int, blue: int) -> int:
    number = Color.from_rgb(red, green, blue).downgrade(ColorSystem.STANDARD).number
    return number or 0


_SIXTHS = [round(v / 95 if v < 95 else 1 + (v - 95) / 40) for v in range(256)]


def nearest(red: int, green: int, blue: int) -> int:
    """Return the palette's colour (16 to 255) that Rich takes for a true colour, ten times faster."""
    high, low = max(red, green, blue), min(red, green, blue)
    total, spread = high + low, high - low
    if spread < 0.15 * (total if total <= 255 else 510 - total) or not spread:
        gray = round(total / 510.0 * 25.0)
        return 16 if gray == 0 else 231 if gray == 25 else 231 + gray
    return 16 + 36 * _SIXTHS[red] + 6 * _SIXTHS[green] + _SIXTHS[blue]


def _blend(colour: Colour, towards: Colour, share: float) -> Colour:
    """Keep a share of a colour. The outer terminal's own colours are unknown: they stay."""
    if not isinstance(colour, tuple) or not isinstance(towards, tuple):
        return colour
    red, green, blue = (int(b + (f - b) * share) for f, b in zip(colour, towards, strict=True))
    return red, green, blue


def _palette(index: int) -> tuple[int, int, int]:
    red, green, blue = Color.from_ansi(index).get_truecolor()
    return red, green, blue


def _shade(colours: Palette, index: int) -> tuple[int, int, int]:
    if index >= 16:
        return _palette(index)
    red, green, blue = colours[index]
    return red, green, blue
