// Which generated problems are held out. The split is by whole rows of numbers, so that a held-out
// row is never seen in training, whatever its target.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace r1zero {

// The numbers with single spaces between them: "6 6 8 8".
std::string RowText(std::span<const int64_t> numbers);

// A tenth of all rows, by the CRC-32 of their text.
bool InHeldOutSplit(std::string_view row_text);

// The key of the streams that draw what is the same for every run: held-out problems and probes.
inline constexpr uint64_t kFixedSeed = 20250122;  // the day R1-Zero was published

}  // namespace r1zero
