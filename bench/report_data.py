# SPDX-License-Identifier: MIT
"""Read results of pushpull-bench and answer from them: medians, knees, warnings."""
import collections
import json
import math
import statistics

MEASURED = ("sweep", "latency", "idle", "limits", "goals", "compare", "select")
SHARE_OF_PEAK = 0.95          # the knee: the smallest capacity that reaches it
NOISY_OTHERS, NOISY_STEAL = 0.02, 0.005
DISTURBED_OTHERS, DISTURBED_STEAL = 0.10, 0.02
MOVED = 2.0                   # line round trips that differ so much: not one placement
UNBOUNDED = -1
QUEUE_KEY = "pp_queue_"       # in the context: what the queue of that name is

Shape = collections.namedtuple("Shape", "queue producers consumers")
Setting = collections.namedtuple("Setting", "placement regime form batch item")
Spread = collections.namedtuple("Spread", "median least most")


class NotOurs(Exception):
    """A file that pushpull-bench did not write; the text says which, and why."""


def spread_of(values):
    """Median, smallest and largest; None where there is nothing."""
    values = [v for v in values if v is not None and math.isfinite(v)]
    return Spread(statistics.median(values), min(values), max(values)) if values else None


class Point:
    """One capacity of one queue in one setting, and its samples."""

    def __init__(self, capacity):
        self.capacity = capacity
        self.samples = []

    def spread(self, *names):
        """Of one counter, or of the sum of several."""
        return spread_of([sum(s[n] for n in names) for s in self.samples
                          if all(n in s for n in names)])

    def median(self, *names):
        spread = self.spread(*names)
        return spread.median if spread else None

    @property
    def rate(self):
        return self.median("items_per_second")

    @property
    def valid(self):
        """Half of the samples, at least, keep Little's law."""
        return sum(s.get("valid", 1) for s in self.samples) * 2 > len(self.samples)

    @property
    def has_depth(self):
        """A hand-off has no queue to be deep or to wait in."""
        return self.capacity != 0 and any("depth_p50" in s for s in self.samples)


class Curve:
    """The points of one queue in one setting, capacities rising, an unbounded one last."""

    def __init__(self, shape, setting):
        self.shape, self.setting = shape, setting
        self._points = {}

    def add(self, capacity, sample):
        self._points.setdefault(capacity, Point(capacity)).samples.append(sample)

    @property
    def points(self):
        return sorted(self._points.values(),
                      key=lambda p: math.inf if p.capacity == UNBOUNDED else p.capacity)

    def at(self, capacity):
        return self._points.get(capacity)

    def only(self, capacities):
        """The same curve, as far as it is about these."""
        part = Curve(self.shape, self.setting)
        part._points = {c: p for c, p in self._points.items() if c in capacities}
        return part

    @property
    def bounded(self):
        return [p for p in self.points if p.capacity != UNBOUNDED]


class Knee:
    """Which capacity is enough, as far as throughput goes."""

    LEAST_POINTS = 4          # what makes a curve

    def __init__(self, curve):
        rated = [p for p in curve.bounded if p.rate]
        self.best = max(rated, key=lambda p: p.rate)
        self.largest = rated[-1]
        # A hand-off is no buffer: the answer is never 0.
        buffers = [p for p in rated if p.capacity > 0]
        self.at = next(p for p in buffers if p.rate >= SHARE_OF_PEAK * self.best.rate) \
            if any(p.rate >= SHARE_OF_PEAK * self.best.rate for p in buffers) else None
        one = curve.at(1)
        self.line_ns = self.best.median("line_ns") or None
        self.hand_over_ns = 1e9 / one.rate if one and one.rate else None

    def model(self, round_trip_ns, capacity):
        """min(Xmax, C / round trip), in items per second."""
        return min(self.best.rate, capacity / round_trip_ns * 1e9)

    def model_knee(self, round_trip_ns):
        return self.best.rate * round_trip_ns / 1e9

    @staticmethod
    def unseen_ns(point):
        """An overload of twice what is pulled fills the ring at the rate it is pulled."""
        return point.capacity / point.rate * 1e9

    @property
    def still_rising(self):
        return self.at is self.largest

    @classmethod
    def of(cls, curve):
        if curve.setting.regime != "balanced" or \
           len([p for p in curve.bounded if p.rate]) < cls.LEAST_POINTS:
            return None
        knee = cls(curve)
        return knee if knee.at else None


def parts_of(name):
    """sweep/queue:spsc/shape:1P1C/... without what Google Benchmark adds."""
    return tuple(p for p in name.split("/")
                 if p != "manual_time" and p.partition(":")[0] not in ("iterations", "repeats"))


def shape_key(shape):
    """Our rings first, few threads first."""
    own = {"spsc": 0, "mpmc": 1}.get(shape.queue, 2)
    return own, shape.producers + shape.consumers, shape.producers, shape.queue


def shape_name(shape):
    return f"{shape.queue} {shape.producers}P{shape.consumers}C"


def setting_name(setting):
    cpus = {"two": "two CPUs", "one": "one CPU", "unpinned": "unpinned"}
    return ", ".join([setting.regime.replace("-", " "),
                      cpus.get(setting.placement, setting.placement), setting.form + " calls",
                      f"batch {setting.batch}", f"{setting.item}-byte items"])


class Results:
    """All that the given files hold."""

    def __init__(self, paths):
        self.environments = []    # one dictionary a file
        self.curves = {}
        self.others = {}          # names of limits, idle, ... to their samples
        self.failed = collections.Counter()
        self.promises = {}        # names of queues to what they promise and what not
        self.runs = []            # what is known only at the end of each file's run
        self._sweep_samples = []
        for path in paths:
            self._read(path)
        if not self.curves and not self.others:
            raise NotOurs(f"{paths[0]}: nothing was measured" + (
                f" ({next(iter(self.failed))[1]})" if self.failed else ""))

    def _read(self, path):
        try:
            with open(path, encoding="utf-8") as file:
                data = json.load(file)
            context, benchmarks = data["context"], data["benchmarks"]
            ours = "pp_command" in context and isinstance(benchmarks, list)
        except OSError as error:
            raise NotOurs(f"{path}: {error.strerror}") from None
        except (ValueError, KeyError, TypeError):
            ours = False
        if not ours:
            raise NotOurs(f"{path}: not a result of pushpull-bench")
        self.environments.append(context)
        self.runs.append(data.get("pp_run") or {})
        try:
            for benchmark in benchmarks:
                if benchmark.get("run_type") == "iteration":
                    self._take(benchmark)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise NotOurs(f"{path}: a damaged result ({error!r})") from None

    def _take(self, benchmark):
        parts = parts_of(benchmark["run_name"])
        if parts[0] not in MEASURED:
            return
        queue = next((p.partition(":")[2] for p in parts if p.startswith("queue:")), None)
        if queue and benchmark.get("label"):
            self.promises[queue] = benchmark["label"]
        if benchmark.get("error_occurred"):
            self.failed["/".join(parts), benchmark.get("error_message", "no reason given")] += 1
        elif parts[0] == "sweep":
            self._take_sweep(benchmark, dict(p.split(":", 1) for p in parts[1:]))
        else:
            self.others.setdefault(parts, []).append(benchmark)

    def _take_sweep(self, sample, fields):
        shape = Shape(fields["queue"], int(sample["producers"]), int(sample["consumers"]))
        setting = Setting(fields["placement"], fields["regime"], fields["form"],
                          int(sample["batch"]), int(sample["item_size"]))
        curve = self.curves.setdefault((setting, shape), Curve(shape, setting))
        curve.add(int(sample["capacity"]), sample)
        float(sample["items_per_second"])
        self._sweep_samples.append(sample)

    @property
    def settings(self):
        """The one with most points first: the figures are about that one."""
        points = collections.Counter()
        for (setting, _), curve in self.curves.items():
            points[setting] += len(curve.points)
        usual = Setting("two", "balanced", "blocking", 1, 8)
        return sorted(points, key=lambda s: (
            -points[s], sum(a != b for a, b in zip(s, usual)), s))

    def of_setting(self, setting):
        curves = [c for (s, _), c in self.curves.items() if s == setting]
        return sorted(curves, key=lambda c: shape_key(c.shape))

    def of_kind(self, *prefix):
        """Names below `prefix`, each with its samples, in the order of the program and not of the run."""
        some = sorted(self.others.items(), key=lambda item: item[1][0].get("family_index", 0))
        return {name[len(prefix):]: samples for name, samples in some if name[:len(prefix)] == prefix}

    def concluded(self, name):
        """What is known only at the end of a run: the lists `goals` and `compare`."""
        return [row for run in self.runs for row in run.get(name, [])]

    @property
    def queues(self):
        """Names of queues to what they say of themselves, one text where the files agree."""
        keys = sorted({key for context in self.environments for key in context
                       if key.startswith(QUEUE_KEY)})
        return {key[len(QUEUE_KEY):]: self.environment(key) for key in keys}

    def invalid(self):
        return [(c, p) for c in self.curves.values() for p in c.points if not p.valid]

    def environment(self, key):
        """What the files say, one value where they agree."""
        values = []
        for context in self.environments:
            if context.get(key) not in values + [None]:
                values.append(context[key])
        return values

    def warnings(self):
        """Why these figures should be read with care, one sentence each."""
        said = []
        if "yes" in self.environment("pp_quick"):
            said.append("A quick run: a smoke test with short samples, not a measurement.")
        for key in ("pp_cpu", "pp_kernel", "pp_compiler", "pp_flags", "pp_version"):
            if len(self.environment(key)) > 1:
                said.append("The results come from different environments ("
                            f"{key[3:]}: {', '.join(self.environment(key))}): "
                            "do not compare them with each other.")
        said += self._noise() + self._movement()
        stopped = sum(n for (_, why), n in self.failed.items() if why == "interrupted")
        if stopped:
            said.append(f"Interrupted: {stopped} samples were not taken.")
        broken = [f"{name} ({why})" for (name, why) in self.failed if why != "interrupted"]
        if broken:
            said.append("Not measured: " + "; ".join(broken[:5]) +
                        (f"; and {len(broken) - 5} more" if len(broken) > 5 else "") + ".")
        if self.invalid():
            said.append(f"{len(self.invalid())} of {sum(len(c.points) for c in self.curves.values())}"
                        " points are invalid: depth and time in queue disagree by more than 10 %"
                        " (Little's law). They are drawn hollow and marked “!”.")
        return said

    def _noise(self):
        """Ticks of 10 ms blur a short sample's shares: look at the middle and at how many stick out."""
        others = [s.get("other_share", 0) for s in self._sweep_samples]
        steal = [s.get("steal_share", 0) for s in self._sweep_samples]
        if not others:
            return []
        disturbed = sum(o > DISTURBED_OTHERS or t > DISTURBED_STEAL for o, t in zip(others, steal))
        if statistics.median(others) <= NOISY_OTHERS and statistics.mean(steal) <= NOISY_STEAL and \
           disturbed <= len(others) / 10:
            return []
        return [f"A noisy run: in the middle sample other processes took "
                f"{statistics.median(others) * 100:.1f} % of the CPUs' time, on average "
                f"{statistics.mean(steal) * 100:.2f} % was stolen; {disturbed} of {len(others)} "
                "samples were disturbed much. Give the machine to the benchmark alone and repeat."]

    def _movement(self):
        lines = [s["line_ns"] for s in self._sweep_samples if s.get("line_ns")]
        if len(lines) < 2:
            return []
        # The outer tenths are other processes' doing.
        tenths = statistics.quantiles(lines, n=10, method="inclusive")
        near, far = tenths[0], tenths[-1]
        if far <= MOVED * near:
            return []
        return [f"The distance between the CPUs changed during the run: a cache line went there and "
                f"back in {near:.0f} to {far:.0f} ns. Compare only points of like "
                "round trips (the tables give them)."]
