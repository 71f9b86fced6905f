# SPDX-License-Identifier: MIT
"""The report's figures, each drawn once: as SVG that follows the page's colours, and as files."""
import io
import math
import re

import matplotlib

matplotlib.use("Agg")

from matplotlib import pyplot
from matplotlib.lines import Line2D
from matplotlib.ticker import AutoLocator, FixedFormatter, FixedLocator, FuncFormatter, LogLocator, NullLocator

from report_data import UNBOUNDED, Knee, Shape, shape_name

# Every role has a colour of its own on paper, by which it is found again in an SVG.
ROLES = {
    "ink": ("#1f2328", "#e6e8eb"), "muted": ("#5f6770", "#a3abb5"), "grid": ("#e2e5e9", "#363c44"),
    "paper": ("#ffffff", "#16191d"),
    # After M. Okabe and K. Ito, darkened where thin lines on white need it.
    "own0": ("#0072b2", "#5cb6f2"), "own1": ("#d55e00", "#ff9650"), "own2": ("#00916a", "#35d0a2"),
    "own3": ("#b0508c", "#ec9fd0"), "own4": ("#8a6a00", "#e3c53c"), "own5": ("#4b3f9e", "#a79bff"),
    "other0": ("#353b42", "#d5dade"), "other1": ("#6a727b", "#aab2ba"),
    "other2": ("#828a93", "#8a939d"), "other3": ("#7a5c3e", "#c9a37c"),
}
OURS = ("spsc", "mpmc")
MARKERS = "osD^vPX<>ph*"
DASHES = ["--", ":", "-.", (0, (5, 1, 1, 1, 1, 1))]
USUAL = [Shape("spsc", 1, 1), Shape("mpmc", 1, 1), Shape("mpmc", 2, 2), Shape("mpmc", 4, 4)]
MANY = 12                     # panels that one figure has room for

matplotlib.rcParams.update({
    "figure.constrained_layout.w_pad": 0.08, "figure.constrained_layout.h_pad": 0.06,
    "text.parse_math": False, "font.family": "sans-serif", "font.size": 9, "svg.fonttype": "none",
    "axes.spines.top": False, "axes.spines.right": False, "axes.titlesize": 9.5,
    "axes.edgecolor": ROLES["muted"][0], "axes.labelcolor": ROLES["ink"][0],
    "axes.titlecolor": ROLES["ink"][0], "text.color": ROLES["ink"][0],
    "xtick.color": ROLES["muted"][0], "ytick.color": ROLES["muted"][0],
    "grid.color": ROLES["grid"][0], "grid.linewidth": 0.7, "axes.grid": True,
    "axes.axisbelow": True, "legend.frameon": False, "lines.linewidth": 1.6,
    "lines.markersize": 4, "figure.facecolor": "none", "axes.facecolor": "none",
})


def ink(role):
    return ROLES[role][0]


class Look:
    """How one shape is drawn, the same in every figure: our rings coloured, the others grey."""

    def __init__(self, shape, own, other):
        ours = self.ours = shape.queue in OURS
        self.color = ink(f"own{own % 6}" if ours else f"other{other % 4}")
        self.marker = MARKERS[own % len(MARKERS)] if ours else MARKERS[-1 - other % len(MARKERS)]
        self.dash = "-" if ours and own < 6 else DASHES[other % len(DASHES)]
        self.size = 4.5 if ours else 5.5


def looks_of(shapes):
    """Those of the usual sweep look the same in every report."""
    own = USUAL + [s for s in shapes if s.queue in OURS and s not in USUAL]
    other = [s for s in shapes if s.queue not in OURS]
    return {s: Look(s, own.index(s) if s in own else 0, other.index(s) if s in other else 0)
            for s in shapes}


# ---- Axes -----------------------------------------------------------------------------

ZERO, BEYOND = -1.3, 3.2      # where 0 and "no bounds" stand beside the powers of two
FEW = 4                       # capacities that all get a tick


def place(capacity, largest):
    """A logarithmic axis with room for 0 at its left and for an unbounded queue at its right."""
    if capacity == UNBOUNDED:
        return math.log2(max(largest, 1)) + BEYOND
    return math.log2(capacity) if capacity > 0 else ZERO


def capacity_axis(axes, curves, every, hand_off=True):
    capacities = {p.capacity for c in curves for p in c.points if hand_off or p.capacity}
    bounded = [c for c in capacities if c > 0]
    largest = max(bounded, default=1)
    first, last = math.floor(math.log2(min(bounded, default=1))), math.ceil(math.log2(largest))
    # Both ends of the usual sweep, 1 and 65536, are whole steps.
    ticks = [(float(i), str(2 ** i)) for i in range(first, last + 1) if i % every == 0]
    if len(bounded) <= FEW:
        ticks = [(place(c, largest), str(c)) for c in bounded]
    breaks = []
    if 0 in capacities:
        ticks.append((ZERO, "0"))
        breaks.append(ZERO / 2)
    if UNBOUNDED in capacities:
        ticks.append((place(UNBOUNDED, largest), "∞"))
        breaks.append(math.log2(largest) + BEYOND / 2)
    ticks.sort()
    axes.xaxis.set_major_locator(FixedLocator([at for at, _ in ticks]))
    axes.xaxis.set_major_formatter(FixedFormatter([text for _, text in ticks]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlim((ZERO if 0 in capacities else first) - 0.5,
                  (place(UNBOUNDED, largest) if UNBOUNDED in capacities else last) + 0.5)
    for at in breaks:
        axes.plot([at - 0.09, at + 0.09], [0, 0], transform=axes.get_xaxis_transform(), marker=[(-1, -2), (1, 2)],
                  markersize=7, linestyle="none", color=ink("muted"), clip_on=False, zorder=9)
    return largest


def number_text(value, units):
    for size, unit in units:
        if abs(value) >= size * 0.9995:
            return f"{value / size:.3g} {unit}"
    return f"{value / units[-1][0]:.3g} {units[-1][1]}"


def time_text(ns, _=None):
    return number_text(ns, [(1e9, "s"), (1e6, "ms"), (1e3, "µs"), (1, "ns")])


def rate_text(rate, _=None):
    return number_text(rate, [(1e9, "G/s"), (1e6, "M/s"), (1e3, "k/s"), (1, "/s")])


def log_axis(axes, formatter):
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(10, numticks=12))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(formatter))


def share_axis(axes):
    axes.set_ylim(-0.03, 1.03)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{share * 100:.0f} %"))


def depth_height(depth):
    """Items, logarithmic from 1 up and linear down to the 0 that a log axis has not."""
    return math.log2(depth) if depth >= 1 else depth - 1


def depth_axis(axes, largest):
    marks = [0] + [4 ** i for i in range(0, 20) if 4 ** i <= largest][::2 if largest > 5000 else 1]
    axes.yaxis.set_major_locator(FixedLocator([depth_height(m) for m in marks]))
    axes.yaxis.set_major_formatter(FixedFormatter([str(m) for m in marks]))
    axes.set_ylim(-1.3, depth_height(largest) + 0.6)


# ---- Lines ----------------------------------------------------------------------------

def draw(axes, curve, look, value, largest, dash="-", size=4, width=1.6, alpha=1):
    """One figure of a curve; 0 and "no bounds" are not joined to the rest: nothing lies between."""
    kept = [(place(p.capacity, largest), value(p), p) for p in curve.points]
    kept = [(x, y, p) for x, y, p in kept if y is not None]
    line = [(x, y) for x, y, p in kept if p.capacity > 0]
    axes.plot([x for x, _ in line], [y for _, y in line], color=look.color, linestyle=dash,
              linewidth=width, alpha=alpha, zorder=3)
    if not size:
        lone = [(x, y) for x, y, p in kept if p.capacity <= 0]
        axes.plot([x for x, _ in lone], [y for _, y in lone], linestyle="none", marker="_",
                  markersize=8, color=look.color, zorder=3)
        return kept
    for valid in (True, False):
        some = [(x, y) for x, y, p in kept if p.valid == valid]
        axes.plot([x for x, _ in some], [y for _, y in some], linestyle="none", marker=look.marker,
                  markersize=size, color=look.color, alpha=alpha, zorder=4,
                  markerfacecolor=look.color if valid else ink("paper"))
    return kept


def band(axes, curve, look, spread, largest, alpha=0.15):
    """Between two values of each point."""
    kept = [(place(p.capacity, largest), spread(p)) for p in curve.points if p.capacity > 0]
    kept = [(x, s) for x, s in kept if s is not None]
    axes.fill_between([x for x, _ in kept], [s[0] for _, s in kept], [s[1] for _, s in kept],
                      color=look.color, alpha=alpha, linewidth=0, zorder=2)


def apart(heights, least):
    """Heights moved as little as needed to stand `least` apart, in their order."""
    order = sorted(range(len(heights)), key=lambda i: heights[i])
    placed = [heights[i] for i in order]
    for _ in range(200):
        moved = False
        for i in range(1, len(placed)):
            short = least - (placed[i] - placed[i - 1])
            if short > 1e-6:
                placed[i - 1] -= short / 2
                placed[i] += short / 2
                moved = True
        if not moved:
            break
    result = [0.0] * len(heights)
    for at, i in enumerate(order):
        result[i] = placed[at]
    return result


def name_ends(figure, axes, ends):
    """Write each curve's name at the right, tied to its last point by a thin line."""
    figure.canvas.draw()
    to_share = axes.transAxes.inverted()
    spots = [to_share.transform(axes.transData.transform((x, y))) for x, y, _, _ in ends]
    height = axes.get_window_extent().height
    heights = apart([y for _, y in spots], 9 * 1.35 * figure.dpi / 72 / height)
    for (x, y), level, (_, _, text, look) in zip(spots, heights, ends):
        axes.plot([x + 0.008, 1.015], [y, level], transform=axes.transAxes, color=look.color,
                  linewidth=0.6, linestyle=look.dash, clip_on=False, alpha=0.7)
        axes.text(1.02, level, text, transform=axes.transAxes, color=look.color, va="center")


# ---- Figures --------------------------------------------------------------------------

def capacity_label(curves, hand_off=True):
    """Says only what is there."""
    capacities = {p.capacity for c in curves for p in c.points}
    words = ["log scale"] + ["0: hand-off"] * (hand_off and 0 in capacities) + ["∞: unbounded"] * (
        UNBOUNDED in capacities)
    return f"capacity in items ({'; '.join(words)})"


def throughput(curves, looks):
    figure, axes = pyplot.subplots(figsize=(9.5, 5), layout="constrained")
    log_axis(axes, rate_text)
    largest = capacity_axis(axes, curves, 2)
    ends = []
    for curve in curves:
        look = looks[curve.shape]
        kept = draw(axes, curve, look, lambda p: p.rate, largest, dash=look.dash,
                    size=look.size, width=2 if look.ours else 1.2)
        if look.ours:
            band(axes, curve, look, lambda p: p.spread("items_per_second")[1:], largest)
        if kept:
            ends.append((*kept[-1][:2], shape_name(curve.shape), look))
        knee = Knee.of(curve) if look.ours else None
        if knee:
            axes.plot(place(knee.at.capacity, largest), knee.at.rate, marker="o", markersize=13,
                      markerfacecolor="none", markeredgecolor=look.color, linestyle="none")
    axes.set_xlabel(capacity_label(curves))
    axes.set_ylabel("items per second (log scale)")
    axes.set_title("Throughput: medians; shaded: least to most; ringed: the knee", loc="left")
    name_ends(figure, axes, ends)
    return figure


def columns_for(count):
    return 1 if count == 1 else 2 if count in (2, 4) else 3


class Panels:
    """One panel for each shape, all on the same axes."""

    def __init__(self, curves, looks, title, label, hand_off=True):
        self.curves = [c for c in curves if len(c.points) > 1][:MANY] or curves[:1]
        self.looks = looks
        columns = columns_for(len(self.curves))
        rows = math.ceil(len(self.curves) / columns)
        self.figure, grid = pyplot.subplots(
            rows, columns, figsize=(9.5, 0.8 + 2.3 * rows), sharex=True, sharey=True,
            squeeze=False, layout="constrained")
        self.axes = list(grid.flat)
        for spare in self.axes[len(self.curves):]:
            spare.set_visible(False)
        # What hides below a spare panel shows its own axis.
        for i in range(len(self.curves), len(self.axes)):
            self.axes[i - columns].xaxis.set_tick_params(labelbottom=True)
        self.largest = max(capacity_axis(a, self.curves, 2 if columns < 3 else 4, hand_off)
                           for a in self.axes[:len(self.curves)])
        self.figure.suptitle(title, x=0.01, ha="left", fontsize=9.5)
        self.figure.supxlabel(capacity_label(self.curves, hand_off), fontsize=9)
        self.figure.supylabel(label, fontsize=9)
        for axes, curve in self:
            axes.set_title(shape_name(curve.shape), loc="left", color=looks[curve.shape].color,
                           fontweight="bold")

    def __iter__(self):
        return zip(self.axes, self.curves)

    def line(self, value, dash="-", **how):
        for axes, curve in self:
            draw(axes, curve, self.looks[curve.shape], value, self.largest, dash, **how)

    def band(self, spread, **how):
        for axes, curve in self:
            band(axes, curve, self.looks[curve.shape], spread, self.largest, **how)

    def legend(self, *entries):
        handles = [Line2D([], [], color=ink("muted"), linestyle=dash, marker=marker, markersize=4,
                          label=text) for text, dash, marker in entries]
        self.figure.legend(handles=handles, loc="upper right", ncol=len(handles), fontsize=8.5,
                           bbox_to_anchor=(1, 1.0), borderaxespad=0.1, handlelength=2.6)


def models(curves, looks):
    """Measured beside min(Xmax, C / R), R being the line's round trip or capacity 1's hand-over."""
    knees = [(c, Knee.of(c)) for c in curves]
    knees = [(c, k) for c, k in knees if k]
    if not knees:
        return None
    panels = Panels([c for c, _ in knees], looks, "The knee and the model", "items per second (log scale)")
    log_axis(panels.axes[0], rate_text)
    panels.line(lambda p: p.rate)
    for axes, (curve, knee) in zip(panels.axes, knees):
        measured = [p.capacity for p in curve.bounded if p.capacity > 0]
        for round_trip, dash in ((knee.line_ns, "--"), (knee.hand_over_ns, ":")):
            if round_trip:
                axes.plot([place(c, 0) for c in measured],
                          [knee.model(round_trip, c) for c in measured], color=ink("muted"),
                          linestyle=dash, linewidth=1.3, zorder=2.5)
        at = place(knee.at.capacity, panels.largest)
        axes.axvline(at, color=looks[curve.shape].color, linewidth=0.9, alpha=0.6)
        right = at < math.log2(panels.largest) * 0.6
        axes.annotate(f"knee {knee.at.capacity}", (at, 0.03), xycoords=axes.get_xaxis_transform(),
                      xytext=(4 if right else -4, 0), textcoords="offset points",
                      ha="left" if right else "right", color=looks[curve.shape].color)
    panels.legend(("measured", "-", "o"), ("model, line round trip", "--", ""),
                  ("model, hand-over at capacity 1", ":", ""))
    return panels.figure


def depth_of(counter):
    def height(point):
        depth = point.median(counter) if point.has_depth else None
        return None if depth is None else depth_height(depth)
    return height


def depth(curves, looks):
    deep = [c for c in curves if any(p.has_depth for p in c.points)]
    if not deep:
        return None
    panels = Panels(deep, looks, "Queue depth", "items in the queue (log scale)", hand_off=False)
    # Only an unbounded queue is deeper than the largest capacity.
    depth_axis(panels.axes[0], max([panels.largest] + [p.median("depth_max") for c in panels.curves
                                                       for p in c.points if p.has_depth]))
    for axes, curve in panels:
        some = [place(p.capacity, panels.largest) for p in curve.bounded if p.capacity > 0]
        axes.plot(some, some, color=ink("muted"), linewidth=0.9, zorder=1)
    heights = {name: depth_of(f"depth_{name}") for name in ("p50", "p90", "p99", "max")}
    panels.band(lambda p: None if heights["p99"](p) is None else (heights["p50"](p), heights["p99"](p)))
    panels.line(heights["max"], dash=":", size=0, width=1)
    panels.line(heights["p99"], dash="-.", size=0, width=1.1)
    panels.line(heights["p90"], dash="--", size=0, width=1.3)
    panels.line(heights["p50"])
    panels.legend(("full", (0, (1, 0)), ""), ("max", ":", ""), ("p99", "-.", ""), ("p90", "--", ""),
                  ("p50", "-", "o"))
    return panels.figure


def of_depth(counter, factor=1.0):
    return lambda p: p.median(counter) * factor if p.has_depth and p.median(counter) is not None else None


def fullness(curves, looks):
    bounded = [c for c in curves if any(p.has_depth for p in c.bounded)]
    if not bounded:
        return None
    panels = Panels(bounded, looks, "Time full, time empty", "share of the time", hand_off=False)
    share_axis(panels.axes[0])
    panels.line(of_depth("time_empty"), dash="--", size=0)
    panels.line(of_depth("time_full"))
    panels.legend(("full", "-", "o"), ("empty", "--", ""))
    return panels.figure


def positive(value):
    return lambda p: value(p) if value(p) and value(p) > 0 else None


def wait(curves, looks):
    waiting = [c for c in curves if any(p.has_depth and p.median("wait_mean_ns") for p in c.points)]
    if not waiting:
        return None
    panels = Panels(waiting, looks, "Time an item spends in the queue", "time (log scale)",
                    hand_off=False)
    log_axis(panels.axes[0], time_text)
    panels.line(positive(of_depth("wait_p99_ns")), dash="-.", size=0, width=1.1)
    panels.line(positive(of_depth("wait_p50_ns")), dash="--", size=0, width=1.2)
    panels.line(positive(of_depth("wait_mean_ns")))
    panels.legend(("p99", "-.", ""), ("mean", "-", "o"), ("p50", "--", ""))
    return panels.figure


def cpu(curves, looks):
    """A CPU second per million items is a microsecond per item."""
    panels = Panels(curves, looks, "CPU time per item", "CPU time (log scale)")
    log_axis(panels.axes[0], time_text)
    panels.line(positive(lambda p: (p.median("pull_cpu_s_per_million") or 0) * 1e3), dash="--", size=0)
    panels.line(positive(lambda p: (p.median("push_cpu_s_per_million") or 0) * 1e3))
    panels.legend(("push side", "-", "o"), ("pull side", "--", ""))
    return panels.figure


def settings(groups, looks):
    """Other regimes and placements: a column each; `groups` are (title, curves)."""
    rows = [("items per second", lambda p: p.rate, rate_text),
            ("mean depth,\nshare of capacity",
             lambda p: p.median("depth_mean") / p.capacity if p.has_depth and p.capacity > 0 else None, None),
            ("mean time in queue", positive(of_depth("wait_mean_ns")), time_text)]
    figure, grid = pyplot.subplots(len(rows), len(groups), figsize=(9.5, 7), sharex="col",
                                   sharey="row", squeeze=False, layout="constrained")
    everything = [c for _, curves in groups for c in curves]
    for column, (title, curves) in enumerate(groups):
        for (label, value, formatter), axes in zip(rows, grid[:, column]):
            if formatter:
                log_axis(axes, formatter)
            else:
                share_axis(axes)
            largest = capacity_axis(axes, curves, 4 if len(groups) < 4 else 8)
            for curve in curves:
                look = looks[curve.shape]
                draw(axes, curve, look, value, largest, look.dash, **(
                    {"size": look.size} if len(curve.points) <= FEW else {"size": look.size - 2, "width": 1.1}))
            if not column:
                axes.set_ylabel(label)
        grid[0, column].set_title(title, loc="left", fontweight="bold")
        grid[-1, column].xaxis.set_tick_params(labelsize=8)
    shapes = dict.fromkeys(c.shape for c in everything)
    handles = [Line2D([], [], color=looks[s].color, linestyle=looks[s].dash, marker=looks[s].marker,
                      label=shape_name(s)) for s in shapes]
    # The empty lines are the legend's.
    columns = min(len(handles), 7)
    figure.suptitle("Regimes and placements" + "\n" * math.ceil(len(handles) / columns), x=0.01, ha="left",
                    fontsize=9.5)
    figure.legend(handles=handles, loc="upper left", ncol=columns, fontsize=8.5,
                  bbox_to_anchor=(0, 0.975), borderaxespad=0)
    figure.supxlabel(capacity_label(everything), fontsize=9)
    return figure


# ---- Files ----------------------------------------------------------------------------

def tick_short(axes):
    """A log axis of less than two decades needs more ticks than their bounds."""
    low, high = axes.get_ylim()
    if axes.get_yscale() == "log" and high < low * 40:
        axes.yaxis.set_major_locator(LogLocator(10, (1, 2, 5)) if high > low * 4 else AutoLocator())


def as_files(figure, name):
    """The figure in light colours, as SVG and PNG: names and bytes."""
    made = {}
    for axes in figure.axes:
        tick_short(axes)
    for kind, how in (("svg", {"metadata": {"Date": None, "Creator": None}}), ("png", {"dpi": 160})):
        out = io.BytesIO()
        with matplotlib.rc_context({"svg.hashsalt": name}):
            figure.savefig(out, format=kind, facecolor=ink("paper"), **how)
        made[f"{name}.{kind}"] = out.getvalue()
    return made


def inline(svg, name, text):
    """The same SVG within a page: the page's colours, ids of its own, a text for who cannot see it."""
    svg = svg.decode("utf-8")
    svg = svg[svg.index("<svg"):]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.S)
    svg = re.sub(r'<svg ([^>]*?)width="[^"]*"', r'<svg \1', svg, count=1)
    svg = re.sub(r'<svg ([^>]*?)height="[^"]*"', r'<svg \1', svg, count=1)
    svg = re.sub(r'\bid="', f'id="{name}-', svg)
    svg = re.sub(r'(url\(|href=")#', rf"\1#{name}-", svg)
    for role, (light, _) in ROLES.items():
        svg = svg.replace(light, f"var(--{role})")
    return svg.replace("<svg ", f'<svg role="img" aria-label="{text}" ', 1)


def colours(dark):
    return " ".join(f"--{role}: {pair[dark]};" for role, pair in ROLES.items())
