// The characters that byte-level vocabularies write bytes with (GPT-2's bytes_to_unicode): printable
// ones of Latin-1 for themselves, the other 68 bytes as U+0100 and on, in order.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace r1zero {

// The code point that stands for a byte.
int32_t ByteCharacter(unsigned char byte);

// The bytes that a token of a vocabulary stands for, or nothing if a character of it stands for none.
// REQUIRES valid UTF-8.
std::optional<std::string> BytesOfToken(std::string_view token);

}  // namespace r1zero
