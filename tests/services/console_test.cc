#include "services/console.h"

#include <gtest/gtest.h>

namespace r1zero {
namespace {

// Standard error is no terminal while it is captured.
template <typename Show>
std::string Plain(Show show) {
  testing::internal::CaptureStderr();
  Console console;
  show(console);
  return testing::internal::GetCapturedStderr();
}

TEST(FitColumns, DropsWholeColumnsThatDoNotFit) {
  const std::vector<std::string> columns = {"step 3/9", "reward 0.5", "", "ETA 8s", "| held out"};
  EXPECT_EQ(FitColumns(columns, 80), "step 3/9  reward 0.5  ETA 8s  | held out");
  EXPECT_EQ(FitColumns(columns, 40), "step 3/9  reward 0.5  ETA 8s  | held out");
  EXPECT_EQ(FitColumns(columns, 39), "step 3/9  reward 0.5  ETA 8s");
  EXPECT_EQ(FitColumns(columns, 17), "step 3/9  ETA 8s");
}

TEST(FitColumns, CutsAFirstColumnThatIsTooLongBetweenWords) {
  EXPECT_EQ(FitColumns({"step waits for 3 groups"}, 13), "step waits");
  EXPECT_EQ(FitColumns({"incomprehensible"}, 6), "incomp");
}

TEST(Console, PretrainingShowsWhenItWillBeOver) {
  const PretrainProgress progress{.tokens = 1000,
                                  .target_tokens = 4000,
                                  .loss = 2.5,
                                  .seconds = 20,
                                  .probes = {{"right", 0.5}}};
  EXPECT_EQ(Plain([&](Console& console) { console.Pretraining(progress); }),
            "pretraining  1.0k/4.0k tokens  loss 2.500  50 tok/s  ETA 1m00s  right 0.50\n");
}

TEST(Console, AStepWithTheLastEvaluationIsOneLine) {
  const std::string text = Plain([](Console& console) {
    console.Training({.kind = TrainerEvent::Kind::kEvaluated,
                      .step = 1,
                      .steps = 9,
                      .metrics = {{"eval/pass@1", 0.25}}});
    console.Training({.kind = TrainerEvent::Kind::kStep,
                      .step = 2,
                      .steps = 9,
                      .metrics = {{"reward", 0.5}, {"perf/throughput", 2000}},
                      .eta_seconds = 7});
  });
  EXPECT_EQ(text,
            "step 1/9  held out:  pass@1 0.250\n"
            "step 2/9  reward 0.50  2.0k tok/s  ETA 7s  | held out: pass@1 0.250 at step 1\n");
}

TEST(Console, AWaitIsToldAtFiveTenTwentyAndFortySecondsOfIt) {
  const std::string text = Plain([](Console& console) {
    for (int wait = 0; wait < 2; ++wait) {
      for (int second = 4; second <= 45; ++second)
        console.Training(
            {.kind = TrainerEvent::Kind::kWaiting, .text = std::to_string(second) + " s"});
      console.Training({.kind = TrainerEvent::Kind::kSampling});
    }
  });
  EXPECT_EQ(text, "5 s\n10 s\n20 s\n40 s\n5 s\n10 s\n20 s\n40 s\n");
}

}  // namespace
}  // namespace r1zero
