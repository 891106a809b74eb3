#include "common/crc32c.h"

#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace r1zero {
namespace {

using Table = std::array<uint32_t, 256>;

// The remainder of every byte, for a polynomial with its bits reversed.
constexpr Table MakeTable(uint32_t polynomial) {
  Table table{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t remainder = byte;
    for (int bit = 0; bit < 8; ++bit)
      remainder = remainder & 1 ? remainder >> 1 ^ polynomial : remainder >> 1;
    table[byte] = remainder;
  }
  return table;
}

constexpr Table kCastagnoli = MakeTable(0x82f63b78);
constexpr Table kIeee = MakeTable(0xedb88320);

uint32_t TableCrc(const Table& table, std::span<const std::byte> bytes, uint32_t crc) {
  crc = ~crc;
  for (const std::byte byte : bytes)
    crc = table[(crc ^ static_cast<uint32_t>(byte)) & 0xff] ^ crc >> 8;
  return ~crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) uint32_t HardwareCrc32c(std::span<const std::byte> bytes,
                                                          uint32_t crc) {
  uint64_t state = ~crc;
  size_t i = 0;
  for (; i + 8 <= bytes.size(); i += 8) {
    uint64_t word;
    std::memcpy(&word, bytes.data() + i, 8);
    state = _mm_crc32_u64(state, word);
  }
  for (; i < bytes.size(); ++i)
    state = _mm_crc32_u8(static_cast<uint32_t>(state), static_cast<uint8_t>(bytes[i]));
  return ~static_cast<uint32_t>(state);
}
#endif

}  // namespace

uint32_t Crc32cPortable(std::span<const std::byte> bytes, uint32_t crc) {
  return TableCrc(kCastagnoli, bytes, crc);
}

uint32_t Crc32c(std::span<const std::byte> bytes, uint32_t crc) {
#if defined(__x86_64__)
  static const bool has_sse42 = __builtin_cpu_supports("sse4.2");
  if (has_sse42) return HardwareCrc32c(bytes, crc);
#endif
  return Crc32cPortable(bytes, crc);
}

uint32_t MaskedCrc32c(std::span<const std::byte> bytes) {
  const uint32_t crc = Crc32c(bytes);
  return (crc >> 15 | crc << 17) + 0xa282ead8;
}

uint32_t Crc32Ieee(std::span<const std::byte> bytes) { return TableCrc(kIeee, bytes, 0); }

}  // namespace r1zero
