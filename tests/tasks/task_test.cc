#include "tasks/task.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/error.h"

namespace r1zero {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

TEST(Task, EachNameMakesItsTaskWithItsVerifier) {
  EXPECT_EQ(MakeTask({.name = "signs"})->accuracy_verifier(), "signs");
  EXPECT_EQ(MakeTask({.name = "countdown"})->accuracy_verifier(), "countdown");
}

TEST(Task, ATypoNamesTheNearestTask) {
  EXPECT_THAT([] { MakeTask({.name = "sings"}); }, ThrowsMessage<Error>(HasSubstr("'signs'")));
}

TEST(Task, AMixThatMakesNoSenseIsRefused) {
  EXPECT_THAT([] { MakeTask({.mix = {.direct = 0, .bare = 0, .think = 0, .ramble = 0}}); },
              ThrowsMessage<Error>(HasSubstr("positive weight")));
  EXPECT_THAT([] { MakeTask({.mix = {.systematic = 0.8, .in_order = 0.3}}); },
              ThrowsMessage<Error>(HasSubstr("at most 1")));
}

TEST(Task, TheMixIsSetFromTheConfiguration) {
  TaskConfig config;
  const std::vector<std::string> overrides = {"task.mix.think=0.6", "task.mix.max_tries=5",
                                              "task.held_out=100"};
  ReadConfig("", overrides,
             [&](Fields& f) { f.Section("task", "", [&] { Describe(f, config); }); });
  EXPECT_EQ(config.mix.think, 0.6);
  EXPECT_EQ(config.mix.max_tries, 5);
  EXPECT_EQ(config.held_out, 100);
  EXPECT_EQ(config.mix.drill, 0.3);
}

}  // namespace
}  // namespace r1zero
