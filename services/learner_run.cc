#include "services/learner_run.h"

#include <charconv>
#include <chrono>

#include "common/error.h"
#include "common/log.h"
#include "common/stop.h"
#include "grpo/learner.h"
#include "grpo/report.h"
#include "reward/rubric.h"

namespace r1zero {
namespace {

double SecondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

GroupBufferOptions BufferOptions(const RunConfig& config, const ModelConfig& model) {
  return {.lease_time =
              std::chrono::milliseconds(static_cast<int64_t>(config.rollout.lease_seconds * 1000)),
          .vocab_size = static_cast<int32_t>(model.vocab_size),
          .eos_token = model.eos_token};
}

// The number in the file and one more, which is written back.
int64_t NextEpoch(const std::filesystem::path& file) {
  int64_t epoch = 1;
  if (std::filesystem::exists(file)) {
    const std::string text = ReadFile(file, 64);
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), epoch);
    Require(error == std::errc() && epoch >= 1, file.string(), " holds '", text,
            "'; expected a number, the starts of a learner on this folder");
    ++epoch;
  }
  WriteFileDurably(file, std::to_string(epoch) + "\n");
  return epoch;
}

}  // namespace

LearnerRun::LearnerRun(RunConfig config, RunFolder& folder, bool resume, bool accept_config_change)
    : config_(std::move(config)),
      folder_(folder),
      resume_(resume),
      accept_config_change_(accept_config_change),
      run_id_(config_.run.name + "-" + TrainingSha256(config_).substr(0, 12)),
      task_(MakeTask(config_.task)),
      shape_(ResolvePolicyShape(config_, *task_)),
      buffer_(std::make_unique<GroupBuffer>(BufferOptions(config_, shape_.model))) {
  Rubric check(rubric());  // an unknown verifier is a mistake in the configuration
  epoch_ = NextEpoch(folder_.path() / "epoch");
  WriteFileDurably(folder_.config(), ToToml(config_));
}

RewardConfig LearnerRun::rubric() const {
  return Resolved(config_.reward, task_->accuracy_verifier());
}

TrainerOutcome LearnerRun::Execute(Console& console) {
  const auto start = std::chrono::steady_clock::now();
  const BasePolicy base = LoadOrPretrainBase(
      config_, *task_, shape_, [&](const PretrainProgress& p) { console.Pretraining(p); });
  Summary summary = StartSummary(base);
  console.Line("base policy: " + std::to_string(NumParameters(shape_.model)) + " parameters, " +
               (base.cached ? "from the cache" : "ready") + "; training " + config_.run.name +
               " for " + std::to_string(config_.grpo.steps) + " steps");

  const auto learner =
      MakeLearner(*base.weights, {.config = config_.grpo,
                                  .max_completion_tokens = config_.rollout.max_total_tokens,
                                  .temperature = static_cast<float>(config_.rollout.temperature),
                                  .seed = static_cast<uint64_t>(config_.run.seed),
                                  .device = config_.run.device});
  std::vector<Prompt> held_out;
  for (const Problem& problem : task_->HeldOut())
    held_out.push_back(
        MakePrompt(PromptUse::kEvaluation, static_cast<int64_t>(held_out.size()), problem));

  const uint64_t seed = static_cast<uint64_t>(config_.run.seed);
  const TrainerOutcome outcome = Train(
      MakeTrainerConfig(),
      {.learner = *learner,
       .buffer = *buffer_,
       .weights = weights_,
       .folder = folder_,
       .tokenizer = *shape_.tokenizer,
       .training_prompt =
           [&](int64_t n) { return MakePrompt(PromptUse::kTraining, n, task_->Training(seed, n)); },
       .held_out = std::move(held_out),
       .show = [&](const TrainerEvent& event) { console.Training(event); },
       .stop = StopRequested},
      resume_, summary);
  buffer_->Finish();
  summary.seconds_total = SecondsSince(start);
  if (outcome == TrainerOutcome::kFinished) WriteResults(summary, console);
  return outcome;
}

Prompt LearnerRun::MakePrompt(PromptUse use, int64_t ordinal, const Problem& problem) const {
  return {.use = use,
          .ordinal = ordinal,
          .text = problem.prompt,
          .gold = problem.gold,
          .tokens = shape_.tokenizer->Encode(problem.prompt)};
}

TrainerConfig LearnerRun::MakeTrainerConfig() const {
  return {.seed = static_cast<uint64_t>(config_.run.seed),
          .grpo = config_.grpo,
          .eval = config_.eval,
          .checkpoint = config_.checkpoint,
          .temperature = config_.rollout.temperature,
          .max_total_tokens = config_.rollout.max_total_tokens,
          .config_sha256 = accept_config_change_ ? "" : TrainingSha256(config_)};
}

Summary LearnerRun::StartSummary(const BasePolicy& base) const {
  Summary summary;
  summary.run = config_.run.name;
  summary.task = config_.task.name;
  summary.device = config_.run.device;
  summary.seed = static_cast<uint64_t>(config_.run.seed);
  summary.seconds_pretraining = base.pretrain_seconds;
  summary.pretrain_tokens = base.pretrain_tokens;
  summary.base_was_cached = base.cached;
  summary.readiness = base.probes;
  summary.base_sha256 = WeightSha256(*base.weights);
  return summary;
}

void LearnerRun::WriteResults(const Summary& summary, Console& console) const {
  WriteFileDurably(folder_.summary(), SummaryJson(summary));
  WriteFileDurably(folder_.report(), ReportHtml(folder_));
  console.Line("");
  console.Line(SummaryText(summary));
  console.Line("look at " + folder_.report().string());
}

}  // namespace r1zero
