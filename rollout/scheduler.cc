#include "rollout/scheduler.h"

#include <algorithm>
#include <utility>

#include "kernels/attention.h"
#include "rollout/lease_check.h"

namespace r1zero {

using kernels::kKvBlockTokens;

// Resumed sequences would soon be pre-empted again if they took the last blocks: 1 in 100 is kept,
// as vLLM does.
Scheduler::Scheduler(Decoder& decoder, int64_t max_sequences)
    : decoder_(decoder),
      max_sequences_(max_sequences),
      watermark_(std::max<int64_t>(1, decoder.num_blocks() / 100)),
      blocks_(decoder.num_blocks()) {
  line_.reserve(max_sequences);
}

void Scheduler::Add(Lease lease) {
  unfinished_ += lease.sampling.group_size;
  waiting_.push_back(std::move(lease));
}

void Scheduler::Schedule() {
  GiveBlocks();
  while (num_running_ < line_.size() && ResumeNext()) {
  }
  while (num_running_ == line_.size() && !waiting_.empty() && AdmitNext()) {
  }
}

void Scheduler::GiveBlocks() {
  for (size_t place = 0; place < num_running_; ++place) {
    while (place < num_running_ && NeedsBlock(line_[place]) && blocks_.num_free() == 0)
      PreemptYoungest();
    if (place < num_running_ && NeedsBlock(line_[place])) GiveBlock(line_[place]);
  }
}

// Its next token falls behind its blocks, or into one that it shares.
bool Scheduler::NeedsBlock(const Sequence& sequence) const {
  const size_t next = sequence.tokens_run / kKvBlockTokens;
  return next == sequence.blocks.size() || blocks_.IsShared(sequence.blocks[next]);
}

void Scheduler::GiveBlock(Sequence& sequence) {
  const size_t next = sequence.tokens_run / kKvBlockTokens;
  const int32_t block = blocks_.Allocate();
  if (next == sequence.blocks.size()) return sequence.blocks.push_back(block);
  decoder_.CopyBlock(sequence.blocks[next], block,
                     static_cast<int>(sequence.tokens_run % kKvBlockTokens));
  blocks_.Release(std::exchange(sequence.blocks[next], block));
}

void Scheduler::PreemptYoungest() {
  Sequence& youngest = line_[--num_running_];
  ReleaseBlocks(youngest);
  youngest.tokens_run = 0;
  ++youngest.group->group.preemptions;
  ++preemptions_;
}

// The first of the pre-empted ones: false if there is no room. It shares the blocks that its prompt
// fills with the running sibling before it, and waits if that one is itself still running them.
bool Scheduler::ResumeNext() {
  Sequence& next = line_[num_running_];
  const Sequence* before = num_running_ > 0 ? &line_[num_running_ - 1] : nullptr;
  const bool has_sibling = before != nullptr && before->group == next.group;
  const int64_t shared = has_sibling ? next.group->prompt_size() / kKvBlockTokens : 0;
  if (has_sibling && before->tokens_run < shared * kKvBlockTokens) return false;
  const int64_t needed = BlocksFor(next.num_tokens()) - shared;
  if (num_running_ > 0 && blocks_.num_free() < needed + watermark_) return false;
  for (int64_t i = 0; i < shared; ++i) {
    blocks_.Share(before->blocks[i]);
    next.blocks.push_back(before->blocks[i]);
  }
  AllocateUpTo(next, shared + needed);
  next.tokens_run = shared * kKvBlockTokens;
  ++num_running_;
  return true;
}

void Scheduler::Fork() {
  for (size_t place = 0; place < num_running_; ++place)
    if (line_[place].is_prompt() && line_[place].logits_row >= 0) ForkPrompt(place);
}

// All share the prompt's blocks; what each writes first goes into a block of its own (GiveBlock).
void Scheduler::ForkPrompt(size_t place) {
  const Sequence prompt = std::move(line_[place]);
  const int32_t group_size = prompt.group->sampling.group_size;
  for (int32_t sample = 1; sample < group_size; ++sample)
    for (const int32_t block : prompt.blocks) blocks_.Share(block);
  line_.insert(line_.begin() + place, group_size - 1, Sequence{});
  for (int32_t sample = 0; sample < group_size; ++sample) {
    Sequence& sequence = line_[place + sample];
    sequence = {.group = prompt.group,
                .sample = sample,
                .tokens_run = prompt.tokens_run,
                .logits_row = prompt.logits_row,
                .stop_state = prompt.group->stop.Start()};
    sequence.blocks.reserve(prompt.blocks.capacity());
    sequence.blocks.assign(prompt.blocks.begin(), prompt.blocks.end());
  }
  num_running_ += group_size - 1;
}

std::vector<Group> Scheduler::TakeFinished() {
  for (Sequence& sequence : running()) {
    if (!sequence.is_finished) continue;
    ReleaseBlocks(sequence);
    --sequence.group->unfinished;
    --admitted_, --unfinished_, --num_running_;
  }
  std::erase_if(line_, [](const Sequence& sequence) { return sequence.is_finished; });
  std::vector<Group> finished;
  for (auto& group : groups_) {
    if (group->unfinished > 0) continue;
    finished.push_back(std::move(group->group));
    group.reset();
  }
  std::erase(groups_, nullptr);
  return finished;
}

void Scheduler::AllocateUpTo(Sequence& sequence, int64_t num_blocks) {
  while (static_cast<int64_t>(sequence.blocks.size()) < num_blocks)
    sequence.blocks.push_back(blocks_.Allocate());
}

void Scheduler::ReleaseBlocks(Sequence& sequence) {
  for (const int32_t block : sequence.blocks) blocks_.Release(block);
  sequence.blocks.clear();
}

}  // namespace r1zero
