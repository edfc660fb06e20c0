"""Draws curves as an SVG picture: one panel a curve, input to the right, cost upwards, both from zero or one on."""

import math

WIDTH, HEIGHT, COLUMNS = 260, 150, 3
LEFT, RIGHT, TOP, BOTTOM = 44, 12, 28, 26


def escaped(text):
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def short(value):
    return f"{value / 1000:g}k" if value >= 1000 else f"{value:g}"


def panel(name, points):
    """Inputs stand in powers of ten when they cover more than that, since most curves do."""
    values = [value for value, _ in points]
    most = max(cost for _, cost in points) * 1.1 or 1
    is_logarithmic = max(values) > 10 * max(1, min(values))

    def place(value):
        return math.log10(value + 1) if is_logarithmic else value

    first, last = place(min(values)), place(max(values))

    def x(value):
        return LEFT + (WIDTH - LEFT - RIGHT) * (place(value) - first) / ((last - first) or 1)

    def y(cost):
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * cost / most

    floor = HEIGHT - BOTTOM
    parts = [
        f'<text x="{LEFT}" y="16" font-weight="bold">{escaped(name)}</text>',
        f'<path d="M{LEFT} {TOP}V{floor}H{WIDTH - RIGHT}" fill="none" stroke="#999"/>',
    ]
    step = 10 ** math.floor(math.log10(most / 2))
    step *= max(1, math.floor(most / 2 / step))
    for mark in (step, 2 * step):
        if mark < most:
            parts.append(
                f'<path d="M{LEFT} {y(mark):.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>'
                f'<text x="{LEFT - 4}" y="{y(mark) + 4:.1f}" text-anchor="end">{short(mark)}</text>'
            )
    line = " ".join(f"{x(value):.1f},{y(cost):.1f}" for value, cost in points)
    parts.append(f'<polyline points="{line}" fill="none" stroke="#1f6feb" stroke-width="2"/>')
    for value, cost in points:
        parts.append(
            f'<circle cx="{x(value):.1f}" cy="{y(cost):.1f}" r="3" fill="#1f6feb"><title>{value:,}: {cost:.1f} us'
            f'</title></circle><text x="{x(value):.1f}" y="{floor + 16}" text-anchor="middle">{short(value)}</text>'
        )
    return "".join(parts)


def draw(curves):
    """The picture of all curves, which are lists of (input, microseconds) by name."""
    rows = -(-len(curves) // COLUMNS)
    panels = []
    for index, (name, points) in enumerate(curves.items()):
        left, top = index % COLUMNS * WIDTH, index // COLUMNS * HEIGHT
        panels.append(f'<g transform="translate({left} {top})">{panel(name, points)}</g>')
    width, height = COLUMNS * WIDTH, rows * HEIGHT + 20
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        'font-family="sans-serif" font-size="10" fill="#333">\n'
        f'<rect width="{width}" height="{height}" fill="#fff"/>\n'
        + "\n".join(panels)
        + f'\n<text x="{LEFT}" y="{height - 6}">microseconds of CPU a review, without a cache</text>\n</svg>\n'
    )
