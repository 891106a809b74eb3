#include "grpo/training_run.h"

#include "common/error.h"
#include "common/log.h"
#include "grpo/transcripts.h"

namespace r1zero {
namespace {

int64_t CompletionTokens(std::span<const Group> groups) {
  int64_t tokens = 0;
  for (const Group& group : groups)
    for (const Completion& c : group.completions) tokens += static_cast<int64_t>(c.tokens.size());
  return tokens;
}

int64_t PromptTokens(std::span<const Group> groups) {
  int64_t tokens = 0;
  for (const Group& group : groups)
    tokens += static_cast<int64_t>(group.prompt.tokens.size() * group.completions.size());
  return tokens;
}

// The reason why a group cannot be trained on, or null.
const NamedReward* FindUndecided(const Group& group) {
  static const NamedReward kUnnamed{.name = "reward", .reason = "undecided"};
  for (const Completion& completion : group.completions) {
    if (!completion.undecided) continue;
    for (const NamedReward& part : completion.parts)
      if (part.undecided) return &part;
    return &kUnnamed;
  }
  return nullptr;
}

}  // namespace

TrainingRun::TrainingRun(const TrainerConfig& config, TrainerParts parts, Summary& summary)
    : run_over_{parts.buffer}, config_(config), parts_(std::move(parts)), summary_(summary) {
  for (const std::string& text : config_.eval.temperatures)
    temperatures_.push_back(ParseTemperature(text));
  Require(!temperatures_.empty() || parts_.held_out.empty(),
          "eval.temperatures: empty, expected at least one");
}

void TrainingRun::Start(bool resume) {
  std::optional<Checkpoint> checkpoint;
  if (resume) {
    checkpoint = LoadLatestCheckpoint(parts_.folder.checkpoints(), [&](const std::string& why) {
      LogWarning(why);
      Show({.kind = TrainerEvent::Kind::kNote, .text = why});
    });
  }
  if (checkpoint) Resume(*checkpoint);
  if (resume) ShowResumed();
  parts_.weights.Publish(checkpoint ? checkpoint->weights : parts_.learner.Snapshot(0));
  log_.emplace(parts_.folder, progress_.step);
  if (resume) ReadBase();
  session_started_ = Clock::now();
  session_first_step_ = progress_.step;
}

// Checkpoints that are there but damaged are no reason to begin again without a word.
void TrainingRun::ShowResumed() const {
  const std::filesystem::path folder = parts_.folder.checkpoints();
  Require(progress_.step > 0 || std::filesystem::is_empty(folder), folder.string(),
          ": none of these checkpoints is whole (", parts_.folder.logs().string(),
          " says why); delete them to begin again from the base policy");
  Show({.kind = TrainerEvent::Kind::kNote,
        .text = progress_.step > 0
                    ? "resumed at step " + std::to_string(progress_.step)
                    : "no checkpoint to resume from: training begins with the base policy"});
}

void TrainingRun::Resume(const Checkpoint& checkpoint) {
  Require(config_.accept_config_change || checkpoint.config_sha256 == config_.config_sha256,
          parts_.folder.checkpoints().string(), ": the checkpoint of step ",
          checkpoint.progress.step, " was trained under another configuration (",
          checkpoint.config_sha256.substr(0, 12), ", now ", config_.config_sha256.substr(0, 12),
          "); resume with the configuration of ", parts_.folder.config().string());
  parts_.learner.Restore(*checkpoint.weights, checkpoint.learner);
  progress_ = checkpoint.progress;
  saved_step_ = progress_.step;
  summary_.seconds_total +=
      progress_.seconds_rollout + progress_.seconds_training + progress_.seconds_evaluation;
  LogInfo("resumed at step ", progress_.step);
}

std::optional<std::vector<Group>> TrainingRun::Collect(std::vector<Prompt> prompts,
                                                       const SamplingParams& sampling) {
  if (parts_.stop && parts_.stop()) return std::nullopt;
  parts_.buffer.Issue(std::move(prompts), sampling, progress_.policy_version);
  return parts_.buffer.Take([&](const TakeProgress& progress) {
    const bool stalls = !progress.who_waits_for_whom.empty();
    Show({.kind = stalls ? TrainerEvent::Kind::kWaiting : TrainerEvent::Kind::kSampling,
          .text = progress.who_waits_for_whom,
          .groups_back = progress.back,
          .groups_issued = progress.issued});
    if (parts_.stop && parts_.stop()) parts_.buffer.Stop();
  });
}

std::optional<std::vector<Group>> TrainingRun::RollOut() {
  step_started_ = Clock::now();
  std::vector<Prompt> prompts;
  for (int64_t i = 0; i < config_.grpo.prompts_per_step; ++i)
    prompts.push_back(parts_.training_prompt(progress_.next_ordinal + i));
  auto groups = Collect(std::move(prompts),
                        {.group_size = static_cast<int32_t>(config_.grpo.group_size),
                         .temperature = static_cast<float>(config_.temperature),
                         .top_k = static_cast<int32_t>(config_.top_k),
                         .top_p = static_cast<float>(config_.top_p),
                         .min_p = static_cast<float>(config_.min_p),
                         .max_total_tokens = static_cast<int32_t>(config_.max_total_tokens),
                         .stop = config_.stop,
                         .seed = config_.seed,
                         .repetition_penalty = static_cast<float>(config_.repetition_penalty)});
  if (!groups) return std::nullopt;
  progress_.next_ordinal += config_.grpo.prompts_per_step;
  longest_ = parts_.buffer.longest();
  rollout_seconds_ = SecondsSince(step_started_);
  update_started_ = Clock::now();
  rollout_metrics_ = RolloutMetrics(*groups);
  return DropUndecided(std::move(*groups));
}

std::vector<Group> TrainingRun::DropUndecided(std::vector<Group> groups) {
  std::vector<Group> decided;
  std::string reason;
  for (Group& group : groups) {
    const NamedReward* undecided = FindUndecided(group);
    if (!undecided) {
      decided.push_back(std::move(group));
      continue;
    }
    reason = undecided->name + ": " + undecided->reason;
    LogWarning("group of prompt ", group.prompt.ordinal,
               " dropped, it could not be judged: ", reason);
  }
  groups_dropped_ = static_cast<int64_t>(groups.size() - decided.size());
  Require(!decided.empty(), "step ", progress_.step, ": none of its ", groups.size(),
          " groups could be judged; the last because of ", reason);
  return decided;
}

void TrainingRun::Publish() {
  const auto start = Clock::now();
  ++progress_.step;
  ++progress_.policy_version;
  const int64_t refresh = config_.grpo.reference_refresh_steps;
  if (refresh > 0 && progress_.step % refresh == 0)
    parts_.learner.RefreshReference(progress_.policy_version);
  parts_.weights.Publish(parts_.learner.Snapshot(progress_.policy_version));
  publish_seconds_ = SecondsSince(start);
}

void TrainingRun::Record(const std::vector<Group>& groups, std::span<const float> advantages,
                         const UpdateMetrics& update) {
  const double update_seconds = SecondsSince(update_started_);
  const double step_seconds = SecondsSince(step_started_);
  const int64_t prompted = PromptTokens(groups), generated = CompletionTokens(groups);
  progress_.tokens_prompted += prompted;
  progress_.tokens_generated += generated;
  progress_.tokens_trained += update.tokens;
  progress_.seconds_rollout += rollout_seconds_;
  progress_.seconds_training += update_seconds;

  Metrics metrics = GroupMetrics(groups, config_.eval.count);
  const Metrics learned = LearnerMetrics(update);
  metrics.insert(metrics.end(), learned.begin(), learned.end());
  metrics.insert(metrics.end(), rollout_metrics_.begin(), rollout_metrics_.end());
  metrics.insert(
      metrics.end(),
      {{"rollout/groups_dropped", static_cast<double>(groups_dropped_)},
       {"num_tokens", static_cast<double>(progress_.tokens_prompted + progress_.tokens_generated)},
       {"timing_s/rollout", rollout_seconds_},
       {"timing_s/engine", longest_.engine_s},
       {"timing_s/reward", longest_.reward_s},
       {"timing_s/update", update_seconds},
       {"timing_s/publish", publish_seconds_},
       {"timing_s/log", log_seconds_},
       {"timing_s/step", step_seconds},
       {"perf/throughput", static_cast<double>(prompted + generated) / step_seconds}});
  const auto writing = Clock::now();
  log_->Write(progress_.step, progress_.policy_version, metrics);
  log_seconds_ = SecondsSince(writing);

  last_groups_ = groups;
  last_advantages_.assign(advantages.begin(), advantages.end());
  Show({.kind = TrainerEvent::Kind::kStep, .metrics = std::move(metrics)});
  TellIfNoneHasSignal(advantages);
}

// A run whose rewards teach nothing would else look like one that learns slowly.
void TrainingRun::TellIfNoneHasSignal(std::span<const float> advantages) {
  constexpr int64_t kTold = 5;
  const bool has_signal = std::ranges::any_of(advantages, [](float a) { return a != 0; });
  steps_without_signal_ = has_signal ? 0 : steps_without_signal_ + 1;
  if (steps_without_signal_ != kTold) return;
  Show(
      {.kind = TrainerEvent::Kind::kNote,
       .text = std::to_string(kTold) +
               " steps in a row without a signal: in each group all rewards were equal, so nothing "
               "is learned from them; easier problems, more completions a group, or a reward that "
               "some completions reach would change that"});
}

void TrainingRun::CheckpointIfDue() {
  const int64_t every = config_.checkpoint.every;
  if (progress_.step == config_.grpo.steps || (every > 0 && progress_.step % every == 0)) Save();
}

void TrainingRun::Save() {
  if (!last_groups_.empty())
    WriteGroups(parts_.folder.groups(), progress_.step, last_groups_, last_advantages_);
  log_->Sync();
  const auto weights = parts_.weights.Latest().weights;
  parts_.learner.WithState([&](const LearnerStateView& state) {
    SaveCheckpoint(parts_.folder.checkpoints(),
                   {.progress = progress_,
                    .learner = state,
                    .weights = *weights,
                    .config_sha256 = config_.config_sha256},
                   parts_.tokenizer, config_.checkpoint.keep);
  });
  saved_step_ = progress_.step;
  Show({.kind = TrainerEvent::Kind::kCheckpoint});
}

TrainerOutcome TrainingRun::End() {
  if (progress_.step > saved_step_) Save();
  summary_.progress = progress_;
  summary_.weight_sha256 = parts_.weights.Latest().sha256;
  return finished_ ? TrainerOutcome::kFinished : TrainerOutcome::kInterrupted;
}

void TrainingRun::Show(TrainerEvent event) const {
  if (!parts_.show) return;
  event.step = progress_.step;
  event.steps = config_.grpo.steps;
  const int64_t done = progress_.step - session_first_step_;
  if (done > 0)
    event.eta_seconds = SecondsSince(session_started_) / static_cast<double>(done) *
                        static_cast<double>(event.steps - event.step);
  parts_.show(event);
}

}  // namespace r1zero
