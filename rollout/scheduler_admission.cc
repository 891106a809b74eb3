// Which groups begin: the rules of admission of rollout/scheduler.h.
#include <algorithm>
#include <utility>

#include "kernels/attention.h"
#include "rollout/lease_check.h"
#include "rollout/scheduler.h"

namespace r1zero {
namespace {

using kernels::kKvBlockTokens;

// The group as it is before its first token.
std::unique_ptr<RunningGroup> MakeRunning(Lease lease) {
  auto running = std::make_unique<RunningGroup>();
  running->sampling = lease.sampling;
  running->stop = StopMatcher(lease.sampling.stop);
  running->unfinished = lease.sampling.group_size;
  running->group = {.lease_id = lease.id,
                    .prompt = std::move(lease.prompt),
                    .completions = std::vector<Completion>(lease.sampling.group_size)};
  const int64_t most_tokens = lease.sampling.max_total_tokens - running->prompt_size();
  for (Completion& completion : running->group.completions) {
    completion.tokens.reserve(most_tokens);
    completion.logprobs.reserve(most_tokens);
    if (Truncates(lease.sampling)) completion.kept.lengths_T.reserve(most_tokens);
  }
  return running;
}

// Its prompt's blocks and one for each sample.
int64_t BlocksToStart(const Lease& lease) {
  return BlocksFor(static_cast<int64_t>(lease.prompt.tokens.size())) + lease.sampling.group_size;
}

// The most that it can come to use.
int64_t BlocksToEnd(const Lease& lease) {
  const int64_t shared = static_cast<int64_t>(lease.prompt.tokens.size()) / kKvBlockTokens;
  const int64_t per_sample = LeastKvBlocks(lease.sampling.max_total_tokens) - shared;
  return shared + lease.sampling.group_size * per_sample;
}

int64_t BlocksToAdmit(const Lease& lease, int64_t watermark) {
  return std::min(BlocksToStart(lease) + watermark, BlocksToEnd(lease));
}

}  // namespace

// The group that has waited longest: false if there is no room.
bool Scheduler::AdmitNext() {
  const Lease& next = waiting_.front();
  if (admitted_ + next.sampling.group_size > max_sequences_) return false;
  const int64_t wanted = BlocksToAdmit(next, watermark_) + PromisedBlocks();
  if (!line_.empty() && blocks_.num_free() < wanted) return false;
  Start(std::move(waiting_.front()));
  waiting_.pop_front();
  return true;
}

// One for each completion of a prompt that is still being run.
int64_t Scheduler::PromisedBlocks() const {
  int64_t promised = 0;
  for (const Sequence& sequence : line_)
    if (sequence.is_prompt()) promised += sequence.group->sampling.group_size;
  return promised;
}

// For the next tokens of the running sequences, at most.
int64_t Scheduler::NeededBlocks() const {
  return std::count_if(line_.begin(), line_.begin() + static_cast<int64_t>(num_running_),
                       [&](const Sequence& sequence) { return NeedsBlock(sequence); });
}

int64_t Scheduler::RoomFor(const Lease& like) const {
  if (num_running_ < line_.size() || !waiting_.empty()) return 0;
  const int64_t by_sequences = (max_sequences_ - admitted_) / like.sampling.group_size;
  const int64_t free = blocks_.num_free() - NeededBlocks() - PromisedBlocks();
  const int64_t beyond_first = free - BlocksToAdmit(like, watermark_);
  int64_t by_blocks = beyond_first < 0 ? 0 : 1 + beyond_first / BlocksToStart(like);
  if (line_.empty()) by_blocks = std::max<int64_t>(1, by_blocks);
  return std::min(by_sequences, by_blocks);
}

void Scheduler::Start(Lease lease) {
  groups_.push_back(MakeRunning(std::move(lease)));
  RunningGroup& group = *groups_.back();
  admitted_ += group.unfinished;
  line_.push_back({.group = &group});
  line_.back().blocks.reserve(BlocksFor(group.sampling.max_total_tokens));
  AllocateUpTo(line_.back(), BlocksFor(group.prompt_size()));
  ++num_running_;
}

}  // namespace r1zero
