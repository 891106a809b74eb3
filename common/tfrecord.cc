#include "common/tfrecord.h"

#include <cstdint>

#include "common/crc32c.h"

namespace r1zero {
namespace {

template <typename Unsigned>
std::string LittleEndian(Unsigned value) {
  std::string bytes;
  for (size_t i = 0; i < sizeof(value); ++i) bytes += static_cast<char>(value >> (8 * i) & 0xff);
  return bytes;
}

std::string MaskedCrcOf(std::string_view bytes) {
  return LittleEndian(MaskedCrc32c(std::as_bytes(std::span(bytes.data(), bytes.size()))));
}

}  // namespace

std::string FrameTfRecord(std::string_view data) {
  const std::string length = LittleEndian(uint64_t{data.size()});
  std::string record;
  record.reserve(length.size() + data.size() + 8);
  record.append(length).append(MaskedCrcOf(length)).append(data).append(MaskedCrcOf(data));
  return record;
}

}  // namespace r1zero
