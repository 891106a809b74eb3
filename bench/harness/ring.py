"""The figures that need the product itself, as a user starts it: what the ring costs beside the arithmetic,
how soon the first token comes, and the demo end to end against a plain PyTorch loop."""
import json
import statistics
import time
from datetime import datetime
from pathlib import Path

from harness.comparison import Comparison, Side
from harness.machine import BUILD, ROOT
from harness.processes import CommandFailed, run, seconds_to_line

T1 = {"policy.hidden_size": 128, "policy.num_layers": 4, "policy.num_heads": 4, "policy.num_kv_heads": 4,
      "policy.head_width": 32, "policy.intermediate_size": 384, "pretrain.tokens": 0}
QUIET = {"task.held_out": 1, "eval.every": 0, "eval.samples": 1, "eval.temperatures": '["1"]', "checkpoint.every": 0}


def train_command(settings, name, values, *flags):
    values = {"run.out": settings.scratch, "run.name": name, "pretrain.cache": settings.scratch + "/cache"} | values
    sets = [part for key, value in values.items() for part in ("--set", f"{key}={value}")]
    return [BUILD / "r1zero", "train", ROOT / "runs" / "signs.toml", *flags, *sets]


def metrics(settings, name):
    return [json.loads(line) for line in (Path(settings.scratch) / name / "metrics.jsonl").read_text().splitlines()]


def steps_of(settings, name):
    return [line for line in metrics(settings, name) if "timing_s/step" in line]


def seconds_of(lines):
    """Sums over the steps of one run; the first two, which warm up, are left out. The wall is from one metrics line to
    the next. `idle`: of the wall, no update ran and the busiest worker's engine did not work."""
    total = lambda key: sum(line["timing_s/" + key] for line in lines[2:])
    parts = {"wall": lines[-1]["time"] - lines[1]["time"]} | {
        key: total(key) for key in ("rollout", "engine", "update", "publish", "log")}
    parts["idle"] = parts["wall"] - parts["engine"] - (parts["update"] - parts["publish"])
    return parts


def orchestration(settings, cores):
    """What a step of the ring (gRPC, leases, weights, log, records) takes beside the arithmetic; runs of the ring and
    of threads of one process in turns. Directly: the share of a step in which neither an engine worked nor the learner
    updated. And by difference: against the rollout of the very same tokens by threads of one process and the update
    alone, wherever that took less; this has what gRPC's threads take from the engines in it, and the noise between two
    runs. Completions have up to 64 tokens."""
    values = T1 | QUIET | {"grpo.group_size": 8, "rollout.max_total_tokens": 74, "grpo.steps": 8 if settings.quick else 14}

    def sums(name, *flags):
        run(train_command(settings, name, values, *flags), cores, 900)
        return seconds_of(steps_of(settings, name))

    def measure():
        turns = [(sums("ring"), sums("threads", "--in-process")) for _ in range(1 if settings.quick else 2)]
        ring, threads = ({key: sum(turn[side][key] for turn in turns) for key in turns[0][side]} for side in (0, 1))
        compute = threads["rollout"] + min(threads["update"], ring["update"])
        phases = {f"{side}_{key}_s": round(seconds, 4) for side, parts in (("ring", ring), ("in_process", threads))
                  for key, seconds in parts.items()}
        return [{"shape": "gRPC and log, share of a step", "value": ring["idle"] / ring["wall"], "unit": "share",
                 "phases": phases},
                {"shape": "the same, by difference from one process", "value": 1 - compute / ring["wall"],
                 "unit": "share"}]

    return Comparison("orchestration", "T1", cores, Side("r1zero", measure, 60), lower_is_better=True)


def first_token(settings, name):
    """When the first of the run's workers had sampled its first token, in seconds since 1970: its log says so."""
    logs = (Path(settings.scratch) / name / "logs").glob("worker-*.log")
    lines = [line for log in logs for line in log.read_text().splitlines() if line.endswith("sampled its first token")]
    if not lines:
        raise CommandFailed("no worker's log says when it sampled its first token")
    return min(datetime.fromisoformat(line.split()[0].replace("Z", "+00:00")).timestamp() for line in lines)


def start(settings, cores):
    """From starting `r1zero train` on a T1 checkpoint to its first sampled token; the peers' first token, and TRL's
    first step. A start is short: each round takes the median of several, and the time to the first metrics line (an
    evaluation of one completion) beside it."""
    def checkpoint():
        folder = Path(settings.scratch, "checkpoint", "checkpoints")
        if not folder.exists():
            run(train_command(settings, "checkpoint", T1 | QUIET | {"grpo.steps": 1, "grpo.prompts_per_step": 1}), cores, 300)
        return next(folder.glob("step-*"))

    def measure():
        values = QUIET | {"policy.path": checkpoint(), "pretrain.tokens": 0, "grpo.steps": 0}
        tokens, lines = [], []
        for _ in range(1 if settings.quick else 5):
            begin = time.time()
            run(train_command(settings, "start", values), cores, 300)
            tokens.append(first_token(settings, "start") - begin)
            lines.append(metrics(settings, "start")[0]["time"] - begin)
        return [{"shape": "command to first sampled token", "value": statistics.median(tokens), "unit": "s",
                 "phases": {"first_metrics_line_s": round(statistics.median(lines), 4)}}]

    def peer_start(name, script, line, *args):
        command = [settings.python, ROOT / "bench" / "peers" / script, *args, "--model", "T1", "--threads", cores,
                   "--models", settings.models]
        return Side(name, lambda: [{"shape": "command to first sampled token", "unit": "s",
                                    "value": seconds_to_line(command, cores, settings.environment, line)}], 20)

    peers = [peer_start("tuned loop, first token", "tuned_loop.py", "first token", "first-token"),
             peer_start("TRL, first step", "trl_step.py", "first step done", "--work", "first-step")]
    return Comparison("start", "T1", cores, Side("r1zero", measure, 5), peers if settings.peers else [],
                      lower_is_better=True)


def demo(settings, cores):
    """runs/signs.toml's first steps from one pretrained base, against bench/peers/plain_loop.py. Tokens a second,
    because the two sample different completions."""
    steps = 3 if settings.quick else 10
    cache = settings.scratch + "/demo-cache"  # the first round pretrains the base policy into it
    values = QUIET | {"grpo.steps": steps, "pretrain.cache": cache}

    def ours():
        run(train_command(settings, "demo", values), cores, 1800)
        lines = steps_of(settings, "demo")
        generated = sum(line["completions/mean_length"] for line in lines) * 256
        seconds = sum(line["timing_s/step"] for line in lines)
        return [{"shape": f"{steps} steps", "value": (2 * generated + 2560 * len(lines)) / seconds,
                 "unit": "tokens/s"}]

    def plain():
        base = next(Path(cache).glob("*/config.json")).parent
        out = json.loads(run([settings.python, ROOT / "bench" / "peers" / "plain_loop.py", base, "--steps", steps,
                              "--threads", cores], cores, 1800, settings.environment))
        return [{"shape": f"{steps} steps", "value": out["tokens_per_second"], "unit": "tokens/s"}]

    peers = [Side("plain PyTorch loop", plain, 3 * steps)] if settings.peers else []
    return Comparison("demo", "signs", cores, Side("r1zero", ours, 60 + steps), peers)
