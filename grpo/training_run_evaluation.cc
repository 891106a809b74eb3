// What TrainingRun measures on the held-out problems, and when.
#include <algorithm>

#include "common/file.h"
#include "common/log.h"
#include "grpo/evaluation_json.h"
#include "grpo/training_run.h"
#include "grpo/transcripts.h"

namespace r1zero {
namespace {

// Evaluations draw other random numbers than training prompts of the same ordinals.
uint64_t EvaluationSeed(uint64_t seed) { return seed ^ 0x6576616c75617465; }

// Greedy completions of a prompt would all be the same.
int64_t SamplesAt(double temperature, int64_t samples) { return temperature == 0 ? 1 : samples; }

std::vector<std::string> Words(const Evaluation& evaluation) {
  std::vector<std::string> words;
  for (const auto& [word, count] : evaluation.counts) words.push_back(word);
  return words;
}

}  // namespace

bool TrainingRun::EvaluateIfDue() {
  const bool is_last = progress_.step == config_.grpo.steps;
  Check(config_.eval);
  if (parts_.held_out.empty()) {
    finished_ = is_last;
    return true;
  }
  if (progress_.step == 0 && !EvaluateBase()) return false;
  if (is_last) return finished_ = EvaluateFinal();
  return EvaluateBetween();
}

std::optional<Evaluation> TrainingRun::EvaluateAt(double temperature, int64_t samples,
                                                  std::vector<Group>* groups) {
  Show({.kind = TrainerEvent::Kind::kEvaluating});
  const auto start = Clock::now();
  samples = SamplesAt(temperature, samples);
  auto taken =
      Collect(parts_.held_out, {.group_size = static_cast<int32_t>(samples),
                                .temperature = static_cast<float>(temperature),
                                .max_total_tokens = static_cast<int32_t>(config_.max_total_tokens),
                                .stop = config_.stop,
                                .seed = EvaluationSeed(config_.seed)});
  if (!taken) return std::nullopt;
  Evaluation evaluation = Evaluate(*taken, temperature, config_.eval.count, config_.seed);
  progress_.seconds_evaluation += SecondsSince(start);
  if (groups) *groups = std::move(*taken);
  return evaluation;
}

bool TrainingRun::EvaluateAll(std::vector<Evaluation>& evaluations,
                              std::vector<Group>& first_groups) {
  std::vector<Evaluation> done;
  for (double temperature : temperatures_) {
    auto evaluation =
        EvaluateAt(temperature, config_.eval.samples, done.empty() ? &first_groups : nullptr);
    if (!evaluation) return false;
    done.push_back(std::move(*evaluation));
  }
  evaluations = std::move(done);
  LogEvaluations(evaluations);
  return true;
}

bool TrainingRun::EvaluateBase() {
  if (!summary_.base.empty()) return true;
  std::vector<Group> groups;
  if (!EvaluateAll(summary_.base, groups)) return false;
  WriteSamplesBefore(parts_.folder.samples(), groups);
  WriteBase();
  session_started_ = Clock::now();  // what is to come is like the steps, not like this
  return true;
}

bool TrainingRun::EvaluateFinal() {
  std::vector<Group> groups;
  if (!EvaluateAll(summary_.final, groups)) return false;
  AddSamplesAfter(parts_.folder.samples(), groups);
  return true;
}

bool TrainingRun::EvaluateBetween() {
  const int64_t every = config_.eval.every;
  if (every == 0 || progress_.step % every != 0 || log_->has_evaluation(progress_.step))
    return true;
  const auto evaluation = EvaluateAt(temperatures_[0], config_.eval.samples_during, nullptr);
  if (!evaluation) return false;
  LogEvaluations({&*evaluation, 1});
  return true;
}

void TrainingRun::LogEvaluations(std::span<const Evaluation> evaluations) {
  Metrics metrics = EvaluationMetrics(evaluations[0], "eval/");
  for (const Evaluation& other : evaluations.subspan(1)) {
    const Metrics more =
        EvaluationMetrics(other, "eval/temperature_" + TemperatureName(other.temperature) + "/");
    metrics.insert(metrics.end(), more.begin(), more.end());
  }
  if (!log_->has_evaluation(progress_.step))  // a resumed run may come by again
    log_->Write(progress_.step, progress_.policy_version, metrics);
  Show({.kind = TrainerEvent::Kind::kEvaluated, .metrics = std::move(metrics)});
}

// The base is evaluated once in the life of a run folder.
void TrainingRun::WriteBase() const {
  Json json = {{"weight_sha256", parts_.weights.Latest().sha256}, {"evaluations", Json::array()}};
  for (const Evaluation& evaluation : summary_.base)
    json["evaluations"].push_back(ToJson(evaluation));
  WriteFileDurably(parts_.folder.base(), json.dump(2) + "\n");
}

void TrainingRun::ReadBase() {
  const std::filesystem::path path = parts_.folder.base();
  if (!std::filesystem::exists(path)) return;
  const Json json = ReadJson(path);
  std::vector<Evaluation> base;
  for (const Json& evaluation : json.value("evaluations", Json::array()))
    base.push_back(EvaluationFromJson(evaluation, path.string()));

  const auto is_like = [&](double temperature) {
    const Evaluation* like =
        FindLike(base, {.temperature = temperature,
                        .problems = static_cast<int64_t>(parts_.held_out.size()),
                        .samples = SamplesAt(temperature, config_.eval.samples)});
    return like && Words(*like) == config_.eval.count;
  };
  const bool is_alike =
      temperatures_.size() == base.size() && std::ranges::all_of(temperatures_, is_like);
  const bool is_of_start =
      progress_.step > 0 || json.value("weight_sha256", "") == parts_.weights.Latest().sha256;
  if (progress_.step == 0 && !(is_alike && is_of_start)) {
    log_->DropEvaluation(0);  // the base is there to be measured again
    return;
  }
  if (!is_alike)
    LogWarning(path.string(),
               ": the base was measured with other [eval] settings or problems than this run's and "
               "cannot be measured again at step ",
               progress_.step, "; only what was measured alike will be compared");
  summary_.base = std::move(base);
}

}  // namespace r1zero
