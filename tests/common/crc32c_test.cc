#include "common/crc32c.h"

#include <gtest/gtest.h>

#include <numeric>
#include <string_view>
#include <vector>

#include "common/philox.h"

namespace r1zero {
namespace {

std::vector<std::byte> Ascending(int first, int step) {
  std::vector<std::byte> bytes;
  for (int i = 0; i < 32; ++i) bytes.push_back(static_cast<std::byte>(first + step * i));
  return bytes;
}

std::span<const std::byte> BytesOf(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

using Crc32cFn = uint32_t (*)(std::span<const std::byte>, uint32_t);

class Crc32cForms : public testing::TestWithParam<Crc32cFn> {};

// RFC 3720, appendix B.4.
TEST_P(Crc32cForms, GiveTheAnswersOfRfc3720) {
  const Crc32cFn crc = GetParam();
  EXPECT_EQ(crc(std::vector<std::byte>(32, std::byte{0}), 0), 0x8a9136aau);
  EXPECT_EQ(crc(std::vector<std::byte>(32, std::byte{0xff}), 0), 0x62a8ab43u);
  EXPECT_EQ(crc(Ascending(0, 1), 0), 0x46dd794eu);
  EXPECT_EQ(crc(Ascending(31, -1), 0), 0x113fdb5cu);
  EXPECT_EQ(crc(BytesOf("123456789"), 0), 0xe3069283u);
}

TEST_P(Crc32cForms, ContinueFromTheCrcOfTheBytesBefore) {
  const Crc32cFn crc = GetParam();
  const auto bytes = Ascending(0, 1);
  for (size_t cut = 0; cut <= bytes.size(); ++cut)
    EXPECT_EQ(crc(std::span(bytes).subspan(cut), crc(std::span(bytes).first(cut), 0)), 0x46dd794eu);
}

INSTANTIATE_TEST_SUITE_P(Both, Crc32cForms, testing::Values(&Crc32c, &Crc32cPortable));

TEST(Crc32c, HardwareAndTableAgreeAtEveryLengthAndAlignment) {
  RandomStream random(1, RandomPurpose::kShuffle);
  std::vector<std::byte> bytes(200);
  for (auto& byte : bytes) byte = static_cast<std::byte>(random.Below(256));
  for (size_t start = 0; start < 8; ++start)
    for (size_t size = 0; start + size <= bytes.size(); ++size) {
      const auto part = std::span(bytes).subspan(start, size);
      EXPECT_EQ(Crc32c(part), Crc32cPortable(part));
    }
}

// The masked CRC of the length field of a TFRecord of 0 bytes, as TensorFlow writes it.
TEST(MaskedCrc32c, RotatesAndAdds) {
  const std::vector<std::byte> zero_length(8, std::byte{0});
  EXPECT_EQ(Crc32cPortable(zero_length), 0x8c28b28au);
  EXPECT_EQ(MaskedCrc32c(zero_length), 0x07980329u);
}

// The check value of CRC-32/ISO-HDLC, and zlib.crc32(b"The quick brown fox jumps over the lazy
// dog").
TEST(Crc32Ieee, GivesTheAnswersOfZlib) {
  EXPECT_EQ(Crc32Ieee(BytesOf("123456789")), 0xcbf43926u);
  EXPECT_EQ(Crc32Ieee(BytesOf("The quick brown fox jumps over the lazy dog")), 0x414fa339u);
  EXPECT_EQ(Crc32Ieee({}), 0u);
}

}  // namespace
}  // namespace r1zero
