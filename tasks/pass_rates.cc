#include "tasks/pass_rates.h"

#include <charconv>

#include "common/sha256.h"
#include "tasks/row_source.h"

namespace r1zero {
namespace {

constexpr size_t kDigits = 64, kKeyDigits = 16;
constexpr int64_t kMostSamples = int64_t{1} << 31;

uint64_t KeyOf(std::string_view hex) {
  uint64_t key = 0;
  std::from_chars(hex.data(), hex.data() + kKeyDigits, key, 16);
  return key;
}

uint64_t KeyOf(const JsonlRow& row) {
  const std::string hex = row.Text("prompt_sha256");
  if (hex.size() != kDigits || hex.find_first_not_of("0123456789abcdef") != hex.npos)
    row.Refuse("prompt_sha256", "64 lower-case hex digits");
  return KeyOf(hex);
}

}  // namespace

uint64_t PromptKey(std::string_view prompt) { return KeyOf(Sha256Hex(prompt)); }

PassRates::PassRates(const std::string& path) {
  const auto rows = OpenRows(path);
  for (int64_t i = 0; i < rows->count(); ++i) {
    const JsonlRow row = rows->Row(i);
    if (i == 0 && row.Has("evaluation")) continue;  // the header of r1zero eval --out
    const int64_t samples = row.Integer("samples"), right = row.Integer("right");
    if (samples < 1 || samples > kMostSamples) row.Refuse("samples", "1 to 2^31");
    if (right < 0 || right > samples) row.Refuse("right", "0 to \"samples\"");
    Count& count = counts_[KeyOf(row)];
    count.samples += samples;
    count.right += right;
  }
}

std::optional<double> PassRates::Of(uint64_t prompt_key) const {
  const auto at = counts_.find(prompt_key);
  if (at == counts_.end()) return std::nullopt;
  return static_cast<double>(at->second.right) / static_cast<double>(at->second.samples);
}

}  // namespace r1zero
