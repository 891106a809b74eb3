"""The figures of the targets table as comparisons: which program of ours against which peers."""
from harness.commands import SHAPES, google_benchmark, peer
from harness.comparison import Comparison, Side

ROLLOUT_BATCHES = {"SmolLM2": [32], "M30": [32]}
# Seconds that one round of a peer takes on two cores of 100 GFLOP/s each, for the estimate.
PEER_SECONDS = {("generate", "T1"): 45, ("generate", "T5"): 90, ("generate", "SmolLM2"): 90, ("rollout", "T1"): 45,
                ("rollout", "T5"): 70, ("rollout", "SmolLM2"): 90, ("learner", "T1"): 14, ("learner", "T5"): 42,
                ("loop", "T1", "S1"): 20, ("loop", "T5", "S1"): 60, ("loop", "T1", "S2"): 100,
                ("TRL", "T1", "S1"): 35, ("TRL", "T5", "S1"): 90, ("TRL", "T1", "S2"): 150}


def shape_number(model):
    return SHAPES.index(model)


def ours(program, pattern, threads, settings, shape_of, counter, unit, estimate):
    """A side of ours: rows of the benchmarks whose names match the pattern."""
    def measure():
        rows, _ = google_benchmark(program, pattern, threads, settings.seconds)
        return [{"shape": shape_of(r["args"]), "error": r["error"]} if "error" in r else
                {"shape": shape_of(r["args"]), "value": r[counter], "unit": unit,
                 "phases": {name: round(r[name], 4) for name in r if name.endswith("_s")}} for r in rows]

    return Side("r1zero", measure, estimate)


def rollout_ours(model, batches, threads, settings):
    pattern = f"^Rollout/shape:{shape_number(model)}/batch:({'|'.join(map(str, batches))})/threads:{threads}/"
    estimate = 40 if model == "SmolLM2" else 4 * settings.seconds * len(batches)
    return ours("rollout_bench", pattern, threads, settings, lambda a: f"batch {a['batch']}", "tokens/s",
                "tokens/s", estimate)


def rollout(model, threads, settings):
    batches = ROLLOUT_BATCHES.get(model, [8, 32] if settings.quick else [1, 8, 32, 128])
    listed = ",".join(map(str, batches))
    peers = [
        Side("tuned loop", lambda: peer(settings, "tuned_loop.py", threads, "rollout", "--model", model,
                                        "--batches", listed), PEER_SECONDS.get(("rollout", model), 60)),
        Side("transformers generate", lambda: peer(settings, "generate.py", threads, "--model", model,
                                                   "--batches", listed), PEER_SECONDS.get(("generate", model), 60))]
    return Comparison("rollout", model, threads, rollout_ours(model, batches, threads, settings), peers)


def learner_ours(model, threads, settings, groups="1|8"):
    pattern = f"^Learner/shape:{shape_number(model)}/group:({groups})/kl:0/threads:{threads}/"
    return ours("grpo_bench", pattern, threads, settings,
                lambda a: "P64 C64" + (f" G{a['group']}" if a["group"] > 1 else ""), "tokens/s", "tokens/s", 15)


def learner(model, threads, settings):
    side = Side("tuned loop", lambda: peer(settings, "tuned_loop.py", threads, "learner", "--model", model),
                PEER_SECONDS.get(("learner", model), 60))
    return Comparison("learner", model, threads, learner_ours(model, threads, settings), [side],
                      peer_shape={"P64 C64 G8": "P64 C64"})


def step_ours(model, work, threads, settings):
    pattern = f"^Step/shape:{shape_number(model)}/work:{work[1]}/threads:{threads}/"
    return ours("grpo_bench", pattern, threads, settings, lambda a: f"S{a['work']}", "steps/s", "steps/s",
                20 if work == "S2" else 10)


def step(model, work, threads, settings):
    args = ["--model", model, "--work", work, "--steps", 1 if settings.quick or work == "S2" else 2]
    peers = [Side("tuned loop", lambda: peer(settings, "tuned_loop.py", threads, "step", *args),
                  PEER_SECONDS.get(("loop", model, work), 100)),
             Side("TRL", lambda: peer(settings, "trl_step.py", threads, *args),
                  PEER_SECONDS.get(("TRL", model, work), 150))]
    return Comparison("step", model, threads, step_ours(model, work, threads, settings), peers)


def scaling(settings):
    """Two cores against one: ours is the peer of ours. The rollout is that of a full batch."""
    def renamed(side, name, prefix):
        def measure():
            return [row | {"shape": f"{prefix} {row['shape']}"} for row in side.measure()]
        return Side(name, measure, side.seconds)

    pairs = {"rollout": lambda t: rollout_ours("T1", [128], t, settings),
             "learner": lambda t: learner_ours("T1", t, settings, groups="8"),
             "step": lambda t: step_ours("T1", "S1", t, settings)}
    return [Comparison("scaling", "T1", 2, renamed(side(2), "two cores", what),
                       [renamed(side(1), "one core", what)]) for what, side in pairs.items()]


def of_model(figures, model, threads, settings):
    if "rollout" in figures:
        yield rollout(model, threads, settings)
    if model in ("SmolLM2", "M30"):
        return  # their updates and steps would take minutes each
    if "learner" in figures:
        yield learner(model, threads, settings)
    if "step" in figures:
        yield step(model, "S1", threads, settings)
        if model == "T1" and not settings.quick:
            yield step(model, "S2", threads, settings)


def all_of(figures, models, threads, settings):
    comparisons = [c for t in threads for model in models for c in of_model(figures, model, t, settings)]
    if not settings.peers:
        for comparison in comparisons:
            comparison.peers = []
    if "scaling" in figures and {1, 2} <= set(threads):
        comparisons += scaling(settings)
    return comparisons
