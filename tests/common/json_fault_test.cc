#include "common/json_fault.h"

#include <gtest/gtest.h>

#include "common/printable.h"

namespace r1zero {
namespace {

TEST(JsonFault, IsTheCauseInPlainWordsWithoutTheParsersNameAndPlace) {
  EXPECT_EQ(JsonFault("[json.exception.parse_error.101] parse error at line 1, column 2: syntax "
                      "error while parsing object key - invalid literal; last read: '{x'"),
            "found no JSON value at '{x'");
  EXPECT_EQ(JsonFault("x - unexpected ']'; expected end of input"),
            "found ']', expected end of input");
  EXPECT_EQ(JsonFault("[json.exception.out_of_range.406] number overflow parsing '1e999'"),
            "number overflow parsing '1e999'");
  EXPECT_EQ(JsonFault("no known form"), "syntax error");
}

TEST(JsonFault, IsCutToALine) {
  EXPECT_EQ(JsonFault("x - " + std::string(5000, 'y')), std::string(100, 'y') + "...");
}

TEST(JsonFault, NamesABytePositionThatTheTextHas) {
  EXPECT_EQ(JsonFaultAt(7, 12, "x - invalid literal"),
            "not valid JSON at byte 7 of 12: found no JSON value");
  EXPECT_EQ(JsonFaultAt(13, 12, "x"), "not valid JSON: it ends too early, after 12 bytes");
  EXPECT_EQ(JsonFaultAt(1, 0, "x"), "it is empty, expected JSON");
}

TEST(Printable, GivesNoByteThatATerminalWouldObey) {
  EXPECT_EQ(Printable("a\x1b[31m\r\x7f\a"), "a\\x1b[31m\\x0d\\x7f\\x07");
  EXPECT_EQ(Printable("\xff\xc2\x9b"
                      "2J\xe4\xbd"),
            "\\xff\\xc2\\x9b2J\\xe4\\xbd");
}

TEST(Printable, LeavesTextAsItIs) {
  const std::string text = "tab\t line\n \u00e9 \u4f60 \U0001f600 \u00a0";
  EXPECT_EQ(Printable(text), text);
  EXPECT_EQ(Printable(""), "");
}

}  // namespace
}  // namespace r1zero
