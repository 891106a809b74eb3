// r1zero eval, without its command line: samples the problems of a file and judges the completions.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "grpo/evaluation_summary.h"
#include "reward/rubric.h"
#include "services/evaluation_rows.h"
#include "services/problem_file.h"
#include "services/sampling_model.h"

namespace r1zero {

struct EvaluationOptions {
  std::string model;                // a model folder, a checkpoint or a run
  std::string storage = "float32";  // or bfloat16: of matrices, embedding, keys and values
  ProblemFileOptions data;
  std::string style = "plain";
  std::string verifier;
  std::string format = "format";  // the verifier of "right format"
  SamplingParams sampling{.group_size = 16, .temperature = 1, .seed = 1};
  int64_t max_tokens = 1024;  // of a completion; fewer where the context ends
  int workers = 0;            // threads, an engine each; 0: one a core
  std::string out;            // rows; empty: not written
};

struct EvaluationProgress {
  int64_t problems_done = 0, problems = 0;  // those done before an interruption too
  int64_t tokens = 0;                       // sampled in this session
  double seconds = 0;
  double seconds_left = 0;  // infinite while nothing is known
};

// Everything that can be wrong is wrong at construction: the model, the file, the verifier, golds
// that the verifier does not understand (all of them: an Error; some: left out and listed), prompts
// that fill the context, rows of another evaluation.
class EvaluationRun {
 public:
  explicit EvaluationRun(EvaluationOptions options);

  // Samples what is not done; once. False if `stop` asked to stop; what is done is in the rows. It is
  // asked before the first problem, after each, and now and then between, from any thread.
  bool Sample(const std::function<void(const EvaluationProgress&)>& show,
              const std::function<bool()>& stop);

  const EvaluationOptions& options() const { return options_; }
  const SamplingModel& model() const { return model_; }
  const Json& settings() const { return settings_; }
  // How the data's rows were understood: GSM8K: "question", "answer" with "#### 18".
  const std::string& read_as() const { return read_as_; }
  const std::vector<int64_t>& rows_without_gold() const { return rows_without_gold_; }
  // Whether a comparison pairs problems by row, and whether it will find any pair.
  bool IsOfSameFile(const EvaluationFile& other) const;
  bool SharesProblems(const EvaluationFile& other) const;
  std::vector<EvaluatedProblem> problems() const;  // those that are done, within the limit
  const EvaluationProgress& progress() const { return progress_; }

 private:
  void MakePrompts();
  void RequireRowsOfTheData() const;
  std::vector<Prompt> PromptsToDo() const;
  EvaluatedProblem Judge(const Group& group) const;

  EvaluationOptions options_;
  SamplingModel model_;
  Rubric rubric_;
  Json settings_;
  std::string read_as_;
  std::vector<Prompt> prompts_;  // ordinal: the file's row, from 0
  std::vector<int64_t> rows_without_gold_;
  std::unique_ptr<EvaluationRows> rows_;
  EvaluationProgress progress_;
};

}  // namespace r1zero
