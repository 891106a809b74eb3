"""What a command line asks to measure, and about how long that takes."""
from harness import curves, figures, ring

OF_THE_RING = {"orchestration": ring.orchestration, "start": ring.start, "demo": ring.demo}
KERNELS_SECONDS = 150


def comparisons(args, settings):
    """In the order of the table."""
    wanted = figures.all_of(args.figures, args.models, args.threads, settings)
    return wanted + [make(settings, max(args.threads)) for name, make in OF_THE_RING.items() if name in args.figures]


def wanted_curves(args):
    return curves.wanted(args.figures, args.models, args.quick)


def left_out(args, planned):
    """The figures of which nothing is left at these models and threads."""
    measured = {c.figure for c in planned} | {c.figure for c in wanted_curves(args)} | {"kernels", "curves"}
    return [figure for figure in args.figures if figure not in measured]


def why_left_out(args, names):
    """Says it of figures of which nothing is left."""
    reasons = {"scaling": "scaling needs --threads 1,2", "decode": "decode has T1 and T5",
               "prefill": "prefill has T1, T5 and SmolLM2"}
    of_models = "learner and step have signs, T1 and T5"
    why = "; ".join(dict.fromkeys(reasons.get(name, of_models) for name in names))
    return (f"nothing is left of --figures {','.join(names)} with --models {','.join(args.models)} --threads "
            f"{','.join(map(str, args.threads))}: {why}")


def seconds(args, settings, planned):
    total = 30 + sum(c.estimate(settings.rounds) for c in planned) + sum(c.seconds for c in wanted_curves(args))
    total += KERNELS_SECONDS * ("kernels" in args.figures)
    return total / 2 if args.quick else total
