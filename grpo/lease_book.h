// Who holds which prompt: the bookkeeping under GroupBuffer, without threads or waiting.
//
// A pure function of the calls made and of the clock it is given. Not thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "grpo/group_check.h"
#include "rollout/group.h"

namespace r1zero {

enum class SubmitVerdict {
  kAccepted,
  kDuplicate,     // the prompt's group is there already
  kStale,         // the lease is of a batch that is closed
  kUnknownLease,  // never given out
  kInvalid,       // a field is wrong; the prompt is offered to others
};

struct GroupBufferOptions {
  std::chrono::milliseconds lease_time{10'000};
  int32_t vocab_size = 0;
  std::vector<int32_t> eos_tokens = {1};
  std::vector<ExpectedPart> parts = {};  // in any order; empty: a reward of any parts, or of none
  std::function<std::chrono::steady_clock::time_point()> now = std::chrono::steady_clock::now;
};

class LeaseBook {
 public:
  explicit LeaseBook(GroupBufferOptions options);

  void Open(std::vector<Prompt> prompts, const SamplingParams& sampling, int64_t policy_version);
  bool is_open() const { return !slots_.empty(); }
  bool is_complete() const { return missing() == 0; }
  int64_t issued() const { return static_cast<int64_t>(slots_.size()); }
  int64_t missing() const { return static_cast<int64_t>(slots_.size()) - filled_; }
  std::vector<Group> Close();  // the groups that are there; every lease given so far becomes stale

  // Up to `max_prompts`, at most the worker's fair share: the open prompts divided by the workers
  // that hold some or asked or brought a group in the last 5 seconds, rounded up.
  std::vector<Lease> Give(const std::string& worker, int64_t max_prompts);
  SubmitVerdict Submit(const std::string& worker, Group group, std::string* why);
  // It lives: its leases are renewed. Who was not heard of for 3 lease times is forgotten.
  void Touch(const std::string& worker);
  // Its engine has run so many tokens. While the number changes, what it holds is in work.
  void Advance(const std::string& worker, int64_t tokens);
  void Forget(const std::string& worker);  // it is gone: its leases are free
  void Keep(const std::string& worker,
            std::span<const uint64_t> held);  // its other leases are free

  int64_t live_workers() const;
  int64_t advances() const { return advances_; }  // how often any worker's number has changed
  void RequireTrustedWorker() const;  // Error if every live worker's groups were refused
  std::string Describe() const;

 private:
  using Time = std::chrono::steady_clock::time_point;

  // One prompt of the open batch: free, leased, or filled.
  struct Slot {
    Prompt prompt;
    uint64_t lease_id = 0;  // the newest lease; 0: none
    std::string worker;
    Time leased_at, expires_at;
    int64_t patience =
        0;  // lease times without an advance before it is offered again although renewed
    std::optional<Group> group;
  };
  struct Worker {
    Time seen;
    Time active;    // asked for prompts or brought a group
    Time advanced;  // ran tokens
    int64_t tokens = 0;
    int refusals = 0;
    std::string why;  // of the last refusal
  };
  struct GivenLease {
    size_t slot = 0;
    std::string worker;
  };

  bool IsLive(const Worker& worker) const;
  bool Holds(const std::string& worker, const Slot& slot) const;
  bool TakesPart(const std::string& name, const Worker& worker) const;
  void ForgetTheSilent();
  bool IsFree(const Slot& slot) const;
  int64_t FairShare(const std::string& worker) const;
  Lease GiveSlot(size_t index, const std::string& worker);
  SubmitVerdict Refuse(const std::string& worker, uint64_t lease_id, const std::string& wrong,
                       std::string* why);

  GroupBufferOptions options_;
  std::vector<Slot> slots_;
  int64_t filled_ = 0, advances_ = 0;
  SamplingParams sampling_;
  int64_t policy_version_ = 0;
  uint64_t next_lease_ = 1;
  uint64_t first_lease_of_batch_ = 1;
  std::unordered_map<uint64_t, GivenLease> leases_;  // of the open batch
  std::map<std::string, Worker> workers_;
};

}  // namespace r1zero
