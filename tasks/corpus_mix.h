// [task.mix]: what the pretraining texts of a generated task are made of.
//
// The base policy must be able to write everything that RL will choose from, and be told about none
// of it: most texts guess, some try and check, few do it well, and no label says which is which.
#pragma once

#include <cstdint>
#include <string>

#include "common/config.h"

namespace r1zero {

struct CorpusMix {
  double drill = 0.30;  // share of documents that are homework: worked sums with ticks, no question

  // How the other documents answer their question; weights, relative to their sum.
  double direct = 0.35;  // <answer>a guess</answer>
  double bare = 0.12;    // a guess without tags; half of them claim the target, true or not
  double think = 0.48;   // tries until the writer stops, then the last try as the answer
  double ramble = 0.05;  // tries, and never an answer

  // What a try is.
  double systematic = 0.50;  // share of writers who try nothing twice
  double in_order = 0.0;  // share of writers who count through the patterns in order (signs only)
  double guided = 0.20;   // share of tries that aim at the target,
  double tau = 4.0;       //   by weights exp(-|value - target| / tau)
  double slip = 0.01;     // a step is off by 1, 2 or 10, and the error is carried on
  double miss = 0.05;     // a hit goes unnoticed

  // When a writer stops without a hit.
  double patient = 0.40;          // share of patient writers
  double give_up = 0.65;          // after each miss, the others
  double give_up_patient = 0.20;  // after each miss, the patient
  int64_t max_tries = 8;
};
void Describe(Fields& f, CorpusMix& c);

// Error naming the key if the shares make no sense together.
void Check(const CorpusMix& c);
// Error naming the first key that is not at its default: `task` writes no pretraining texts.
void RequireUnset(const CorpusMix& c, const std::string& task);

}  // namespace r1zero
