#include "services/learner_run.h"

#include <charconv>
#include <chrono>
#include <utility>

#include "common/error.h"
#include "common/log.h"
#include "common/stop.h"
#include "grpo/checkpoint.h"
#include "grpo/report.h"
#include "kernels/simd.h"
#include "services/background_learner.h"
#include "services/machine_memory.h"
#include "services/torch_parts.h"

namespace r1zero {
namespace {

double SecondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

GroupBufferOptions BufferOptions(const RunPlan& plan) {
  GroupBufferOptions options{.lease_time = std::chrono::milliseconds(
                                 static_cast<int64_t>(plan.config.rollout.lease_seconds * 1000)),
                             .vocab_size = static_cast<int32_t>(plan.shape.model.vocab_size),
                             .eos_tokens = plan.shape.model.eos_tokens};
  for (const auto& [name, weight] : plan.rubric.weights) options.parts.push_back({name, weight});
  return options;
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

LearnerRun::LearnerRun(RunPlan plan, RunFolder& folder, bool resume, bool accept_config_change)
    : plan_(std::move(plan)),
      folder_(folder),
      resume_(resume),
      accept_config_change_(accept_config_change),
      training_sha256_(TrainingSha256(plan_.config)),
      run_id_(plan_.config.run.name + "-" + training_sha256_.substr(0, 12)),
      buffer_(std::make_unique<GroupBuffer>(BufferOptions(plan_))) {
  CheckResumable();
  epoch_ = NextEpoch(folder_.path() / "epoch");
  WriteFileDurably(folder_.config(), ToToml(plan_.config));
}

// Before config.toml is written: it must stay what the checkpoint was trained under.
void LearnerRun::CheckResumable() const {
  if (!resume_ || accept_config_change_) return;
  const auto checkpoint = LatestConfigSha256(folder_.checkpoints());
  Require(!checkpoint || *checkpoint == training_sha256_, folder_.path().string(),
          ": was trained under another configuration (", checkpoint.value_or("").substr(0, 12),
          ", now ", training_sha256_.substr(0, 12), "); resume with that of ",
          folder_.config().string(), ", or with --accept-config-change");
}

TrainerOutcome LearnerRun::Execute(Console& console) {
  const auto start = std::chrono::steady_clock::now();
  BasePolicy base =
      LoadOrPretrainBase(plan_, [&](const PretrainProgress& p) { console.Pretraining(p); });
  ReturnFreedMemory();  // what pretraining took
  Summary summary = StartSummary(base);
  for (const std::string& note : plan_.task->Notes()) console.Line(note);
  console.Line("base policy: " + std::to_string(NumParameters(plan_.shape.model)) +
               " parameters, " + (base.cached ? "from the cache" : "ready") + "; training " +
               plan_.config.run.name + " for " + std::to_string(plan_.config.grpo.steps) +
               " steps");

  // Nothing here holds the base any longer than the learner needs it to be made.
  auto make = [weights = base.weights, options = MakeLearnerOptions()]() mutable {
    const auto start_from = std::exchange(weights, nullptr);
    return TorchAtLowPriority().make_learner(*start_from, options);
  };
  BackgroundLearner learner(std::exchange(base.weights, nullptr), std::move(make));
  std::vector<Prompt> held_out;
  for (const Problem& problem : plan_.task->HeldOut())
    held_out.push_back(
        MakePrompt(PromptUse::kEvaluation, static_cast<int64_t>(held_out.size()), problem));

  const uint64_t seed = static_cast<uint64_t>(plan_.config.run.seed);
  const TrainerOutcome outcome =
      Train(MakeTrainerConfig(),
            {.learner = learner,
             .buffer = *buffer_,
             .weights = weights_,
             .folder = folder_,
             .tokenizer = *plan_.shape.tokenizer,
             .training_prompt =
                 [&](int64_t n) {
                   return MakePrompt(PromptUse::kTraining, n, plan_.task->Training(seed, n));
                 },
             .held_out = std::move(held_out),
             .show = [&](const TrainerEvent& event) { Show(event, console); },
             .stop =
                 [&] {
                   learner.RethrowIfFailed();
                   return StopRequested();
                 }},
            resume_, summary);
  buffer_->Finish();
  summary.seconds_total += SecondsSince(start);
  learner.Wait();  // a run of no steps, too, ends with what went wrong
  if (outcome == TrainerOutcome::kFinished) WriteResults(summary, console);
  return outcome;
}

Prompt LearnerRun::MakePrompt(PromptUse use, int64_t ordinal, const Problem& problem) const {
  return {.use = use,
          .ordinal = ordinal,
          .text = problem.prompt,
          .gold = problem.gold,
          .tokens = plan_.shape.tokenizer->EncodePrompt(problem.prompt)};
}

LearnerOptions LearnerRun::MakeLearnerOptions() const {
  return {.config = plan_.config.grpo,
          .max_completion_tokens = plan_.config.rollout.max_total_tokens,
          .temperature = static_cast<float>(plan_.config.rollout.temperature),
          .seed = static_cast<uint64_t>(plan_.config.run.seed),
          .device = plan_.config.run.device,
          .repetition_penalty = static_cast<float>(plan_.config.rollout.repetition_penalty),
          .storage = StorageOf(plan_.config.policy)};
}

TrainerConfig LearnerRun::MakeTrainerConfig() const {
  return {.seed = static_cast<uint64_t>(plan_.config.run.seed),
          .grpo = plan_.config.grpo,
          .eval = plan_.config.eval,
          .checkpoint = plan_.config.checkpoint,
          .temperature = plan_.config.rollout.temperature,
          .max_total_tokens = plan_.config.rollout.max_total_tokens,
          .stop = plan_.config.rollout.stop,
          .config_sha256 = training_sha256_,
          .accept_config_change = accept_config_change_,
          .top_k = plan_.config.rollout.top_k,
          .top_p = plan_.config.rollout.top_p,
          .min_p = plan_.config.rollout.min_p,
          .repetition_penalty = plan_.config.rollout.repetition_penalty};
}

Summary LearnerRun::StartSummary(const BasePolicy& base) const {
  Summary summary;
  summary.run = plan_.config.run.name;
  summary.task = plan_.config.task.name;
  summary.device = plan_.config.run.device;
  summary.simd = kernels::SimdName();
  summary.seed = static_cast<uint64_t>(plan_.config.run.seed);
  summary.seconds_pretraining = base.pretrain_seconds;
  summary.pretrain_tokens = base.pretrain_tokens;
  summary.base_was_cached = base.cached;
  summary.readiness = base.probes;
  summary.base_sha256 = WeightSha256(*base.weights);
  return summary;
}

// The report can be looked at while the run goes on.
void LearnerRun::Show(const TrainerEvent& event, Console& console) const {
  if (event.kind == TrainerEvent::Kind::kCheckpoint)
    WriteFileDurably(folder_.report(), ReportHtml(folder_));
  console.Training(event);
}

void LearnerRun::WriteResults(const Summary& summary, Console& console) const {
  WriteFileDurably(folder_.summary(), SummaryJson(summary));
  WriteFileDurably(folder_.report(), ReportHtml(folder_));
  console.Line("");
  console.Line(SummaryText(summary));
  console.Line("look at " + folder_.report().string());
}

}  // namespace r1zero
