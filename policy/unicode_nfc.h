// Unicode's canonical composition (NFC, UAX #15) as Hugging Face's normaliser does it.
#pragma once

#include <string>
#include <string_view>

namespace r1zero {

// Whether the text is surely in NFC: a quick look that takes the scripts of most texts for what they
// are, and says no where it would have to look closer.
bool IsSurelyNfc(std::string_view text);

// REQUIRES valid UTF-8. Characters that came after Unicode 9 stand for themselves: neither combining
// nor composed. Takes n log n for n characters, whatever they are.
std::string ToNfc(std::string_view text);

}  // namespace r1zero
