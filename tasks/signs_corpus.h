// The pretraining texts of `signs`.
#pragma once

#include <vector>

#include "common/philox.h"
#include "tasks/corpus_mix.h"
#include "tasks/messy_writer.h"
#include "tasks/probes.h"
#include "tasks/signs_problem.h"
#include "tasks/task.h"

namespace r1zero {

// The pattern worked through from left to right: "6-6=0+8=8+8=16".
Attempt WorkOut(RandomStream& rng, const DigitRow& digits, int pattern, double slip);

// A drill, or a question with an answer in one of the four styles. Training side only.
Document WriteSignsDocument(RandomStream& rng, const CorpusMix& mix);

// `count` problems of the training side with one try each; every other try hits.
std::vector<ProbeText> SignsProbeTexts(RandomStream& rng, int count);

}  // namespace r1zero
