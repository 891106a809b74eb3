#include "grpo/lease_book.h"

#include <algorithm>
#include <iomanip>
#include <sstream>

#include "common/error.h"
#include "common/log.h"

namespace r1zero {
namespace {

constexpr int kMaxRefusals = 3;             // of one worker's groups
constexpr int64_t kPatience = 3;            // lease times, and what they grow by
constexpr int64_t kInWork = 20;             // times as patient at most with a worker that advances
constexpr int64_t kSilence = 3;             // lease times after which a worker is forgotten
constexpr std::chrono::seconds kActive(5);  // so long one who asked counts for the fair share
constexpr size_t kOrdinalsNamed = 8;        // in a sentence

std::string Ordinals(const std::vector<int64_t>& ordinals) {
  std::ostringstream text;
  text << (ordinals.size() == 1 ? "ordinal " : "ordinals ");
  for (size_t i = 0; i < std::min(ordinals.size(), kOrdinalsNamed); ++i)
    text << (i ? ", " : "") << ordinals[i];
  if (ordinals.size() > kOrdinalsNamed)
    text << " and " << ordinals.size() - kOrdinalsNamed << " more";
  return text.str();
}

}  // namespace

LeaseBook::LeaseBook(GroupBufferOptions options) : options_(std::move(options)) {
  Require(options_.vocab_size > 0, "group buffer: a vocabulary of ", options_.vocab_size,
          " tokens");
}

void LeaseBook::Open(std::vector<Prompt> prompts, const SamplingParams& sampling,
                     int64_t policy_version) {
  Require(!prompts.empty(), "group buffer: a batch of no prompts");
  Require(!is_open(), "group buffer: a batch is open already");
  sampling_ = sampling;
  policy_version_ = policy_version;
  filled_ = 0;
  slots_.resize(prompts.size());
  for (size_t i = 0; i < prompts.size(); ++i) slots_[i].prompt = std::move(prompts[i]);
}

std::vector<Group> LeaseBook::Close() {
  std::vector<Group> groups;
  for (Slot& slot : slots_)
    if (slot.group) groups.push_back(std::move(*slot.group));
  slots_.clear();
  leases_.clear();
  filled_ = 0;
  first_lease_of_batch_ = next_lease_;
  return groups;
}

std::vector<Lease> LeaseBook::Give(const std::string& worker, int64_t max_prompts) {
  std::vector<Lease> given;
  if (workers_[worker].refusals >= kMaxRefusals) return given;
  workers_[worker].active = options_.now();
  const int64_t most = std::min(max_prompts, FairShare(worker));
  for (size_t i = 0; i < slots_.size() && static_cast<int64_t>(given.size()) < most; ++i)
    if (IsFree(slots_[i])) given.push_back(GiveSlot(i, worker));
  return given;
}

// Open prompts divided by the workers that take part, less what this one holds.
int64_t LeaseBook::FairShare(const std::string& worker) const {
  const int64_t open_prompts = static_cast<int64_t>(slots_.size()) - filled_;
  const int64_t sharing = std::max<int64_t>(
      std::ranges::count_if(workers_, [&](const auto& w) { return TakesPart(w.first, w.second); }),
      1);
  const int64_t held =
      std::ranges::count_if(slots_, [&](const Slot& slot) { return Holds(worker, slot); });
  return (open_prompts + sharing - 1) / sharing - held;
}

bool LeaseBook::Holds(const std::string& worker, const Slot& slot) const {
  return !slot.group && slot.worker == worker && !IsFree(slot);
}

// One that only beats, or was here once, must not make the others' share smaller.
bool LeaseBook::TakesPart(const std::string& name, const Worker& worker) const {
  if (!IsLive(worker) || worker.refusals >= kMaxRefusals) return false;
  return options_.now() - worker.active <= kActive ||
         std::ranges::any_of(slots_, [&](const Slot& slot) { return Holds(name, slot); });
}

Lease LeaseBook::GiveSlot(size_t index, const std::string& worker) {
  Slot& slot = slots_[index];
  const bool renewed_in_vain = slot.lease_id != 0 && options_.now() <= slot.expires_at;
  slot.patience = renewed_in_vain ? slot.patience * kPatience : kPatience;
  if (slot.lease_id != 0)
    LogWarning("prompt ", slot.prompt.ordinal, " did not come back from ", slot.worker,
               "; it goes to ", worker);
  slot.lease_id = next_lease_++;
  slot.worker = worker;
  slot.leased_at = options_.now();
  slot.expires_at = slot.leased_at + options_.lease_time;
  leases_[slot.lease_id] = {index, worker};
  return {slot.lease_id, policy_version_, slot.prompt, sampling_};
}

SubmitVerdict LeaseBook::Submit(const std::string& worker, Group group, std::string* why) {
  workers_[worker].active = options_.now();
  const auto lease = leases_.find(group.lease_id);
  if (lease == leases_.end())
    return group.lease_id != 0 && group.lease_id < first_lease_of_batch_
               ? SubmitVerdict::kStale
               : SubmitVerdict::kUnknownLease;
  if (lease->second.worker != worker)
    return Refuse(worker, 0, "the lease is of worker " + lease->second.worker, why);
  Slot& slot = slots_[lease->second.slot];
  if (slot.group) return SubmitVerdict::kDuplicate;

  const Lease given{group.lease_id, policy_version_, slot.prompt, sampling_};
  const std::string wrong =
      WhatIsWrong(group, given, {options_.vocab_size, options_.eos_tokens, options_.parts});
  if (!wrong.empty()) return Refuse(worker, group.lease_id, wrong, why);

  group.prompt = slot.prompt;
  slot.group = std::move(group);
  ++filled_;
  return SubmitVerdict::kAccepted;
}

SubmitVerdict LeaseBook::Refuse(const std::string& worker, uint64_t lease_id,
                                const std::string& wrong, std::string* why) {
  if (why) *why = wrong;
  Worker& refused = workers_[worker];
  ++refused.refusals;
  refused.why = wrong;
  LogWarning("refused a group of ", worker, " (", refused.refusals, " of ", kMaxRefusals,
             "): ", wrong);
  const auto lease = leases_.find(lease_id);
  if (lease != leases_.end() && slots_[lease->second.slot].lease_id == lease_id)
    slots_[lease->second.slot].lease_id = 0;
  return SubmitVerdict::kInvalid;
}

void LeaseBook::Touch(const std::string& worker) {
  workers_[worker].seen = options_.now();
  ForgetTheSilent();
  for (Slot& slot : slots_)
    if (slot.lease_id != 0 && slot.worker == worker)
      slot.expires_at = options_.now() + options_.lease_time;
}

void LeaseBook::Advance(const std::string& worker, int64_t tokens) {
  Worker& advancing = workers_[worker];
  if (advancing.tokens == tokens) return;
  advancing.tokens = tokens;
  advancing.advanced = options_.now();
  ++advances_;
}

void LeaseBook::ForgetTheSilent() {
  std::erase_if(workers_, [&](const auto& named) {
    return options_.now() - named.second.seen > kSilence * options_.lease_time;
  });
}

void LeaseBook::Forget(const std::string& worker) {
  workers_.erase(worker);
  for (Slot& slot : slots_)
    if (slot.worker == worker) slot.lease_id = 0;
}

void LeaseBook::Keep(const std::string& worker, std::span<const uint64_t> held) {
  for (Slot& slot : slots_)
    if (slot.worker == worker && std::ranges::find(held, slot.lease_id) == held.end())
      slot.lease_id = 0;
}

bool LeaseBook::IsLive(const Worker& worker) const {
  return options_.now() - worker.seen <= options_.lease_time;
}

bool LeaseBook::IsFree(const Slot& slot) const {
  if (slot.group) return false;
  if (slot.lease_id == 0) return true;
  const Time now = options_.now();
  const auto worker = workers_.find(slot.worker);
  const Time in_work = worker == workers_.end() ? slot.leased_at : worker->second.advanced;
  const auto patience = slot.patience * options_.lease_time;
  return now > slot.expires_at || now > std::max(slot.leased_at, in_work) + patience ||
         now > slot.leased_at + kInWork * patience;
}

int64_t LeaseBook::live_workers() const {
  return std::count_if(workers_.begin(), workers_.end(), [&](const auto& named) {
    return IsLive(named.second) && named.second.refusals < kMaxRefusals;
  });
}

void LeaseBook::RequireTrustedWorker() const {
  if (live_workers() > 0) return;
  for (const auto& [name, worker] : workers_)
    Require(!IsLive(worker), "no worker is left to roll out: ", worker.refusals, " groups of ",
            name, " were refused, the last because: ", worker.why);
}

std::string LeaseBook::Describe() const {
  if (!is_open()) return "no step is open";
  std::ostringstream text;
  text << std::fixed << std::setprecision(1)
       << (slots_[0].prompt.use == PromptUse::kTraining ? "step" : "evaluation") << " waits for "
       << static_cast<int64_t>(slots_.size()) - filled_ << " of " << slots_.size() << " groups";

  struct Held {
    std::vector<int64_t> ordinals;
    Time since = Time::max();
  };
  std::map<std::string, Held> by_worker;
  std::vector<int64_t> free;
  for (const Slot& slot : slots_) {
    if (slot.group) continue;
    if (IsFree(slot)) {
      free.push_back(slot.prompt.ordinal);
      continue;
    }
    Held& held = by_worker[slot.worker];
    held.ordinals.push_back(slot.prompt.ordinal);
    held.since = std::min(held.since, slot.leased_at);
  }

  const char* separator = ": ";
  for (const auto& [worker, held] : by_worker) {
    text << separator << Ordinals(held.ordinals) << " leased to " << worker << " since "
         << std::chrono::duration<double>(options_.now() - held.since).count() << " s";
    separator = "; ";
  }
  if (!free.empty())
    text << separator << Ordinals(free) << " not leased, " << live_workers() << " live workers";
  for (const auto& [name, worker] : workers_)
    if (worker.refusals >= kMaxRefusals)
      text << "; " << name << " gets no more prompts: " << worker.why;
  return text.str();
}

}  // namespace r1zero
