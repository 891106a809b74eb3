#include "common/json_fault.h"

#include <gtest/gtest.h>

namespace r1zero {
namespace {

TEST(JsonFault, IsTheCauseWithoutTheParsersNameAndPlace) {
  EXPECT_EQ(
      JsonFault("[json.exception.parse_error.101] parse error at line 1, column 2: syntax error "
                "while parsing object key - invalid literal; last read: '{x'"),
      "invalid literal; last read: '{x'");
  EXPECT_EQ(JsonFault("[json.exception.out_of_range.406] number overflow parsing '1e999'"),
            "number overflow parsing '1e999'");
  EXPECT_EQ(JsonFault("no known form"), "syntax error");
}

TEST(JsonFault, GivesNoByteThatATerminalWouldObey) {
  EXPECT_EQ(JsonFault("x - last read: '\x1b[31m\xff\n'"), "last read: '\\x1b[31m\\xff\\x0a'");
}

TEST(JsonFault, IsCutToALine) {
  EXPECT_EQ(JsonFault("x - " + std::string(5000, 'y')), std::string(100, 'y') + "...");
}

}  // namespace
}  // namespace r1zero
