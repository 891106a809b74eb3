#include "grpo/group_buffer.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>

#include "common/error.h"

namespace r1zero {

using Clock = std::chrono::steady_clock;

namespace {

GroupTimes Longer(const GroupTimes& a, const GroupTimes& b) {
  return {std::max(a.engine_s, b.engine_s), std::max(a.reward_s, b.reward_s)};
}

}  // namespace

struct GroupBuffer::State {
  explicit State(GroupBufferOptions options) : book(std::move(options)) {}

  mutable std::mutex mutex;  // guards all below
  std::condition_variable prompts_free;
  std::condition_variable batch_complete;
  LeaseBook book;
  GroupTimes longest;  // of the groups accepted since the last Issue
  bool finished = false;
  bool stopped = false;
};

GroupBuffer::GroupBuffer(GroupBufferOptions options)
    : state_(std::make_unique<State>(std::move(options))) {}

GroupBuffer::~GroupBuffer() = default;

void GroupBuffer::Issue(std::vector<Prompt> prompts, const SamplingParams& sampling,
                        int64_t policy_version) {
  const std::lock_guard lock(state_->mutex);
  state_->longest = {};
  state_->book.Open(std::move(prompts), sampling, policy_version);
  state_->prompts_free.notify_all();
}

// So long nothing moves before a person is told who waits for whom.
constexpr int kQuietSeconds = 4;

std::optional<std::vector<Group>> GroupBuffer::Take(
    const std::function<void(const TakeProgress&)>& waiting) {
  std::unique_lock lock(state_->mutex);
  Require(state_->book.is_open(), "group buffer: no batch is open");
  const auto over = [&] { return state_->stopped || state_->book.is_complete(); };
  const int64_t issued = state_->book.issued();
  const auto moved = [&] { return std::pair(state_->book.missing(), state_->book.advances()); };
  auto before = moved();
  for (int quiet = 0; !state_->batch_complete.wait_for(lock, std::chrono::seconds(1), over);) {
    state_->book.RequireTrustedWorker();
    quiet = moved() == before ? quiet + 1 : 0;
    before = moved();
    const TakeProgress progress{
        .back = issued - state_->book.missing(),
        .issued = issued,
        .who_waits_for_whom = quiet < kQuietSeconds ? "" : state_->book.Describe()};
    lock.unlock();
    if (waiting) waiting(progress);
    lock.lock();
  }
  std::vector<Group> groups = state_->book.Close();
  if (state_->stopped) return std::nullopt;
  return groups;
}

std::optional<std::vector<Lease>> GroupBuffer::LeasePrompts(const std::string& worker,
                                                            int64_t max_prompts,
                                                            std::chrono::milliseconds wait) {
  // Leases also come free by time alone, which nobody announces.
  constexpr std::chrono::milliseconds kLookAgain(50);
  const Clock::time_point deadline = Clock::now() + wait;
  std::unique_lock lock(state_->mutex);
  state_->book.Touch(worker);
  while (!state_->finished) {
    std::vector<Lease> leases = state_->book.Give(worker, max_prompts);
    const Clock::time_point now = Clock::now();
    if (!leases.empty() || now >= deadline) return leases;
    state_->prompts_free.wait_until(lock, std::min<Clock::time_point>(deadline, now + kLookAgain));
  }
  return std::nullopt;
}

SubmitVerdict GroupBuffer::Submit(const std::string& worker, Group group, std::string* why,
                                  const GroupTimes& times) {
  const std::lock_guard lock(state_->mutex);
  state_->book.Touch(worker);
  const SubmitVerdict verdict = state_->book.Submit(worker, std::move(group), why);
  if (verdict == SubmitVerdict::kAccepted) state_->longest = Longer(state_->longest, times);
  if (verdict == SubmitVerdict::kInvalid) state_->prompts_free.notify_all();
  if (state_->book.is_open() && state_->book.is_complete()) state_->batch_complete.notify_all();
  return verdict;
}

void GroupBuffer::Heartbeat(const std::string& worker, int64_t tokens) {
  const std::lock_guard lock(state_->mutex);
  state_->book.Touch(worker);
  state_->book.Advance(worker, tokens);
}

void GroupBuffer::Forget(const std::string& worker) {
  const std::lock_guard lock(state_->mutex);
  state_->book.Forget(worker);
  state_->prompts_free.notify_all();
}

void GroupBuffer::Keep(const std::string& worker, std::span<const uint64_t> held) {
  const std::lock_guard lock(state_->mutex);
  state_->book.Keep(worker, held);
  state_->prompts_free.notify_all();
}

void GroupBuffer::Finish() {
  const std::lock_guard lock(state_->mutex);
  state_->finished = true;
  state_->prompts_free.notify_all();
}

void GroupBuffer::Stop() {
  const std::lock_guard lock(state_->mutex);
  state_->stopped = true;
  state_->batch_complete.notify_all();
}

GroupTimes GroupBuffer::longest() const {
  const std::lock_guard lock(state_->mutex);
  return state_->longest;
}

int64_t GroupBuffer::live_workers() const {
  const std::lock_guard lock(state_->mutex);
  return state_->book.live_workers();
}

std::string GroupBuffer::Describe() const {
  const std::lock_guard lock(state_->mutex);
  return state_->book.Describe();
}

}  // namespace r1zero
