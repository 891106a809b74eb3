"""Result rows as Markdown tables."""
from harness import roofline


def number(value, unit=""):
    if value is None:
        return ""
    if unit == "share":
        return f"{value:.1%}"
    digits = 0 if abs(value) >= 1000 else 1 if abs(value) >= 10 else 2 if abs(value) >= 1 else 3
    return f"{value:,.{digits}f}" + (f" {unit}" if unit else "")


def spread(samples):
    """The range of several rounds, to stand behind their median."""
    return f" ({number(min(samples))} to {number(max(samples))})" if len(samples or []) > 1 else ""


def table(head, lines):
    rows = [head, ["---"] * len(head), *lines]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "/") for cell in row) + " |" for row in rows) + "\n"


def heading(rows):
    m = next((r for r in rows if r["figure"] == "machine"), None)
    if m is None:
        return ""
    peers = f"; peers: {m['peers']}" if m.get("peers") else ""
    return (f"{m['cpu']}, {m['cores']} cores, {m['simd']}, {m['peak_gflops_a_core']} GFLOP/s a core measured; "
            f"commit {m['commit']}; {m['date']}{peers}\n")


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
        if r["figure"] in ("machine", "peak", "kernel", "curve"):
            continue
        peer_samples = r.get("peer_samples", {}).get(r.get("peer_name"))
        ratio = f"{r['ratio']:.2f}x" if r.get("ratio") else ""
        met = {True: "yes", False: "**no**", None: ""}[r.get("met")]
        lines.append([r["figure"], r["model"], r["shape"], r["threads"], number(r["ours"], r["unit"] or "") + spread(r.get("ours_samples")),
                      number(r.get("peer")) + spread(peer_samples), r.get("peer_name") or r.get("error", "")[:80], ratio, target_cell(r), met])
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


def learner_share(rows, peak):
    """Share of the peak by 6 N operations a token, tokens as counted."""
    lines = []
    for r in rows:
        if r["figure"] == "learner" and r["ours"] and peak:
            parameters = roofline.layer_weights(r["model"]) + roofline.MODELS[r["model"]][0] * roofline.MODELS[r["model"]][1]
            share = r["ours"] * 6 * parameters / (peak * r["threads"])
            lines.append([r["model"], r["shape"], r["threads"], number(r["ours"], "tokens/s"), f"{share:.0%}"])
    return table(["model", "shape", "cores", "tokens/s", "share of peak by 6 N"], lines) if lines else ""


def kernels(rows):
    lines = [[r["shape"], r["label"], number(r["ours"], r["unit"]),
              f"{r['share_of_peak']:.0%}" if r.get("share_of_peak") else ""] for r in rows if r["figure"] == "kernel"]
    return table(["benchmark", "of", "rate on one core", "share of peak"], lines) if lines else ""


def curves(rows):
    """A table a curve: a line a model and number of threads, a column a point."""
    out = []
    for title in dict.fromkeys(r["curve"] for r in rows if r["figure"] == "curve"):
        points = [r for r in rows if r.get("curve") == title]
        by_model = "by model" in title or "S2" in title
        xs = sorted({r["x"] for r in points})
        lines = []
        for model, threads in dict.fromkeys(("" if by_model else r["model"], 0 if "S2" in title else r["threads"])
                                            for r in points):
            cells = {r["x"]: r["ours"] for r in points
                     if model in ("", r["model"]) and threads in (0, r["threads"])}
            lines.append([model or "all", threads or "", *(number(cells.get(x)) for x in xs)])
        out.append(f"**{title}**, tokens/s\n\n" + table(["model", "cores", *(f"{x:,}" for x in xs)], lines))
    return "\n".join(out)


def best_peaks(rows):
    """One row a peak: where several files have measured it, the best."""
    best = {}
    for r in rows:
        if r["figure"] == "peak" and r["ours"] > best.get(r["shape"], {"ours": 0})["ours"]:
            best[r["shape"]] = r
    return list(best.values())


def peaks(rows):
    lines = [[r["shape"], number(r["ours"], r["unit"])] for r in best_peaks(rows)]
    return table(["of one core", ""], lines) if lines else ""


def distance(rows):
    """The roofline: counted work, its bound, its kernels' own rates, and what was measured."""
    peak = next((r["ours"] * 1e9 for r in best_peaks(rows) if r["shape"] == "multiply-adds"), None)
    bandwidth = {int(r["shape"].split()[1]): r["ours"] * 1e9 for r in best_peaks(rows) if r["shape"].startswith("read")}
    measured_kernels = [r for r in rows if r["figure"] == "kernel"]
    if not peak or not bandwidth or not measured_kernels:
        return ""
    measured = {(r["figure"], r["model"], r["shape"]): r["ours"] for r in rows
                if r.get("threads") == 1 and r["figure"] in ("rollout", "learner") and r["ours"]}
    works = [(f"{m}: rollout of batch {b}", roofline.rollout_parts(m, b, 8), b, b * 64, ("rollout", m, f"batch {b}"))
             for m, b in (("T1", 8), ("T1", 32), ("T1", 128), ("T5", 32), ("T5", 128), ("SmolLM2", 32))]
    works += [(f"{m}: update of 128 sequences, groups of 8", roofline.update_parts(m, 128, 8, False), 1024, 128 * 128,
               ("learner", m, "P64 C64 G8")) for m in ("T1", "T5")]
    lines = []
    for title, parts, batch, tokens, key in works:
        model = key[1]
        bound = sum(p.bound_s(peak, bandwidth) for p in parts)
        own = [roofline.kernel_seconds(measured_kernels, p, model, batch) for p in parts]
        for part, seconds in zip(parts, own):
            lines.append([title, part.name, number(part.flops / 1e9), number(part.bytes / 1e6),
                          number(part.bound_s(peak, bandwidth)), number(seconds)])
            title = ""
        total = tokens / measured[key] if key in measured else None
        at_kernels = sum(own) if None not in own else None
        share = f"; the bound is {bound / total:.0%} of it" if total else ""
        lines.append(["", f"**all**, measured {number(total, 's')}{share}", "", "", number(bound), number(at_kernels)])
    head = ["work on one core", "part", "GFLOP", "MB", "s at the machine's peaks", "s at its kernel's own rate"]
    return table(head, lines)


def sections(rows):
    """(title, text) of everything that the rows hold."""
    peak = next((r["peak_gflops_a_core"] * 1e9 for r in rows if r["figure"] == "machine"), None)
    all_sections = [("Against peers", against_peers(rows)), ("Where a step's seconds go", phases(rows)),
                    ("The learner's share of the peak", learner_share(rows, peak)), ("The machine's peaks", peaks(rows)),
                    ("Distance to the roofline", distance(rows)), ("How cost grows", curves(rows)),
                    ("Kernels", kernels(rows))]
    return [(title, text) for title, text in all_sections if text]
