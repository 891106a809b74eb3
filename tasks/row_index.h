// Where the rows of a JSON text begin.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace r1zero {

struct RowSpan {
  uint64_t begin = 0;   // in bytes
  uint32_t length = 0;  // in bytes, without the line's end
  uint32_t line = 1;    // where it begins, counted from 1
  uint32_t column = 1;
};

// One span a line that is not blank; or, if the text begins with '[' and `may_be_array`, one for each
// element of that array. What a span holds is not looked at. Error, with `path`, if there are no rows,
// more than 2^32 lines, a row of more than 64 MiB, or if the array does not end.
std::vector<RowSpan> IndexRows(const std::string& path, std::string_view text, bool may_be_array);

}  // namespace r1zero
