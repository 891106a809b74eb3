#include "grpo/trainer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <mutex>
#include <set>

#include "common/error.h"
#include "grpo/advantage.h"
#include "grpo/json_file.h"
#include "tests/grpo/fakes.h"

namespace r1zero {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::ThrowsMessage;

constexpr int64_t kHeldOut = 10;

TrainerConfig Config() {
  TrainerConfig config;
  config.seed = 5;
  config.grpo.steps = 6;
  config.grpo.prompts_per_step = 4;
  config.grpo.group_size = 4;
  config.eval = {.every = 2,
                 .samples = 4,
                 .samples_during = 2,
                 .temperatures = {"1", "0.6"},
                 .count = {"wait"}};
  config.checkpoint = {.every = 2, .keep = 2};
  config.max_total_tokens = 16;
  config.config_sha256 = "config";
  return config;
}

std::vector<Prompt> HeldOut() {
  std::vector<Prompt> prompts;
  for (int64_t i = 0; i < kHeldOut; ++i)
    prompts.push_back({PromptUse::kEvaluation, i, "held out", "gold", {2, 3}});
  return prompts;
}

// One process of a run: everything but the folder is new.
struct Session {
  TrainerConfig config = Config();
  FakeLearner learner;
  GroupBuffer buffer{{.vocab_size = 8, .eos_tokens = {1}}};
  WeightStore weights;
  WordTokenizer tokenizer = TinyTokenizer();
  std::function<Group(const Lease&)> answer = AnswerLease;
  int workers = 2;
  int64_t stop_after_step = -1;
  bool stop_in_evaluation = false;
  std::vector<TrainerEvent> events;
  Summary summary;
  int64_t problems_evaluated = 0;

  TrainerOutcome Run(const fs::path& path, bool resume = false) {
    RunFolder folder(path, RunFolder::Mode::kOpen);
    FakeWorkers threads(buffer, workers, answer);
    bool stop = false;
    TrainerParts parts{.learner = learner,
                       .buffer = buffer,
                       .weights = weights,
                       .folder = folder,
                       .tokenizer = tokenizer,
                       .training_prompt =
                           [](int64_t n) {
                             return Prompt{PromptUse::kTraining, n, "prompt", "gold", {2, 3, 4}};
                           },
                       .held_out = HeldOut(),
                       .show =
                           [&](const TrainerEvent& event) {
                             events.push_back(event);
                             stop |=
                                 event.step == stop_after_step &&
                                 event.kind == (stop_in_evaluation ? TrainerEvent::Kind::kEvaluating
                                                                   : TrainerEvent::Kind::kStep);
                           },
                       .stop = [&] { return stop; }};
    const TrainerOutcome outcome = Train(config, std::move(parts), resume, summary);
    threads.Join();
    problems_evaluated = threads.evaluated;
    return outcome;
  }
};

// metrics.jsonl without what the wall clock decides.
std::string MetricsWithoutTime(const fs::path& folder) {
  std::string lines;
  for (const Json& line : ReadJsonLines(folder / "metrics.jsonl")) {
    Json timeless = Json::object();
    for (const auto& [name, value] : line.items())
      if (name != "time" && name != "perf/throughput" && !name.starts_with("timing_s/"))
        timeless[name] = value;
    lines += timeless.dump() + "\n";
  }
  return lines;
}

TEST(Trainer, TrainsEvaluatesAndLeavesARunFolder) {
  const TestFolder test;
  Session s;
  EXPECT_EQ(s.Run(test.path() / "run"), TrainerOutcome::kFinished);
  EXPECT_EQ(s.summary.progress.step, 6);
  EXPECT_EQ(s.summary.progress.next_ordinal, 24);
  EXPECT_EQ(s.summary.progress.policy_version, 6);
  EXPECT_EQ(s.summary.weight_sha256, WeightSha256(*s.learner.Snapshot(6)));
  ASSERT_EQ(s.summary.base.size(), 2u);
  ASSERT_EQ(s.summary.final.size(), 2u);
  EXPECT_EQ(s.summary.base[1].temperature, 0.6);
  EXPECT_GT(FindPassAt(s.summary.final[0], 1)->value, FindPassAt(s.summary.base[0], 1)->value);
  for (const char* name : {"metrics.jsonl", "base.json", "samples.jsonl", "groups.jsonl",
                           "checkpoints/step-000006", "checkpoints/step-000004"})
    EXPECT_TRUE(fs::exists(test.path() / "run" / name)) << name;
  EXPECT_FALSE(fs::exists(test.path() / "run/checkpoints/step-000002"));
  EXPECT_EQ(s.problems_evaluated, kHeldOut * (2 + 2 + 1 + 1));
}

TEST(Trainer, WritesALineAStepAndALineAnEvaluation) {
  const TestFolder test;
  Session s;
  s.Run(test.path() / "run");
  std::vector<std::pair<int64_t, bool>> lines;  // step, evaluation?
  for (const Json& line : ReadJsonLines(test.path() / "run/metrics.jsonl")) {
    lines.emplace_back(line["step"], line.contains("eval/pass@1"));
    EXPECT_EQ(line["policy_version"], line["step"]);
    EXPECT_EQ(line.contains("eval/temperature_0.6/pass@1"),
              lines.back().second && (line["step"] == 0 || line["step"] == 6));
    EXPECT_NE(line.contains("reward"), lines.back().second);
  }
  EXPECT_THAT(lines, ElementsAre(std::pair(0, true), std::pair(1, false), std::pair(2, false),
                                 std::pair(2, true), std::pair(3, false), std::pair(4, false),
                                 std::pair(4, true), std::pair(5, false), std::pair(6, false),
                                 std::pair(6, true)));
}

TEST(Trainer, HandsTheLearnerTheGroupsInOrdinalOrderWithTheirAdvantages) {
  const TestFolder test;
  Session s;
  s.Run(test.path() / "run");
  ASSERT_EQ(s.learner.updates.size(), 6u);
  for (int64_t step = 0; step < 6; ++step) {
    const auto& seen = s.learner.updates[step];
    EXPECT_EQ(seen.step, step);
    EXPECT_THAT(seen.ordinals, ElementsAre(4 * step, 4 * step + 1, 4 * step + 2, 4 * step + 3));
    std::vector<double> rewards;
    for (int64_t ordinal : seen.ordinals) {
      const Lease lease{.policy_version = step,
                        .prompt = {.ordinal = ordinal},
                        .sampling = {.group_size = 4, .seed = 5}};
      for (const Completion& c : AnswerLease(lease).completions) rewards.push_back(c.reward);
    }
    EXPECT_EQ(seen.advantages, Advantages(rewards, 4, AdvantageStd::kUnbiased, 1e-4));
  }
}

TEST(Trainer, EndsInTheSameWeightsAndMetricsWhateverTheNumberOfWorkers) {
  const TestFolder test;
  Session one, three;
  one.workers = 1;
  three.workers = 3;
  one.Run(test.path() / "one");
  three.Run(test.path() / "three");
  EXPECT_EQ(one.summary.weight_sha256, three.summary.weight_sha256);
  EXPECT_EQ(MetricsWithoutTime(test.path() / "one"), MetricsWithoutTime(test.path() / "three"));
  EXPECT_EQ(ReadFile(test.path() / "one/samples.jsonl"),
            ReadFile(test.path() / "three/samples.jsonl"));
  EXPECT_EQ(ReadFile(test.path() / "one/groups.jsonl"),
            ReadFile(test.path() / "three/groups.jsonl"));
}

class InterruptedAt : public ::testing::TestWithParam<std::tuple<int64_t, bool>> {};

TEST_P(InterruptedAt, AStepARunResumesToTheSameWeightsAndMetrics) {
  const TestFolder test;
  Session whole;
  whole.Run(test.path() / "whole");

  Session first;
  std::tie(first.stop_after_step, first.stop_in_evaluation) = GetParam();
  EXPECT_EQ(first.Run(test.path() / "cut"), TrainerOutcome::kInterrupted);
  EXPECT_EQ(first.summary.progress.step, first.stop_after_step);
  Session second;
  EXPECT_EQ(second.Run(test.path() / "cut", /*resume=*/true), TrainerOutcome::kFinished);
  EXPECT_EQ(second.summary.weight_sha256, whole.summary.weight_sha256);
  EXPECT_EQ(second.summary.base.size(), 2u);
  EXPECT_EQ(second.summary.progress.tokens_trained, whole.summary.progress.tokens_trained);
  EXPECT_EQ(MetricsWithoutTime(test.path() / "cut"), MetricsWithoutTime(test.path() / "whole"));
  EXPECT_EQ(ReadFile(test.path() / "cut/samples.jsonl"),
            ReadFile(test.path() / "whole/samples.jsonl"));
}

INSTANTIATE_TEST_SUITE_P(Trainer, InterruptedAt,
                         ::testing::Values(std::tuple(0, true), std::tuple(1, false),
                                           std::tuple(2, true), std::tuple(3, false),
                                           std::tuple(5, false), std::tuple(6, true)));

TEST(Trainer, ResumesAfterACrashFromTheLastCheckpointToTheSameWeights) {
  const TestFolder test;
  Session whole;
  whole.Run(test.path() / "whole");
  for (int64_t step = 0; step < 6; ++step) {
    const fs::path path = test.path() / ("crash-" + std::to_string(step));
    Session first;
    first.learner.fail_at_step = step;
    EXPECT_THROW(first.Run(path), std::runtime_error);  // and its workers went home
    Session second;
    EXPECT_EQ(second.Run(path, /*resume=*/true), TrainerOutcome::kFinished);
    EXPECT_EQ(second.learner.updates[0].step, step / 2 * 2);
    EXPECT_EQ(second.summary.weight_sha256, whole.summary.weight_sha256) << step;
    EXPECT_EQ(MetricsWithoutTime(path), MetricsWithoutTime(test.path() / "whole")) << step;
  }
}

TEST(Trainer, DoesNotEvaluateTheBaseTwice) {
  const TestFolder test;
  Session first;
  first.stop_after_step = 1;
  first.Run(test.path() / "run");
  EXPECT_EQ(first.problems_evaluated, 2 * kHeldOut);
  Session second;
  second.Run(test.path() / "run", /*resume=*/true);
  EXPECT_EQ(second.problems_evaluated, (1 + 1 + 2) * kHeldOut);
}

TEST(Trainer, MeasuresTheBaseAgainWhereARunWithOtherEvaluationsStartsOver) {
  const TestFolder test;
  Session first;
  first.config.eval.temperatures = {"1"};
  first.config.eval.samples = 1;
  first.learner.fail_at_step = 0;
  EXPECT_THROW(first.Run(test.path() / "run"), std::runtime_error);

  Session second;
  second.config.eval.temperatures = {"0.6", "1"};
  second.Run(test.path() / "run", /*resume=*/true);
  ASSERT_EQ(second.summary.base.size(), 2u);
  EXPECT_EQ(second.summary.base[0].samples, 4);
  EXPECT_THAT(SummaryText(second.summary), Not(HasSubstr("other settings")));
  int64_t evaluations_of_base = 0;
  for (const Json& line : ReadJsonLines(test.path() / "run/metrics.jsonl"))
    if (line["step"] == 0) {
      ++evaluations_of_base;
      EXPECT_TRUE(line.contains("eval/temperature_1/pass@4"));
    }
  EXPECT_EQ(evaluations_of_base, 1);
}

TEST(Trainer, SaysThatABaseLongGoneWasMeasuredOtherwise) {
  const TestFolder test;
  Session first;
  first.config.eval.temperatures = {"1"};
  first.config.eval.samples = 1;
  first.stop_after_step = 2;
  first.Run(test.path() / "run");
  Session second;
  second.config.eval.temperatures = {"0.6", "1"};
  second.Run(test.path() / "run", /*resume=*/true);
  ASSERT_EQ(second.summary.base.size(), 1u);
  EXPECT_THAT(SummaryText(second.summary),
              HasSubstr("other settings (10 problems x 1 at temperature 1) than the trained policy "
                        "(10 problems x 4 at temperature 0.6, 10 problems x 4 at temperature 1)"));
}

TEST(Trainer, ResumesOnlyUnderTheSameConfiguration) {
  const TestFolder test;
  Session first;
  first.stop_after_step = 1;
  first.Run(test.path() / "run");
  Session second;
  second.config.config_sha256 = "another";
  EXPECT_THAT([&] { second.Run(test.path() / "run", true); },
              ThrowsMessage<Error>(HasSubstr("another configuration")));
  Session third;
  third.config.config_sha256 = "another";
  third.config.accept_config_change = true;
  EXPECT_EQ(third.Run(test.path() / "run", true), TrainerOutcome::kFinished);
}

TEST(Trainer, DropsGroupsThatCouldNotBeJudgedAndCountsThem) {
  const TestFolder test;
  Session s;
  s.answer = [](const Lease& lease) {
    Group group = AnswerLease(lease);
    group.preemptions = lease.prompt.ordinal % 4;
    group.tokens_prefilled = 3;
    if (lease.prompt.use == PromptUse::kTraining && lease.prompt.ordinal % 4 == 1) {
      group.completions[2].undecided = true;
      group.completions[2].parts[0].undecided = true;
    }
    return group;
  };
  EXPECT_EQ(s.Run(test.path() / "run"), TrainerOutcome::kFinished);
  EXPECT_THAT(s.learner.updates[0].ordinals, ElementsAre(0, 2, 3));
  EXPECT_EQ(s.learner.updates[0].advantages.size(), 12u);
  for (const Json& line : ReadJsonLines(test.path() / "run/metrics.jsonl")) {
    EXPECT_EQ(line.value("rollout/groups_dropped", 1), 1);
    // What sampling took is summed over the group that was dropped too.
    EXPECT_EQ(line.value("rollout/preemptions", 6), 0 + 1 + 2 + 3);
    EXPECT_EQ(line.value("rollout/prefilled_tokens", 12), 4 * 3);
  }
}

TEST(Trainer, FailsWhenNoGroupOfAStepCouldBeJudged) {
  const TestFolder test;
  Session s;
  s.answer = [](const Lease& lease) {
    Group group = AnswerLease(lease);
    if (lease.prompt.ordinal >= 4 && lease.prompt.use == PromptUse::kTraining) {
      group.completions[0].undecided = true;
      group.completions[0].parts[0] = {.name = "accuracy", .undecided = true, .reason = "bad_gold"};
    }
    return group;
  };
  EXPECT_THAT([&] { s.Run(test.path() / "run"); },
              ThrowsMessage<Error>(HasSubstr("step 1: none of its 4 groups could be judged; the "
                                             "last because of accuracy: bad_gold")));
}

std::vector<std::string> NotesOf(const Session& session) {
  std::vector<std::string> notes;
  for (const TrainerEvent& event : session.events)
    if (event.kind == TrainerEvent::Kind::kNote) notes.push_back(event.text);
  return notes;
}

TEST(Trainer, SaysOnceThatFiveStepsInARowHadNoSignal) {
  for (const int64_t with_signal : {-1, 3}) {  // the step that has one
    const TestFolder test;
    Session s;
    s.config.grpo.steps = 8;
    s.answer = [&](const Lease& lease) {
      Group group = AnswerLease(lease);
      if (lease.prompt.ordinal / 4 == with_signal) return group;
      for (Completion& completion : group.completions) completion = group.completions[0];
      return group;
    };
    s.Run(test.path() / "run");
    if (with_signal < 0)
      EXPECT_THAT(NotesOf(s), ElementsAre(HasSubstr("5 steps in a row without a signal")));
    else
      EXPECT_THAT(NotesOf(s), ElementsAre());
  }
}

TEST(Trainer, RefreshesTheReferenceEveryNSteps) {
  const TestFolder test;
  Session s;
  s.config.grpo.reference_refresh_steps = 4;
  s.Run(test.path() / "run");
  EXPECT_EQ(s.learner.State().reference_version, 4);
}

TEST(Trainer, SamplesEvaluationsUnderAnotherSeedAndTheirOwnTemperature) {
  const TestFolder test;
  std::mutex mutex;
  std::map<std::pair<int, float>, std::set<uint64_t>> seeds;
  Session s;
  s.config.eval.temperatures = {"1", "0"};
  s.answer = [&](const Lease& lease) {
    const std::lock_guard lock(mutex);
    seeds[{static_cast<int>(lease.prompt.use), lease.sampling.temperature}].insert(
        lease.sampling.seed);
    EXPECT_TRUE(lease.sampling.temperature > 0 || lease.sampling.group_size == 1);
    return AnswerLease(lease);
  };
  s.Run(test.path() / "run");
  ASSERT_EQ(seeds.size(), 3u);
  EXPECT_THAT((seeds[{0, 1.0f}]), ElementsAre(5));
  EXPECT_EQ((seeds[{1, 1.0f}]), (seeds[{1, 0.0f}]));
  EXPECT_THAT((seeds[{1, 1.0f}]), Not(Contains(5)));
}

TEST(Trainer, RefusesATemperatureThatIsNone) {
  const TestFolder test;
  for (const char* bad : {"hot", "-1", "1x", ""}) {
    Session s;
    s.config.eval.temperatures = {bad};
    EXPECT_THROW(s.Run(test.path() / "run"), Error) << bad;
  }
}

TEST(Trainer, WithoutStepsOnlyEvaluates) {
  const TestFolder test;
  Session s;
  s.config.grpo.steps = 0;
  EXPECT_EQ(s.Run(test.path() / "run"), TrainerOutcome::kFinished);
  EXPECT_EQ(FindPassAt(s.summary.final[0], 1)->value, FindPassAt(s.summary.base[0], 1)->value);
  EXPECT_EQ(s.summary.weight_sha256, WeightSha256(*FakeLearner().Snapshot(0)));
}

}  // namespace
}  // namespace r1zero
