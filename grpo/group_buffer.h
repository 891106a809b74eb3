// Prompts out, groups back: leases, and the slots that bound how far rollouts run ahead.
//
// The trainer issues a batch of prompts under one policy version and takes the groups when all are
// back. Prompts can be leased only while their batch is open, so no group is older than its batch:
// staleness is bounded by construction. A lease that is not renewed in time is given to another
// worker; whichever valid result comes first is the one. Because sampling is keyed by (seed,
// ordinal, sample, position), the results of both would be the same bits.
//
// Nothing waits for ever: a lease that is renewed but does not come back (its reply was lost, its
// worker hangs) is offered again once its worker has run no token for 3 lease times, or after 60
// whatever it runs; then after three times as long, and so on. A worker whose groups are refused three
// times gets no more prompts; when no other is left, Take throws the reason.
//
// Thread-safe. Time comes from the clock that it is given.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "grpo/lease_book.h"
#include "rollout/group.h"

namespace r1zero {

// What Take tells every second while it waits.
struct TakeProgress {
  int64_t back = 0, issued = 0;    // groups
  std::string who_waits_for_whom;  // who holds what since when; only if no group came and no worker
                                   // advanced for 5 seconds
};

// What a group took beside what it holds, for the metrics.
struct GroupTimes {
  double engine_s = 0;  // that its worker's engine has worked since it last had nothing to do
  double reward_s = 0;  // from the end of its sampling to its rewards
};

class GroupBuffer {
 public:
  explicit GroupBuffer(GroupBufferOptions options);
  ~GroupBuffer();

  // --- the trainer's side ---
  // Opens a batch. REQUIRES that none is open.
  void Issue(std::vector<Prompt> prompts, const SamplingParams& sampling, int64_t policy_version);
  // Waits until the whole batch is back and closes it: the groups in the order issued. Calls
  // `waiting` every second. Returns nullopt if Stop(). Error if every live worker had its groups
  // refused.
  std::optional<std::vector<Group>> Take(
      const std::function<void(const TakeProgress&)>& waiting = {});

  // The longest times among the groups accepted since the last Issue: of the busiest worker.
  GroupTimes longest() const;

  // --- the workers' side ---
  // Up to `max_prompts` leases for `worker`, waiting at most `wait`; a fair share (open prompts
  // divided by the workers that take part, rounded up) when several are there. nullopt: the run is over.
  std::optional<std::vector<Lease>> LeasePrompts(const std::string& worker, int64_t max_prompts,
                                                 std::chrono::milliseconds wait);
  // Checks every field; `why` (may be null) receives the reason of kInvalid. Idempotent by lease.
  // The prompt that is kept is the one that was issued: texts and gold of `group.prompt` are not
  // read.
  SubmitVerdict Submit(const std::string& worker, Group group, std::string* why = nullptr,
                       const GroupTimes& times = {});
  // Renews the worker's leases and counts it as live, as every other call of a worker does. `tokens` are
  // those that its engine has run so far: it advances while they change.
  void Heartbeat(const std::string& worker, int64_t tokens = 0);
  // The worker is gone: its leases are free at once.
  void Forget(const std::string& worker);
  // The worker has these leases. Others in its name are free at once: the reply that gave them was
  // lost on the way, or the worker gave them back.
  void Keep(const std::string& worker, std::span<const uint64_t> held);
  void Finish();  // the run is over: every LeasePrompts returns nullopt
  void Stop();    // Take returns nullopt

  int64_t live_workers() const;  // heard of within a lease time
  std::string Describe() const;  // one sentence: what is open, who holds what since when

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace r1zero
