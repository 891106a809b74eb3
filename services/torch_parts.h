// What needs libtorch, behind one door.
//
// Loading libtorch takes hundreds of milliseconds, most of them its static initialisers. It lies in a
// library beside r1zero-learner (libr1zero-torch.so) that is loaded when it is first asked for, so that
// no start waits for it: workers sample the first groups meanwhile.
#pragma once

#include <memory>
#include <string>

#include "grpo/learner.h"
#include "grpo/pretrain.h"
#include "policy/decoder.h"

namespace r1zero {

struct TorchParts {
  std::unique_ptr<Learner> (*make_learner)(const Weights& base, const LearnerOptions& options);
  PretrainResult (*pretrain)(const Task& task, const Tokenizer& tokenizer,
                             const PretrainOptions& options);
  std::unique_ptr<Decoder> (*make_decoder)(const ModelConfig& config, int64_t num_blocks,
                                           const std::string& device);
  void (*require_device)(const std::string& name);
};

// Loads them on the first call, which blocks until they are there. Thread-safe. Error if the library is
// not there or does not load.
const TorchParts& Torch();

// The same in the shadow of other work: this machine's cores are for the workers that start meanwhile.
const TorchParts& TorchAtLowPriority();

// Error if libtorch has no such device, or if the library is not there. "cpu" is always there, and libtorch
// is not loaded to say so.
void RequireDevice(const std::string& name);

}  // namespace r1zero
