// What a person sees while a run goes on: one live line on a terminal, plain lines otherwise.
#pragma once

#include <chrono>
#include <string>

#include "grpo/pretrain.h"
#include "grpo/trainer.h"

namespace r1zero {

// Not thread-safe.
class Console {
 public:
  Console();  // looks whether standard error is a terminal
  ~Console();
  void Line(const std::string& text);  // stays on the screen
  void Pretraining(const PretrainProgress& progress);
  void Training(const TrainerEvent& event);

 private:
  void Live(const std::string& text);     // replaces the live line; a plain line without a terminal
  void Passing(const std::string& text);  // the same, and nothing without a terminal
  bool terminal_ = false;
  bool live_ = false;
  int64_t pretraining_part_ = -1;
  std::string last_evaluation_;
};

std::string FormatSeconds(double seconds);  // "1m32s"
std::string FormatCount(double n);          // "31.2k"

}  // namespace r1zero
