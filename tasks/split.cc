#include "tasks/split.h"

#include "common/crc32c.h"

namespace r1zero {

std::string RowText(std::span<const int64_t> numbers) {
  std::string text;
  for (int64_t number : numbers) text += std::to_string(number) + ' ';
  if (!text.empty()) text.pop_back();
  return text;
}

bool InHeldOutSplit(std::string_view row_text) {
  return Crc32Ieee(std::as_bytes(std::span(row_text.data(), row_text.size()))) % 10 == 0;
}

}  // namespace r1zero
