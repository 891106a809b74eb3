#include "services/group_sampler.h"

#include <algorithm>
#include <utility>

#include "common/threads.h"

namespace r1zero {
namespace {

Lease LeaseOf(const Prompt& prompt, const SamplingParams& sampling, int32_t total_tokens) {
  Lease lease{.id = static_cast<uint64_t>(prompt.ordinal), .prompt = prompt, .sampling = sampling};
  lease.sampling.max_total_tokens = total_tokens;
  return lease;
}

int64_t LongestTotal(const SamplingModel& model, std::span<const Prompt> prompts,
                     int64_t max_tokens) {
  int64_t longest = 1;
  for (const Prompt& prompt : prompts)
    longest = std::max<int64_t>(longest, TotalTokens(model, prompt.tokens.size(), max_tokens));
  return longest;
}

}  // namespace

GroupSampler::GroupSampler(const SamplingModel& model, std::span<const Prompt> prompts,
                           const SamplingParams& sampling, int64_t max_tokens, int threads,
                           std::function<bool(Group)> take)
    : model_(model),
      prompts_(prompts),
      sampling_(sampling),
      max_tokens_(max_tokens),
      take_(std::move(take)) {
  running_ = std::clamp(threads, 1, std::max(1, static_cast<int>(prompts.size())));
  engines_to_make_ = running_;
  StartThreads(
      threads_, running_, "--workers", [this, engines = running_](int) { RunOne(engines); },
      [this] { Stop(); });
}

void GroupSampler::RunOne(int engines) {
  std::exception_ptr failure;
  try {
    Run(engines);
  } catch (...) {
    failure = std::current_exception();
    stop_ = true;
  }
  std::lock_guard lock(mutex_);
  if (!failure_) failure_ = failure;
  --running_;
  ended_.notify_all();
}

GroupSampler::~GroupSampler() {
  Stop();
  for (std::thread& thread : threads_) thread.join();
}

bool GroupSampler::Wait(std::chrono::milliseconds most) {
  std::unique_lock lock(mutex_);
  const bool over = ended_.wait_for(lock, most, [&] { return running_ == 0; });
  if (over && failure_) std::rethrow_exception(failure_);
  return over;
}

// Gives the engine the next prompt, if there is one, it has room, and its share of what is left is
// not running yet.
bool GroupSampler::StartNext(Engine& engine, int engines) {
  const size_t peek = next_;
  if (peek >= prompts_.size()) return false;
  const auto share = static_cast<int64_t>((prompts_.size() - peek + engines - 1) / engines);
  if (engine.num_sequences() >= share * sampling_.group_size) return false;
  const auto lease_of = [&](const Prompt& prompt) {
    return LeaseOf(prompt, sampling_, TotalTokens(model_, prompt.tokens.size(), max_tokens_));
  };
  if (!engine.idle() && engine.RoomFor(lease_of(prompts_[peek])) == 0) return false;
  const size_t mine = next_++;
  if (mine >= prompts_.size()) return false;
  engine.Add(lease_of(prompts_[mine]));
  return true;
}

void GroupSampler::Run(int engines) {
  const auto engine =
      MakeSamplingEngine(model_, {.group_size = sampling_.group_size,
                                  .max_total_tokens = LongestTotal(model_, prompts_, max_tokens_),
                                  .engines = engines});
  if (--engines_to_make_ == 0) model_.weights.reset();  // nobody reads them any more
  int64_t counted = 0;
  while (!stop_) {
    while (StartNext(*engine, engines)) {
    }
    if (engine->idle()) return;
    std::vector<Group> done = engine->Step();
    tokens_ += engine->tokens_sampled() - std::exchange(counted, engine->tokens_sampled());
    for (Group& group : done) {
      std::lock_guard lock(mutex_);
      if (!take_(std::move(group))) stop_ = true;
    }
  }
}

}  // namespace r1zero
