// The worker's loop: lease prompts, generate, deliver, over and over.
//
// It knows no transport. worker_main wires it to gRPC, in_process to the learner in the same
// process, a test to fakes.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "policy/tokenizer.h"
#include "policy/weights.h"
#include "rollout/engine.h"

namespace r1zero {

struct LeaseReply {
  std::vector<Lease> leases;  // may be empty: nothing to do within the wait
  bool run_over = false;
};

struct WorkerPorts {
  // Up to `max_prompts` leases; blocks for at most `wait`.
  std::function<LeaseReply(int64_t max_prompts, std::chrono::milliseconds wait)> lease;
  // Weights of at least this version; blocks.
  std::function<std::shared_ptr<const Weights>(int64_t version)> fetch_weights;
  // Scores and submits the group; must not block for long (it may queue). Ownership moves.
  std::function<void(Group)> deliver;
  // Waits until everything delivered has reached the learner.
  std::function<void()> flush;
  std::function<bool()> stop;  // asked between decode steps
};

// It leases what its engine can start at once, by sequences and by KV blocks, and at least one prompt
// when it has nothing to do.
//
// Runs until `run_over` or `stop`; groups not finished by then are dropped. The engine gets the
// tokenizer's texts. REQUIRES an idle engine.
//
// A group is sampled under one version of the weights: the one its lease names, or a newer one
// where the learner has moved on meanwhile; the group says which. Leases of a newer version than
// the engine has wait until the groups that it is sampling are done. Throws what a port throws.
void RunWorker(Engine& engine, const Tokenizer& tokenizer, const WorkerPorts& ports);

}  // namespace r1zero
