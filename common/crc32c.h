// CRC-32C (Castagnoli, RFC 3720 appendix B.4) and TFRecord's masked form of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace r1zero {

uint32_t Crc32c(std::span<const std::byte> bytes, uint32_t crc = 0);  // crc: of the bytes before
uint32_t Crc32cPortable(std::span<const std::byte> bytes, uint32_t crc = 0);  // without SSE4.2
uint32_t MaskedCrc32c(std::span<const std::byte> bytes);  // rotate right 15, add 0xa282ead8

// CRC-32 of zlib (IEEE 802.3), which demo-task splits are defined by.
uint32_t Crc32Ieee(std::span<const std::byte> bytes);

}  // namespace r1zero
