"""Drawing the few SVG shapes that OpenMoji uses."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from rakuten_bench.data.svg import (
    arc_points,
    bezier_points,
    draw_svg,
    flatten_path,
    outline,
    read_transform,
    write_png,
)

RED, BLUE, BLACK, WHITE = [0, 0, 255], [255, 0, 0], [0, 0, 0], [255, 255, 255]


def draw(folder: Path, inside: str, size: int = 72) -> np.ndarray:
    file = folder / "shape.svg"
    file.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 72 72">{inside}</svg>'
    )
    return draw_svg(file, size=size)


def test_the_picture_has_the_size_asked_for_on_white(tmp_path: Path):
    picture = draw(tmp_path, "", size=100)

    assert picture.shape == (100, 100, 3)
    assert (picture == 255).all()


@pytest.mark.parametrize(
    "shape",
    [
        '<rect x="20" y="20" width="32" height="32" fill="#ff0000"/>',
        '<rect x="20" y="20" width="32" height="32" rx="4" fill="red"/>',
        '<circle cx="36" cy="36" r="16" fill="#f00"/>',
        '<ellipse cx="36" cy="36" rx="16" ry="12" fill="#f00"/>',
        '<polygon points="20,20 52,20 52,52 20,52" fill="#f00"/>',
        '<polyline points="20 20 52 20 52 52 20 52" fill="#f00"/>',
        '<path d="M20 20h32v32H20z" fill="#f00"/>',
        '<path d="m20,20 32,0 0,32-32,0z" fill="#f00"/>',
        '<g fill="#f00"><path d="M20 20L52 20 52 52 20 52"/></g>',
        '<g transform="translate(20 20)"><rect width="32" height="32" fill="#f00"/></g>',
        '<rect x="10" y="10" width="16" height="16" transform="scale(2)" fill="#f00"/>',
    ],
)
def test_a_shape_is_filled_inside_and_not_outside(tmp_path: Path, shape: str):
    picture = draw(tmp_path, shape)

    assert picture[36, 36].tolist() == RED
    assert picture[10, 10].tolist() == picture[36, 60].tolist() == WHITE


def test_a_shape_without_fill_is_black_and_with_none_only_its_line(tmp_path: Path):
    square = 'x="20" y="20" width="32" height="32"'

    assert draw(tmp_path, f"<rect {square}/>")[36, 36].tolist() == BLACK
    lines = draw(
        tmp_path, f'<rect {square} fill="none" stroke="#00f" stroke-width="4"/>'
    )
    assert lines[36, 36].tolist() == WHITE
    assert lines[20, 36].tolist() == BLUE


def test_lines_have_the_given_width_at_any_size(tmp_path: Path):
    line = '<line x1="10" y1="36" x2="60" y2="36" stroke="#000" stroke-width="4"/>'

    picture = draw(tmp_path, line, size=144)

    dark = (picture[:, 70] < 128).all(axis=1).sum()
    assert 7 <= dark <= 9


def test_hidden_and_only_defined_elements_are_not_drawn(tmp_path: Path):
    square = '<rect width="72" height="72"/>'

    picture = draw(tmp_path, f'<g display="none">{square}</g><defs>{square}</defs>')

    assert (picture == 255).all()


def test_opacity_mixes_with_what_is_below(tmp_path: Path):
    picture = draw(tmp_path, '<rect width="72" height="72" fill="#000" opacity="0.5"/>')

    assert abs(int(picture[36, 36, 0]) - 128) <= 1


def test_a_fill_that_is_transparent_leaves_the_line(tmp_path: Path):
    circle = '<circle cx="36" cy="36" r="20" fill-opacity="0" stroke="#000"/>'

    picture = draw(tmp_path, circle)

    assert picture[36, 36].tolist() == WHITE
    assert picture[36, 16].max() < 200


def test_holes_stay_open(tmp_path: Path):
    ring = '<path fill-rule="evenodd" d="M10 10h52v52H10zM30 30h12v12H30z"/>'

    picture = draw(tmp_path, ring)

    assert picture[20, 20].tolist() == BLACK
    assert picture[36, 36].tolist() == WHITE


def test_curves_go_through_their_ends_and_middle():
    points = bezier_points([0j, 0 + 4j, 4 + 4j, 4 + 0j])

    assert points[-1] == 4
    assert any(abs(point - (2 + 3j)) < 1e-9 for point in points)


def test_smooth_curves_mirror_the_control_point():
    [smooth] = flatten_path("M0 0C0 4 4 4 4 0S8-4 8 0")
    [spelled] = flatten_path("M0 0C0 4 4 4 4 0C4-4 8-4 8 0")

    np.testing.assert_allclose(smooth, spelled)


def test_smooth_quadratic_curves_mirror_too():
    [smooth] = flatten_path("M0 0Q2 4 4 0T8 0")
    [spelled] = flatten_path("M0 0Q2 4 4 0Q6-4 8 0")

    np.testing.assert_allclose(smooth, spelled)


@pytest.mark.parametrize(("large", "sweep"), [(0, 0), (0, 1), (1, 0), (1, 1)])
def test_arcs_keep_their_radius_and_direction(large: int, sweep: int):
    points = np.array(arc_points(0j, [5, 5, 0, large, sweep], 6 + 0j))

    distances = [np.abs(points - (3 + side * 4j)) for side in (-1, 1)]
    assert min(np.abs(d - 5).max() for d in distances) < 1e-9
    assert points[-1] == 6
    length = np.abs(np.diff(np.concatenate([[0j], points]))).sum()
    assert (length > np.pi * 5) == bool(large)
    assert (points[0].imag < 0) == bool(sweep)


def test_an_arc_that_cannot_reach_is_made_larger():
    points = np.array(arc_points(0j, [1, 1, 0, 0, 1], 6 + 0j))

    assert np.abs(np.abs(points - 3) - 3).max() < 1e-9


def test_arc_flags_may_stand_without_spaces():
    [packed] = flatten_path("M0 0a5 5 0 016 0")
    [spaced] = flatten_path("M0 0a5 5 0 0 1 6 0")

    np.testing.assert_allclose(packed, spaced)


def test_rotation_turns_about_the_point_given():
    matrix = read_transform("rotate(90 10 10)")

    np.testing.assert_allclose(matrix @ [20, 10, 1], [10, 20])


def test_an_element_that_is_not_a_shape_has_no_outline():
    assert list(outline("g", {})) == []


def test_a_png_reads_back_as_drawn(tmp_path: Path):
    picture = draw(tmp_path, '<circle cx="36" cy="36" r="16" fill="#1b8c4f"/>', size=64)

    write_png(tmp_path / "shape.svg", tmp_path / "shape.png", size=64)

    assert (cv2.imread(str(tmp_path / "shape.png")) == picture).all()
