#include "grpo/event_file.h"

#include <gtest/gtest.h>

#include <bit>
#include <cstring>
#include <map>

#include "common/crc32c.h"
#include "tests/grpo/fakes.h"

namespace r1zero {
namespace {

// An independent reading of the wire format: fields by number, the scalars as bytes.
struct Field {
  int number;
  std::string bytes;  // varint: 8 little-endian bytes
};

uint64_t ReadVarint(const std::string& in, size_t& at) {
  uint64_t value = 0;
  for (int shift = 0;; shift += 7) {
    const auto byte = static_cast<unsigned char>(in.at(at++));
    value |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
}

std::vector<Field> Decode(const std::string& in) {
  std::vector<Field> fields;
  for (size_t at = 0; at < in.size();) {
    const uint64_t tag = ReadVarint(in, at);
    size_t length = 0;
    std::string bytes;
    switch (tag & 7) {
      case 0: {
        const uint64_t value = ReadVarint(in, at);
        bytes.assign(reinterpret_cast<const char*>(&value), 8);
        break;
      }
      case 1: length = 8; break;
      case 2: length = ReadVarint(in, at); break;
      case 5: length = 4; break;
      default: ADD_FAILURE() << "wire type " << (tag & 7);
    }
    if (length) bytes = in.substr(at, length);
    EXPECT_LE(at + length, in.size());
    at += length;
    fields.push_back({static_cast<int>(tag >> 3), bytes});
  }
  return fields;
}

template <typename T>
T As(const std::string& bytes) {
  T value{};
  EXPECT_EQ(bytes.size(), sizeof value);
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

// The records of a TFRecord file, their checksums verified.
std::vector<std::string> Records(const std::string& file) {
  std::vector<std::string> records;
  for (size_t at = 0; at < file.size();) {
    const std::string head = file.substr(at, 8);
    const uint64_t length = As<uint64_t>(head);
    EXPECT_EQ(As<uint32_t>(file.substr(at + 8, 4)),
              MaskedCrc32c(std::as_bytes(std::span(head.data(), 8))));
    records.push_back(file.substr(at + 12, length));
    EXPECT_EQ(As<uint32_t>(file.substr(at + 12 + length, 4)),
              MaskedCrc32c(std::as_bytes(std::span(records.back().data(), length))));
    at += 12 + length + 4;
  }
  return records;
}

std::map<int, std::string> ByNumber(const std::string& record) {
  std::map<int, std::string> fields;
  for (const Field& field : Decode(record)) fields[field.number] = field.bytes;
  return fields;
}

TEST(EventFile, HoldsItsVersionTheSessionsStartAndTheScalars) {
  const TestFolder folder;
  EventFile events(folder.path(), 40);
  events.Scalars(300, {{"reward", 0.75}, {"eval/pass@1", -2}});
  const auto path = std::filesystem::directory_iterator(folder.path())->path();
  EXPECT_EQ(path.filename().string().rfind("events.out.tfevents.", 0), 0u);

  const auto records = Records(ReadFile(path));
  ASSERT_EQ(records.size(), 3u);
  EXPECT_EQ(ByNumber(records[0])[3], "brain.Event:2");

  auto start = ByNumber(records[1]);
  EXPECT_EQ(As<uint64_t>(start[2]), 41u);
  EXPECT_EQ(As<uint64_t>(ByNumber(start[7])[1]), 1u);

  auto scalars = ByNumber(records[2]);
  EXPECT_NEAR(As<double>(scalars[1]), static_cast<double>(time(nullptr)), 60);
  EXPECT_EQ(As<uint64_t>(scalars[2]), 300u);
  const auto values = Decode(scalars[5]);
  ASSERT_EQ(values.size(), 2u);
  EXPECT_EQ(ByNumber(values[0].bytes)[1], "reward");
  EXPECT_EQ(As<float>(ByNumber(values[0].bytes)[2]), 0.75f);
  EXPECT_EQ(ByNumber(values[1].bytes)[1], "eval/pass@1");
  EXPECT_EQ(As<float>(ByNumber(values[1].bytes)[2]), -2.0f);
}

}  // namespace
}  // namespace r1zero
