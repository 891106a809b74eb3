// The writers of the pretraining texts: they guess, try, check, err, give up or ramble.
//
//   <think>6+6=12+8=20+8=28:16wait6-6=0+8=8+8=16:16ok</think><answer>6-6+8+8</answer>
//
// What a try looks like is the task's (an AttemptSource); how writers behave is common to all.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "common/philox.h"
#include "tasks/corpus_mix.h"

namespace r1zero {

// One try at a problem, as a writer puts it down.
struct Attempt {
  std::string worked;  // "6+6=12+8=20-8=12"
  int64_t result = 0;  // what the writer got; wrong after a slip
  std::string answer;  // the expression tried: "6+6+8-8"
};

// The tries of one writer at one problem.
class AttemptSource {
 public:
  virtual ~AttemptSource() = default;
  virtual std::string Guess(RandomStream& rng) = 0;  // an expression, unchecked
  virtual Attempt Next(RandomStream& rng) = 0;
};

// An answer to a question in one of the four styles.
std::string WriteResponse(RandomStream& rng, const CorpusMix& mix, int64_t target,
                          AttemptSource& source);

// Where the false claims of drills lie.
struct ClaimRange {
  int64_t near_min, near_max;  // result +-1..8, kept within
  int64_t far_min, far_max;    // uniform
};

// A worked sum, a claimed result (true for half of them) and its tick: "6+6=12:13wait".
std::string WriteDrillLine(RandomStream& rng, const Attempt& sum, const ClaimRange& claims);

// `value`, or with chance `slip` a number 1, 2 or 10 beside it.
int64_t Slipped(RandomStream& rng, double slip, int64_t value);

// An index drawn with weights exp(-distance / tau). The weights are made of + * / alone, so that
// every machine draws the same.
size_t DrawNear(RandomStream& rng, std::span<const int64_t> distances, double tau);

}  // namespace r1zero
