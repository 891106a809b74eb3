"""Result rows as Markdown tables."""
from harness import peaks
from harness.tables import number, spread, table


def heading(rows):
    m = next((r for r in rows if r["figure"] == "machine"), None)
    if m is None:
        return ""
    peers = f"; peers: {m['peers']}" if m.get("peers") else ""
    rates = sorted(r["peak_gflops_a_core"] for r in rows if r["figure"] == "machine")
    rate = f"{rates[0]} to {rates[-1]}" if len(rates) > 1 else rates[0]
    return (f"{m['cpu']}, {m['cores']} cores, {m['simd']}, {rate} GFLOP/s a core measured; "
            f"{commits(rows)}{peers}\n")


def commits(rows):
    """The commit and date of all rows, or of each file's rows where they differ."""
    machines = [r for r in rows if r["figure"] == "machine"]
    found = dict.fromkeys((r["commit"], r["date"]) for r in machines)
    if len(found) == 1:
        return "commit {}; {}".format(*next(iter(found)))
    return "; ".join(f"commit {r['commit']}, {r['date']}: {whose(rows, r.get('file'))}" for r in machines)


def whose(rows, file):
    """What a file's rows are of, in words."""
    of_file = [r for r in rows if r.get("file") == file]
    by_models = {}
    for r in of_file:
        if r["figure"] not in ("machine", "peak", "kernel") and "curve" not in r:
            figures = by_models.setdefault(r["model"], [])
            figures += [r["figure"]] if r["figure"] not in figures else []
    words = [f"{', '.join(figures)} of {model}" for model, figures in by_models.items()]
    words += ["the kernels"] * any(r["figure"] == "kernel" for r in of_file)
    return "; ".join(words + ["the curves"] * any("curve" in r for r in of_file))


def target_cell(row):
    if row.get("target") is None:
        return ""
    form = (lambda v: number(v, row["unit"])) if row["target_is"] == "value" else (lambda v: f"{v:g}x")
    extra = [f"{name} {form(row[name])}" for name in ("stretch", "limit") if row.get(name)]
    return form(row["target"]) + (f" ({', '.join(extra)})" if extra else "")


def rounds_of(rows):
    """Says whether a figure is a median or a single sample."""
    rounds = sorted({len(r["ours_samples"]) for r in rows if r.get("ours_samples")})
    if rounds == [1]:
        return "One round: each figure is a single sample, and nothing says how far it would move.\n\n"
    several = f"{rounds[0]} to {rounds[-1]}" if len(set(rounds)) > 1 else rounds[0] if rounds else 0
    return f"Medians of {several} rounds, where there are several the range in brackets.\n\n" if rounds else ""


def against_peers(rows):
    """The table of targets."""
    lines = []
    for r in rows:
        if r["figure"] in ("machine", "peak", "kernel") or "curve" in r:
            continue
        peer_samples = r.get("peer_samples", {}).get(r.get("peer_name"))
        ratio = f"{r['ratio']:.2f}x" if r.get("ratio") else ""
        met = {True: "yes", False: "**no**", None: ""}[r.get("met")]
        ours = number(r["ours"], r["unit"] or "") + spread(r.get("ours_samples"))
        peer = number(r.get("peer")) + spread(peer_samples)
        lines.append([r["figure"], r["model"], r["shape"], r["threads"], ours, peer,
                      r.get("peer_name") or r.get("error", "")[:80], ratio, target_cell(r), met])
    head = ["figure", "model", "shape", "cores", "ours", "peer", "strongest peer", "ratio", "target", "met"]
    return rounds_of(rows) + table(head, lines) if lines else ""


def phases(rows):
    lines = []
    for r in rows:
        seconds = lambda parts: ", ".join(f"{k.removesuffix('_s')} {v:.3g}" for k, v in (parts or {}).items())
        if r["figure"] in ("step", "orchestration", "start") and r.get("phases"):
            lines.append([r["figure"], r["model"], r["shape"], r["threads"], seconds(r["phases"]),
                          r.get("peer_name") or "", seconds(r.get("peer_phases"))])
    head = ["figure", "model", "shape", "cores", "ours: seconds by phase", "peer", "its seconds by phase"]
    return table(head, lines) if lines else ""


def kernels(rows):
    lines = [[r["shape"], r["label"], r["error"][:80] if "error" in r else number(r["ours"], r["unit"]),
              f"{r['share_of_peak']:.0%}" if r.get("share_of_peak") else ""] for r in rows if r["figure"] == "kernel"]
    return table(["benchmark", "of", "rate on one core", "share of peak"], lines) if lines else ""


def curve_lines(title, points):
    """(model, cores, cell by x) of each line. By model: one line, x are the models' parameters; of S2, x are the
    cores."""
    by_model, by_cores = "by model" in title, "S2" in title
    lines = {}
    for r in points:
        key = ("all" if by_model else r["model"], "" if by_cores else r["threads"])
        lines.setdefault(key, {})[r["x"]] = "error" if "error" in r else number(r["ours"])
    return [(*key, cells) for key, cells in lines.items()]


def curves(rows):
    """A table a curve: a line a model and number of threads, a column a point; behind it the errors."""
    out = []
    for title in dict.fromkeys(r["curve"] for r in rows if "curve" in r):
        of_curve = [r for r in rows if r.get("curve") == title]
        points = [r for r in of_curve if "x" in r]
        xs = sorted({r["x"] for r in points})
        lines = [[model, threads, *(cells.get(x, "") for x in xs)] for model, threads, cells in curve_lines(title, points)]
        failed = "".join(f"\n{r['model']} {r['shape']}: {r['error'][:200]}\n" for r in of_curve if "error" in r)
        text = table(["model", "cores", *(f"{x:,}" for x in xs)], lines) if lines else ""
        out.append(f"**{title}**, tokens/s\n\n" + text + failed)
    return "\n".join(out)


def sections(rows):
    """(title, text) of everything that the rows hold."""
    all_sections = [("Against peers", against_peers(rows)), ("Where a step's seconds go", phases(rows)),
                    ("The learner's share of the peak", peaks.learner_share(rows)),
                    ("The machine's peaks", peaks.all_of_them(rows)),
                    ("Distance to the roofline", peaks.distance(rows)), ("How cost grows", curves(rows)),
                    ("Kernels", kernels(rows))]
    return [(title, text) for title, text in all_sections if text]
