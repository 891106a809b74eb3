#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <utf8proc.h>

#include <cstdlib>
#include <memory>
#include <vector>

#include "common/philox.h"
#include "policy/unicode_class.h"
#include "policy/unicode_nfc.h"
#include "policy/utf8.h"

namespace r1zero {
namespace {

constexpr int32_t kLast = 0x10FFFF;

bool IsSurrogate(int32_t c) { return c >= 0xD800 && c <= 0xDFFF; }

std::string Utf8(std::initializer_list<int32_t> characters) {
  std::string text;
  for (const int32_t c : characters) AppendUtf8(c, text);
  return text;
}

std::string LibraryNfc(const std::string& text) {
  const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> composed(
      utf8proc_NFC(reinterpret_cast<const utf8proc_uint8_t*>(text.c_str())), &std::free);
  return reinterpret_cast<const char*>(composed.get());
}

TEST(Utf8, OfEveryCharacterIsReadBack) {
  for (int32_t c = 0; c <= kLast; ++c) {
    const std::string text = Utf8({c});
    if (IsSurrogate(c)) {
      ASSERT_EQ(ValidUtf8Size(text), 0) << c;
      continue;
    }
    ASSERT_EQ(ValidUtf8Size(text), text.size()) << c;
    ASSERT_EQ(FirstCodePoint(text).value, c);
    ASSERT_EQ(FirstCodePoint(text).size, text.size());
  }
}

// Unicode 15, table 3-8 and the examples around it.
TEST(Utf8, HasOneReplacementForEachPartThatIsNone) {
  const std::string r = "\xEF\xBF\xBD";
  EXPECT_EQ(ToValidUtf8("\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41"),
            r + r + r + r + r + r + r + r + "A");
  EXPECT_EQ(ToValidUtf8("\xED\xA0\x80\xED\xBF\xBF\xED\xAF\x41"),
            r + r + r + r + r + r + r + r + "A");
  EXPECT_EQ(ToValidUtf8("\xF4\x91\x92\x93\xFF\x41\x80\xBF\x42"),
            r + r + r + r + r + "A" + r + r + "B");
  EXPECT_EQ(ToValidUtf8("\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41"), r + r + r + r + "A");
  EXPECT_EQ(ToValidUtf8("\xE2\x82"), r);
}

TEST(UnicodeClass, OfAsciiIsWhatTheRegexesSay) {
  for (const int32_t c : std::vector<int32_t>{' ', '\t', '\v', '\f', 0x85, 0xA0, 0x2028, 0x3000})
    EXPECT_EQ(ClassOf(c), CharClass::kSpace) << c;
  for (const int32_t c : {'\r', '\n'}) EXPECT_EQ(ClassOf(c), CharClass::kNewline);
  for (const int32_t c : std::vector<int32_t>{'a', 'Z', 0xAA, 0x3B1, 0x4E2D, 0x2EBF0, 0x1E5D0})
    EXPECT_EQ(ClassOf(c), CharClass::kLetter) << c;
  for (const int32_t c : std::vector<int32_t>{'0', 0xB2, 0x661, 0x2168, 0x10D40})
    EXPECT_EQ(ClassOf(c), CharClass::kNumber);
  for (const int32_t c :
       std::vector<int32_t>{0, '_', '\'', 0x301, 0x200B, 0xFEFF, 0x1F600, 0xE000, kLast})
    EXPECT_EQ(ClassOf(c), CharClass::kOther) << c;
  EXPECT_TRUE(IsDigit(0x16FF4));
  EXPECT_NE(ClassOf(0x11DE0), CharClass::kNumber);
}

TEST(Nfc, OfEveryCharacterAloneIsTheLibrarys) {
  for (int32_t c = 1; c <= kLast; ++c)
    ASSERT_TRUE(IsSurrogate(c) || ToNfc(Utf8({c})) == LibraryNfc(Utf8({c}))) << std::hex << c;
}

TEST(Nfc, OfRandomOldCharactersIsTheLibrarys) {
  RandomStream random(1, RandomPurpose::kCorpus);
  const auto any = [&](int32_t first, int32_t last) {
    return first + static_cast<int32_t>(random.Below(last - first + 1));
  };
  for (int i = 0; i < 20'000; ++i) {
    std::string text;
    for (int64_t n = 1 + random.Below(8); n > 0; --n) {
      const std::pair<int32_t, int32_t> blocks[] = {
          {'a', 'z'},     {0x300, 0x36F},   {0xC0, 0x17F},  {0x1100, 0x11FF}, {0xAC00, 0xD7A3},
          {0x391, 0x3C9}, {0x1F00, 0x1FFF}, {0x915, 0x94D}, {0x304B, 0x309A}, {0xF900, 0xFAFF}};
      const auto [first, last] = blocks[random.Below(std::size(blocks))];
      AppendUtf8(any(first, last), text);
    }
    ASSERT_EQ(ToNfc(text), LibraryNfc(text)) << text;
  }
}

TEST(Nfc, OfCharactersAfterUnicode9LeavesThemAlone) {
  EXPECT_EQ(ToNfc(Utf8({'a', 0x898, 0x301})), Utf8({'a', 0x898, 0x301}));
  EXPECT_EQ(ToNfc(Utf8({0x11935, 0x11930})), Utf8({0x11935, 0x11930}));
}

// What is taken for NFC at a glance is: no character of it changes alone, or joins what is before.
TEST(Nfc, IsSureOnlyOfWhatNeverChanges) {
  EXPECT_TRUE(IsSurelyNfc("caf\xC3\xA9 \xE4\xBD\xA0\xE5\xA5\xBD"));
  EXPECT_FALSE(IsSurelyNfc("cafe\xCC\x81"));
  int64_t sure = 0;
  for (int32_t c = 1; c <= kLast; ++c) {
    if (IsSurrogate(c) || !IsSurelyNfc(Utf8({c}))) continue;
    ++sure;
    ASSERT_EQ(ToNfc(Utf8({c})), Utf8({c})) << std::hex << c;
    ASSERT_EQ(utf8proc_get_property(c)->combining_class, 0) << std::hex << c;
    utf8proc_int32_t parts[8];  // the second half of a composition of two is never sure
    const bool is_pair = utf8proc_decompose_char(c, parts, 8, UTF8PROC_DECOMPOSE, nullptr) > 1;
    ASSERT_FALSE(is_pair && IsSurelyNfc(Utf8({parts[1]}))) << std::hex << c;
  }
  EXPECT_GT(sure, 80'000);
}

}  // namespace
}  // namespace r1zero
