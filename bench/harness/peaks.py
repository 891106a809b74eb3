"""The tables that hold figures against the machine's peaks: each against those of its own file, because clock and
memory of a shared machine differ from one run to the next. A row's `file` is where bench/report read it."""
from harness import roofline
from harness.tables import number, table

MULTIPLY_ADDS = "multiply-adds"
AT_ONCE = "all cores at once: "  # before a peak's name: of the core that got least


def file_of(row):
    return row.get("file", "")


def by_file(rows):
    """{file: {shape of the peak: its rate a second}}, in operations or bytes."""
    found = {}
    for r in rows:
        if r["figure"] == "peak":
            found.setdefault(file_of(r), {})[r["shape"]] = r["ours"] * 1e9
    return found


def of_kernels(rows):
    """{file: multiply-adds a second as the process that measured the kernels found them}."""
    return {file_of(r): r["ours"] * 1e9 / r["share_of_peak"] for r in rows
            if r["figure"] == "kernel" and r.get("share_of_peak")}


def all_of_them(rows):
    files, in_kernels = by_file(rows), of_kernels(rows)
    shapes = dict.fromkeys(shape for peaks in files.values() for shape in peaks)
    unit = lambda shape: "GFLOP/s" if shape.endswith(MULTIPLY_ADDS) else "GB/s"
    cell = lambda rate, shape: number(rate / 1e9 if rate else None, unit(shape))
    lines = [[shape, *(cell(peaks.get(shape), shape) for peaks in files.values())] for shape in shapes]
    if in_kernels:
        lines.insert(1, [MULTIPLY_ADDS + ", beside the kernels",
                         *(cell(in_kernels.get(file), MULTIPLY_ADDS) for file in files)])
    return table(["of one core", *files], lines) if lines else ""


def learner_share(rows):
    """Share of the peak by 6 N operations a token, tokens as counted."""
    lines, files = [], by_file(rows)
    for r in rows:
        peak = files.get(file_of(r), {}).get(MULTIPLY_ADDS)
        if r["figure"] != "learner" or not r["ours"] or not peak:
            continue
        parameters = roofline.layer_weights(r["model"]) + roofline.MODELS[r["model"]][0] * roofline.MODELS[r["model"]][1]
        share = r["ours"] * 6 * parameters / (peak * r["threads"])
        lines.append([r["model"], r["shape"], r["threads"], number(r["ours"], "tokens/s"), f"{share:.0%}",
                      number(peak / 1e9, "GFLOP/s")])
    head = ["model", "shape", "cores", "tokens/s", "share of peak by 6 N", "of a core's peak in its run"]
    return table(head, lines) if lines else ""


def works():
    """(title, parts, sequences or rows, tokens that the measured rate counts, what was measured)."""
    rollouts = [(f"{m}: rollout of batch {b}", roofline.rollout_parts(m, b, 8), b, b * 64, ("rollout", m, f"batch {b}"))
                for m, b in (("T1", 8), ("T1", 32), ("T1", 128), ("T5", 32), ("T5", 128), ("SmolLM2", 32))]
    updates = [(f"{m}: update of 128 sequences, groups of {g}", roofline.update_parts(m, 128, g, False), 1024, 128 * 128,
                ("learner", m, shape)) for m in ("T1", "T5") for g, shape in ((8, "P64 C64 G8"), (1, "P64 C64"))]
    return rollouts + updates


def distance(rows):
    """The roofline: counted work, its bound, its kernels' own rates, and what was measured. Work that was not measured
    has no bound: no run's peaks are its own."""
    files, kernels = by_file(rows), [r for r in rows if r["figure"] == "kernel"]
    measured = {(r["figure"], r["model"], r["shape"]): r for r in rows
                if r.get("threads") == 1 and r["figure"] in ("rollout", "learner") and r["ours"]}
    lines = []
    for title, parts, batch, tokens, key in works():
        if kernels and key in measured and file_of(measured[key]) in files:
            lines += lines_of(title, parts, files[file_of(measured[key])], tokens / measured[key]["ours"],
                              [roofline.kernel_seconds(kernels, part, key[1], batch) for part in parts])
    head = ["work on one core", "part", "GFLOP", "MB", "s at the peaks of its run", "s at its kernel's own rate"]
    return table(head, lines) if lines else ""


def lines_of(title, parts, peaks, total, at_kernels):
    bandwidth = {int(shape.split()[1]): rate for shape, rate in peaks.items() if shape.startswith("read")}
    bounds = [part.bound_s(peaks[MULTIPLY_ADDS], bandwidth) for part in parts]
    titles = [title, f"(peak {number(peaks[MULTIPLY_ADDS] / 1e9, 'GFLOP/s')})"] + [""] * len(parts)
    lines = [[first, part.name, number(part.flops / 1e9), number(part.bytes / 1e6), number(bound), number(own)]
             for first, part, bound, own in zip(titles, parts, bounds, at_kernels)]
    return lines + [["", f"**all**, measured {number(total, 's')}; the bound is {sum(bounds) / total:.0%} of it", "", "",
                     number(sum(bounds)), number(sum(at_kernels) if None not in at_kernels else None)]]
