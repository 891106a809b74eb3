#include "common/tfrecord.h"

#include <gtest/gtest.h>

#include "common/crc32c.h"

namespace r1zero {
namespace {

uint64_t ReadLittleEndian(std::string_view bytes) {
  uint64_t value = 0;
  for (size_t i = bytes.size(); i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

uint32_t MaskedCrcOf(std::string_view bytes) {
  return MaskedCrc32c(std::as_bytes(std::span(bytes.data(), bytes.size())));
}

TEST(TfRecord, FramesDataWithItsLengthAndTwoMaskedCrcs) {
  const std::string data("a\0b\xff", 4);
  const std::string record = FrameTfRecord(data);
  const std::string_view view = record;
  ASSERT_EQ(view.size(), 8u + 4 + data.size() + 4);
  EXPECT_EQ(ReadLittleEndian(view.substr(0, 8)), data.size());
  EXPECT_EQ(ReadLittleEndian(view.substr(8, 4)), MaskedCrcOf(view.substr(0, 8)));
  EXPECT_EQ(view.substr(12, 4), data);
  EXPECT_EQ(ReadLittleEndian(view.substr(16, 4)), MaskedCrcOf(data));
}

TEST(TfRecord, LengthIsLittleEndianOverAllItsBytes) {
  const std::string record = FrameTfRecord(std::string(0x10203, 'x'));
  EXPECT_EQ(record.substr(0, 8), std::string("\x03\x02\x01\0\0\0\0\0", 8));
}

}  // namespace
}  // namespace r1zero
