#include "reward/plain_number.h"

#include <gtest/gtest.h>

namespace r1zero {
namespace {

// The normal form, or the fault in brackets.
std::string One(std::string_view text) {
  const NumberReading r = ReadOneNumber(text);
  return r.fault.empty() ? r.normal : "[" + std::string(r.fault) + "]";
}
std::string Last(std::string_view text) {
  const NumberReading r = ReadLastNumber(text);
  return r.fault.empty() ? r.normal : "[" + std::string(r.fault) + "]";
}

struct Reading {
  const char* text;
  const char* expected;
};

TEST(PlainNumber, OneNumberIsReadInTheWaysThatPeopleWriteIt) {
  for (const auto& [text, expected] : std::initializer_list<Reading>{
           {"18", "18"},
           {" 18.\n", "18"},
           {"18.0", "18"},
           {"18.00", "18"},
           {"018", "18"},
           {".5", "0.5"},
           {"0.180", "0.18"},
           {"-7", "-7"},
           {"+7", "7"},
           {"\u22127", "-7"},
           {"-0.0", "0"},
           {"$18", "18"},
           {"$ 18", "18"},
           {"18$", "18"},
           {"$18$", "18"},
           {"-$18.50", "-18.5"},
           {"$-18.50", "-18.5"},
           {"\u20ac18", "18"},
           {"1,234.50", "1234.5"},
           {"109,200,000", "109200000"},
           {"25%", "25"},
           {"25\\%", "25"},
           {"1/2", "0.5"},
           {"-6/8", "-0.75"},
           {"2/6", "1/3"},
           {"6/2", "3"},
           {"\\frac{1}{2}", "0.5"},
           {"-\\dfrac{1}{3}", "-1/3"},
           {"\\$18", "18"},
           {"18\\text{ dollars}", "18"},
           {"1{,}080", "1080"},
           {"1,\\!080", "1080"},
           {"1\\,080", "1080"},
           {"18\\,\\mathrm{cm}", "18"},
           {"\\(18\\)", "18"},
           {"**18**", "18"},
           {"18 dollars", "18"},
           {"18 dollars a day.", "18"},
           {"$18/day", "18"},
           {"18-inch pipes", "18"},
           {"3kg", "3"},
           {"18 caf\u00e9s", "18"},
           {"Janet makes $18 every day.", "18"},
           {"Janet\u2019s total is \u201c18\u201d", "18"},
           {"x = 18", "18"},
           {"18 = 18.00", "18"},
           {"18 (or 18 dollars)", "18"},
       })
    EXPECT_EQ(One(text), expected) << text;
}

TEST(PlainNumber, WhatIsNotOneNumberIsRefusedByName) {
  for (const auto& [text, expected] : std::initializer_list<Reading>{
           {"", "[no_number]"},
           {"dollars", "[no_number]"},
           {"eighteen", "[no_number]"},
           {"\uff11\uff18", "[no_number]"},  // full-width digits
           {"\u0661\u0668", "[no_number]"},  // Arabic-Indic digits
           {"1\uff18", "[bad_number]"},
           {"2\u00bd", "[bad_number]"},
           {"2\u00b2", "[bad_number]"},
           {"18 19", "[two_answers]"},
           {"5 or 6", "[two_answers]"},
           {"5, 6", "[two_answers]"},
           {"17-19", "[two_answers]"},
           {"17\u201319", "[bad_number]"},
           {"18+0", "[two_answers]"},
           {"5+13=18", "[two_answers]"},
           {"1 1/2", "[two_answers]"},
           {"6:30", "[two_answers]"},
           {"18-18", "[bad_number]"},
           {"18*18", "[bad_number]"},
           {"18^18", "[bad_number]"},
           {"18!", "[bad_number]"},
           {">18", "[bad_number]"},
           {"\\sqrt{18}", "[bad_number]"},
           {"1,2,3,4", "[bad_number]"},
           {"1,23", "[bad_number]"},
           {"12,34,567", "[bad_number]"},
           {"1234,567", "[bad_number]"},
           {"0,123", "[bad_number]"},
           {"1.234,56", "[bad_number]"},
           {"1.2.3", "[bad_number]"},
           {"..18", "[bad_number]"},
           {"x18", "[bad_number]"},
           {"18k", "[bad_number]"},
           {"1e3", "[two_answers]"},
           {"0x12", "[two_answers]"},
           {"18 million", "[bad_number]"},
           {"1.5 dozen", "[bad_number]"},
           {"minus 18", "[bad_number]"},
           {"half of 18", "[bad_number]"},
           {"1/0", "[bad_number]"},
           {"1/2/3", "[two_answers]"},
           {"1.5/2", "[bad_number]"},
           {"18\x01", "[bad_number]"},
           {"18\xff", "[bad_number]"},
       })
    EXPECT_EQ(One(text), expected) << text;
}

TEST(PlainNumber, ComparesLongNumbersDigitByDigitUpToALimit) {
  const std::string digits(60, '7');
  EXPECT_EQ(One(digits), digits);
  EXPECT_NE(One(digits), One(digits + "1"));
  EXPECT_EQ(One(std::string(100000, '0') + "18." + std::string(100000, '0')), "18");
  EXPECT_EQ(One(std::string(65, '7')), "[too_long]");
  EXPECT_EQ(One("1/" + std::string(19, '7')), "[too_long]");
  EXPECT_EQ(One("0." + std::string(1000000, '3')), "[too_long]");
  EXPECT_EQ(One("999999999999999999/1"), "999999999999999999");
}

TEST(PlainNumber, TheLastNumberIsTakenWhateverStandsBefore) {
  for (const auto& [text, expected] : std::initializer_list<Reading>{
           {"5 + 13 = 18 dollars.", "18"},
           {"20-18", "18"},
           {"so it is -$18.", "-18"},
           {"6 eggs, 1/2 left", "0.5"},
           {"it is 5 or 1,234", "1234"},
           {"no digit", "[no_number]"},
           {"", "[no_number]"},
           {"5 and 1,2,3,4", "[bad_number]"},
           {"5 and 1\uff18", "[bad_number]"},
       })
    EXPECT_EQ(Last(text), expected) << text;
}

}  // namespace
}  // namespace r1zero
