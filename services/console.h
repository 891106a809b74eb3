// What a person sees while a run goes on: one live line on a terminal, plain lines otherwise.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "grpo/pretrain.h"
#include "grpo/trainer.h"
#include "services/evaluation_run.h"

namespace r1zero {

// Not thread-safe.
class Console {
 public:
  Console();  // looks whether standard error is a terminal
  ~Console();
  void Line(const std::string& text);  // stays on the screen
  void Done();                         // ends the live line, which stays
  void Pretraining(const PretrainProgress& progress);
  void Training(const TrainerEvent& event);
  void Evaluating(const EvaluationProgress& progress);

 private:
  // An event comes each second of a wait, the first one after so many quiet seconds; lines without a
  // terminal at 5, 10, 20, 40, ... seconds of one wait.
  static constexpr int kQuietBeforeTheFirst = 3, kFirstWaitingLine = 5;

  // Replaces the live line with the columns that fit; a plain line without a terminal.
  void Live(const std::vector<std::string>& columns);
  // The same, and nothing without a terminal.
  void Passing(const std::vector<std::string>& columns);
  void Step(const std::string& at, const TrainerEvent& event);
  void Evaluated(const std::string& at, const TrainerEvent& event);
  void Waiting(const std::string& text);

  bool terminal_ = false;
  bool live_ = false;
  int64_t pretraining_part_ = -1, evaluation_part_ = -1;
  int quiet_seconds_ = kQuietBeforeTheFirst, next_waiting_line_ = kFirstWaitingLine;
  std::string last_evaluation_;
};

// The columns that fit into `width` characters, two spaces apart, the important ones first; empty ones
// are left out. Of a first one that is too long, the words that fit.
std::string FitColumns(const std::vector<std::string>& columns, size_t width);
std::string FormatSeconds(double seconds);  // "1m32s"
std::string FormatCount(double n);          // "31.2k"

}  // namespace r1zero
