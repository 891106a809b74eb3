#include "common/boxed.h"

#include <gtest/gtest.h>

namespace r1zero {
namespace {

TEST(LastBoxed, IsFoundWithItsBracesMatched) {
  EXPECT_EQ(LastBoxed("\\boxed{1} and \\boxed{\\frac{a}{b}}.").content, "\\frac{a}{b}");
  EXPECT_EQ(LastBoxed("\\boxed{\\{1, 2\\}}").content, "\\{1, 2\\}");
  EXPECT_EQ(LastBoxed("\\boxed{1\\\\}").content, "1\\\\");  // a line's end, then the brace
  EXPECT_TRUE(LastBoxed("\\boxed{}").is_closed);
}

TEST(LastBoxed, TellsNoneFromOneThatNeverCloses) {
  EXPECT_FALSE(LastBoxed("none").is_found);
  EXPECT_FALSE(LastBoxed("\\boxed 1").is_found);
  for (const char* open : {"\\boxed{", "\\boxed{1", "\\boxed{1\\", "\\boxed{1\\}", "\\boxed{{1}"}) {
    const Boxed boxed = LastBoxed(open);
    EXPECT_TRUE(boxed.is_found) << open;
    EXPECT_FALSE(boxed.is_closed) << open;
    EXPECT_EQ(boxed.content, "") << open;
  }
}

}  // namespace
}  // namespace r1zero
