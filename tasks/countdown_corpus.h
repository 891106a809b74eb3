// The pretraining texts of `countdown`, in the spirit of those of `signs`.
//
//   3 5 8=23:   <think>5*8=40,40-3=37:23wait3*5=15,15+8=23:23ok</think><answer>(3*5)+8</answer>
#pragma once

#include <vector>

#include "common/philox.h"
#include "tasks/corpus_mix.h"
#include "tasks/countdown_problem.h"
#include "tasks/messy_writer.h"

namespace r1zero {

// Three worked sums over numbers of the training side, each with a claim and its tick.
std::string WriteCountdownDrill(RandomStream& rng, const NumberRange& range);

// An answer to `problem` in one of the four styles.
std::string WriteCountdownResponse(RandomStream& rng, const CorpusMix& mix,
                                   const CountdownProblem& problem);

// A try at `numbers` and a problem that it hits or misses, for the readiness probes.
struct ProbedTry {
  CountdownProblem problem;
  Attempt attempt;
};
ProbedTry DrawProbedTry(RandomStream& rng, const NumberRange& range, bool hit);

}  // namespace r1zero
