// Which sequences run in a step, and in which KV blocks: admission, pre-emption, resumption.
//
// All sequences stand in one line, the oldest group first and in it the lowest sample; the running
// ones are the front of that line, the pre-empted ones its end. Whoever needs a block when none is
// free gets one from the youngest running sequence, itself at last. A pre-empted sequence keeps its
// tokens and its place in the line, and is run again before any new group is admitted.
//
// There is no livelock. The first of the line is never pre-empted for another, gets its block first,
// its share of the step's tokens first, and one sequence alone always fits (CheckLease): every step
// brings it nearer to its end. When it is done, the next one is the first.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <vector>

#include "policy/decoder.h"
#include "rollout/block_manager.h"
#include "rollout/sequence.h"

namespace r1zero {

class Scheduler {
 public:
  // Copies blocks with `decoder`, which must outlive it.
  Scheduler(Decoder& decoder, int64_t max_sequences);

  void Add(Lease lease);  // REQUIRES that CheckLease takes it

  // Before a forward pass: gives every running sequence the block that its next token needs,
  // pre-empting where none is free, and then resumes and admits what fits.
  void Schedule();
  std::span<Sequence> running() { return std::span(line_).first(num_running_); }

  // After it: a prompt that has been run becomes its group's completions, with its logits_row.
  void Fork();
  // Lets finished sequences go. Returns the groups that are complete.
  std::vector<Group> TakeFinished();

  // How many more groups like this one would be admitted by the next Schedule, at least: 0 while
  // others wait or are pre-empted. REQUIRES a group size of at least 1.
  int64_t RoomFor(const Lease& like) const;

  bool idle() const { return groups_.empty() && waiting_.empty(); }
  int64_t num_sequences() const { return unfinished_; }  // completions, of waiting groups too
  int64_t num_free_blocks() const { return blocks_.num_free(); }
  int64_t preemptions() const { return preemptions_; }

 private:
  bool NeedsBlock(const Sequence& sequence) const;
  void GiveBlock(Sequence& sequence);
  void GiveBlocks();
  void PreemptYoungest();
  bool ResumeNext();
  bool AdmitNext();
  int64_t PromisedBlocks() const;
  int64_t NeededBlocks() const;
  void Start(Lease lease);
  void ForkPrompt(size_t place);
  void AllocateUpTo(Sequence& sequence, int64_t num_blocks);
  void ReleaseBlocks(Sequence& sequence);

  Decoder& decoder_;
  const int64_t max_sequences_;
  const int64_t watermark_;  // blocks that admission and resumption leave free
  BlockManager blocks_;
  std::deque<Lease> waiting_;
  std::vector<std::unique_ptr<RunningGroup>> groups_;  // the oldest first
  std::vector<Sequence> line_;
  size_t num_running_ = 0;  // of the line
  int64_t admitted_ = 0;    // completions of admitted groups, not finished
  int64_t unfinished_ = 0;  // ... and of waiting ones
  int64_t preemptions_ = 0;
};

}  // namespace r1zero
