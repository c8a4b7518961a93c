"""Draw the simple SVG files of OpenMoji: flat colours, lines, no gradients.

What reads SVG from pip alone is either a large binary or needs system libraries; these
pictures need only the shapes below, so OpenCV's polygons draw them. Not drawn: clip
paths (one file of 4,495 has one) and caps that are not round.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

Points = NDArray[np.float64]  # (n_points, 2), x before y
Picture = NDArray[np.uint8]  # (height, width, 3), BGR as OpenCV has it

_NUMBER = r"[-+]?(?:\d*\.\d+|\d+\.?)(?:[eE][-+]?\d+)?"
_VALUE = rf"[\s,]*({_NUMBER})"
_ARC = re.compile(3 * _VALUE + 2 * r"[\s,]*([01])" + 2 * _VALUE)
_COMMAND = re.compile(r"([MmLlHhVvCcSsQqTtAaZz])([^MmLlHhVvCcSsQqTtAaZz]*)")
_TRANSFORM = re.compile(r"(matrix|translate|scale|rotate)\s*\(([^)]*)\)")
_ARITY = {"M": 2, "L": 2, "H": 1, "V": 1, "C": 6, "S": 4, "Q": 4, "T": 2, "A": 7}
_STEPS = np.linspace(0, 1, 11)[1:, None]  # smooth at 500 pixels a side
_BERNSTEIN = {  # by number of control points
    3: np.hstack([(1 - _STEPS) ** 2, 2 * _STEPS * (1 - _STEPS), _STEPS**2]),
    4: np.hstack(
        [
            (1 - _STEPS) ** 3,
            3 * _STEPS * (1 - _STEPS) ** 2,
            3 * _STEPS**2 * (1 - _STEPS),
            _STEPS**3,
        ]
    ),
}
_NAMED = {"black": "#000000", "white": "#ffffff", "red": "#ff0000"}
_INHERITED = {"transform", "fill", "stroke", "stroke-width", "opacity", "fill-opacity"}
_SUBPIXEL = 4  # bits after the point in OpenCV's fixed-point coordinates


@dataclass(frozen=True, slots=True)
class Style:
    """What an element inherits: its place and its paint.

    Attributes
    ----------
    matrix : float64 array of shape (2, 3)
    fill, stroke : str
        "#rrggbb", "#rgb", a name or "none".
    stroke_width : float
        In units of the drawing.
    opacity : float
        From 0 to 1.
    """

    matrix: NDArray[np.float64]
    fill: str = "#000000"
    stroke: str = "none"
    stroke_width: float = 1.0
    opacity: float = 1.0

    def inherit(self, attributes: Mapping[str, str]) -> Self:
        """Return the style of an element inside this one."""
        if not _INHERITED & attributes.keys():
            return self
        fill = attributes.get("fill", self.fill)
        fill_opacity = float(attributes.get("fill-opacity", 1))
        if fill_opacity == 0:
            fill, fill_opacity = "none", 1.0
        return replace(
            self,
            matrix=self._placed(attributes.get("transform", "")),
            fill=fill,
            stroke=attributes.get("stroke", self.stroke),
            stroke_width=float(attributes.get("stroke-width", self.stroke_width)),
            opacity=self.opacity * float(attributes.get("opacity", 1)) * fill_opacity,
        )

    def _placed(self, transform: str) -> NDArray[np.float64]:
        if not transform:
            return self.matrix
        return self.matrix @ _square(read_transform(transform))


def draw_svg(file: Path, *, size: int = 256) -> Picture:
    """Draw a file on white.

    Parameters
    ----------
    file : Path
    size : int
        Pixels a side of the square picture.

    Returns
    -------
    uint8 array of shape (size, size, 3)
        Blue, green, red.
    """
    from xml.etree import ElementTree  # the package's own files, no foreign input

    import cv2

    root = ElementTree.parse(file).getroot()
    _, _, width, _ = _numbers(root.get("viewBox", "0 0 72 72"))
    canvas = np.full((2 * size, 2 * size, 3), 255, dtype=np.uint8)
    scale = 2 * size / width
    _draw_element(canvas, root, Style(np.array([[scale, 0, 0], [0, scale, 0.0]])))
    small = cv2.resize(canvas, (size, size), interpolation=cv2.INTER_AREA)
    return np.asarray(small, dtype=np.uint8)


def _draw_element(canvas: Picture, element: Element, parent: Style) -> None:
    tag = element.tag.rpartition("}")[2]
    if tag == "defs" or element.get("display") == "none":
        return
    style = parent.inherit(element.attrib)
    outlines = list(outline(tag, element.attrib))
    if outlines:
        _paint(canvas, outlines, style)
    for child in element:
        _draw_element(canvas, child, style)


def _paint(canvas: Picture, outlines: list[Points], style: Style) -> None:
    import cv2

    target = canvas if style.opacity > 0.99 else canvas.copy()
    placed = [line @ style.matrix[:, :2].T + style.matrix[:, 2] for line in outlines]
    fixed = [np.rint(line * 2**_SUBPIXEL).astype(np.int32) for line in placed]
    if style.fill != "none":
        cv2.fillPoly(target, fixed, _bgr(style.fill), cv2.LINE_AA, _SUBPIXEL)
    if style.stroke != "none" and style.stroke_width > 0:
        grown = abs(np.linalg.det(style.matrix[:, :2])) ** 0.5
        thick = max(1, round(style.stroke_width * grown))
        cv2.polylines(
            target, fixed, False, _bgr(style.stroke), thick, cv2.LINE_AA, _SUBPIXEL
        )
    if target is not canvas:
        share = style.opacity
        cv2.addWeighted(target, share, canvas, 1 - share, 0, dst=canvas)


def _bgr(color: str) -> tuple[int, int, int]:
    digits = _NAMED.get(color, color).lstrip("#")
    if len(digits) == 3:
        digits = "".join(2 * digit for digit in digits)
    red, green, blue = bytes.fromhex(digits)
    return blue, green, red


def _numbers(text: str) -> list[float]:
    return [float(number) for number in re.findall(_NUMBER, text)]


def _square(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.vstack([matrix, [0, 0, 1]])


def read_transform(text: str) -> NDArray[np.float64]:
    """Read a `transform` attribute as a matrix of shape (2, 3).

    >>> read_transform("translate(3 4) scale(2)")
    array([[2., 0., 3.],
           [0., 2., 4.]])
    """
    total = np.eye(3)
    for name, inside in _TRANSFORM.findall(text):
        total = total @ _square(_matrix(name, _numbers(inside)))
    return total[:2]


def _matrix(name: str, values: list[float]) -> NDArray[np.float64]:
    if name == "matrix":
        return np.array(values).reshape(3, 2).T
    if name == "translate":
        dx, dy = (*values, 0.0)[:2]
        return np.array([[1, 0, dx], [0, 1, dy]])
    if name == "scale":
        sx, sy = (*values, *values)[:2]
        return np.array([[sx, 0, 0], [0, sy, 0.0]])
    angle, cx, cy = (*values, 0.0, 0.0)[:3]
    cos, sin = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    return np.array(
        [[cos, -sin, cx - cos * cx + sin * cy], [sin, cos, cy - sin * cx - cos * cy]]
    )


def outline(tag: str, attributes: Mapping[str, str]) -> Iterator[Points]:
    """Yield the lines of a shape as points; a closed one ends where it starts.

    Parameters
    ----------
    tag : str
        "path", "circle", "ellipse", "rect", "line", "polyline" or "polygon"; any
        other has no outline.
    attributes : mapping of str to str
    """
    if tag == "path":
        yield from flatten_path(attributes.get("d", ""))
    elif tag in {"circle", "ellipse"}:
        yield _ellipse(attributes)
    elif tag == "rect":
        yield _rect(attributes)
    elif tag == "line":
        yield np.array(_named(attributes, "x1", "y1", "x2", "y2")).reshape(2, 2)
    elif tag in {"polyline", "polygon"}:
        points = np.array(_numbers(attributes["points"])).reshape(-1, 2)
        yield points if tag == "polyline" else np.vstack([points, points[:1]])


def _named(attributes: Mapping[str, str], *names: str) -> list[float]:
    return [float(attributes.get(name, 0)) for name in names]


def _ellipse(attributes: Mapping[str, str]) -> Points:
    cx, cy, r = _named(attributes, "cx", "cy", "r")
    rx, ry = float(attributes.get("rx", r)), float(attributes.get("ry", r))
    angle = np.linspace(0, 2 * np.pi, 73)
    return np.column_stack([cx + rx * np.cos(angle), cy + ry * np.sin(angle)])


def _rect(attributes: Mapping[str, str]) -> Points:
    x, y, width, height = _named(attributes, "x", "y", "width", "height")
    rx = float(attributes.get("rx", attributes.get("ry", 0)))
    ry = float(attributes.get("ry", rx))
    angle = np.linspace(0, np.pi / 2, 7 if rx else 1)
    corner = np.column_stack([rx - rx * np.cos(angle), ry - ry * np.sin(angle)])
    far = np.array([width, height])
    turned = [
        corner,
        (corner * [-1, 1] + [width, 0])[::-1],
        far - corner,
        (corner * [1, -1] + [0, height])[::-1],
    ]
    points = np.vstack([*turned, corner[:1]])
    return np.asarray(points + np.array([x, y]), dtype=np.float64)


def flatten_path(text: str) -> list[Points]:
    """Turn each subpath of a `d` attribute into points.

    >>> [line.tolist() for line in flatten_path("M0 0h2v1z")]
    [[[0.0, 0.0], [2.0, 0.0], [2.0, 1.0], [0.0, 0.0]]]
    """
    pen = _Pen()
    for letter, values in iter_segments(text):
        pen.draw(letter, values)
    return [
        np.column_stack([np.real(line), np.imag(line)])
        for line in pen.lines
        if len(line) > 1
    ]


def iter_segments(text: str) -> Iterator[tuple[str, list[float]]]:
    """Yield the commands of a path one at a time, each with its numbers.

    >>> list(iter_segments("m1,2 3,4-5-6z"))
    [('m', [1.0, 2.0]), ('l', [3.0, 4.0]), ('l', [-5.0, -6.0]), ('z', [])]
    """
    for letter, inside in _COMMAND.findall(text):
        arity = _ARITY.get(letter.upper())
        if arity is None:
            yield letter, []
            continue
        values = _arc_numbers(inside) if letter in "Aa" else _numbers(inside)
        for start in range(0, len(values), arity):
            yield letter, values[start : start + arity]
            letter = {"M": "L", "m": "l"}.get(letter, letter)


def _arc_numbers(text: str) -> list[float]:
    """Read arcs, whose two flags may stand without a space before the next number."""
    return [float(number) for arc in _ARC.findall(text) for number in arc]


class _Pen:
    """Follows the commands of a path; points are complex numbers, x + iy."""

    def __init__(self) -> None:
        self.lines: list[list[complex]] = []
        self.at = self.start = self.control = 0j
        self.last = ""

    def draw(self, letter: str, values: list[float]) -> None:
        """Follow one command."""
        origin = self.at if letter.islower() else 0j
        command = letter.upper()
        match command:
            case "M":
                self.at = self.start = origin + complex(*values)
                self.lines.append([self.at])
            case "Z":
                self._go([self.start])
                self.lines.append([self.start])
            case "H":
                self._go([complex(origin.real + values[0], self.at.imag)])
            case "V":
                self._go([complex(self.at.real, origin.imag + values[0])])
            case "A":
                self._go(arc_points(self.at, values, origin + complex(*values[5:])))
            case _:
                self._curve(command, [origin + point for point in _pairs(values)])
        self.last = command

    def _curve(self, command: str, points: list[complex]) -> None:
        """Follow a line or a Bezier curve; S and T mirror the last control point."""
        if command in "ST":
            smooth = self.last in {"S": "SC", "T": "TQ"}[command]
            points.insert(0, 2 * self.at - self.control if smooth else self.at)
        if command != "L":
            self.control = points[-2]
        self._go(bezier_points([self.at, *points]))

    def _go(self, points: Sequence[complex]) -> None:
        self.lines[-1].extend(points)
        self.at = points[-1]


def _pairs(values: list[float]) -> list[complex]:
    return [complex(x, y) for x, y in zip(values[::2], values[1::2], strict=True)]


def bezier_points(controls: Sequence[complex]) -> list[complex]:
    """Return points along a line or a Bezier curve, without its start.

    >>> bezier_points([0j, 3 + 4j])
    [(3+4j)]
    """
    if len(controls) == 2:
        return [controls[1]]
    points: list[complex] = (_BERNSTEIN[len(controls)] @ np.array(controls)).tolist()
    return points


def arc_points(start: complex, values: Sequence[float], end: complex) -> list[complex]:
    """Return points along an elliptical arc, without its start.

    Parameters
    ----------
    start, end : complex
    values : sequence of float
        rx, ry, rotation in degrees, large-arc flag, sweep flag; more is ignored.

    References
    ----------
    SVG 1.1, appendix F.6.5: from endpoints to centre.
    """
    rx, ry, degrees, large, sweep = values[:5]
    if not (rx and ry) or start == end:
        return [end]
    turn = np.exp(1j * np.radians(degrees))
    half = (start - end) / 2 / turn
    x, y = half.real / abs(rx), half.imag / abs(ry)  # on the unit circle
    grow = max(1.0, np.hypot(x, y))
    x, y, rx, ry = x / grow, y / grow, abs(rx) * grow, abs(ry) * grow
    square = x * x + y * y
    far = np.sqrt(max(0.0, (1 - square) / square)) * (-1 if large == sweep else 1)
    centre = complex(far * y, -far * x)
    first, last = np.angle(complex(x, y) - centre), np.angle(complex(-x, -y) - centre)
    sweep_angle = (last - first) % (2 * np.pi) - (0 if sweep else 2 * np.pi)
    steps = np.linspace(0, 1, 2 + int(abs(sweep_angle) * 8))[1:]
    unit = np.exp(1j * (first + sweep_angle * steps)) + centre
    middle = (start + end) / 2
    points = middle + turn * (rx * unit.real + 1j * ry * unit.imag)
    return [*points[:-1], end]


def write_png(source: Path, target: Path, *, size: int) -> None:
    """Draw an SVG file into a PNG file.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    import cv2

    done, content = cv2.imencode(".png", draw_svg(source, size=size))
    if not done:
        message = f"{target}: OpenCV could not encode the picture"
        raise OSError(message)
    target.write_bytes(content.tobytes())
