#include "reward/numbers_gold.h"

#include <nlohmann/json.hpp>
#include <optional>

namespace r1zero {
namespace {

constexpr size_t kMostBytes = 4096;
constexpr size_t kMostNumbers = 16;
constexpr int64_t kLargestNumber = 1'000'000'000, kLargestTarget = 1'000'000'000'000'000'000;

std::optional<int64_t> WholeNumber(const nlohmann::json& value, int64_t min, int64_t max) {
  if (!value.is_number_integer()) return std::nullopt;
  if (value.is_number_unsigned() && value.get<uint64_t>() > static_cast<uint64_t>(max))
    return std::nullopt;
  const auto number = value.get<int64_t>();
  if (number < min || number > max) return std::nullopt;
  return number;
}

NumbersGold Faulty(const char* fault) { return {.fault = fault}; }

}  // namespace

NumbersGold ReadNumbersGold(const std::string& gold) {
  if (gold.size() > kMostBytes) return Faulty("the gold is longer than 4096 bytes");
  // The parser takes a NUL byte for the end of the text.
  if (gold.find('\0') != gold.npos) return Faulty("the gold has a NUL byte");
  const auto object = nlohmann::json::parse(gold, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object() || !object.contains("numbers") || !object.contains("target"))
    return Faulty("expected {\"numbers\":[3,5,8],\"target\":16}");
  const auto& numbers = object["numbers"];
  if (!numbers.is_array() || numbers.empty() || numbers.size() > kMostNumbers)
    return Faulty("\"numbers\" is not a list of 1 to 16 whole numbers");
  NumbersGold read;
  for (const auto& item : numbers) {
    const auto number = WholeNumber(item, 0, kLargestNumber);
    if (!number) return Faulty("\"numbers\" has something else than whole numbers from 0 to 1e9");
    read.numbers.push_back(*number);
  }
  const auto target = WholeNumber(object["target"], -kLargestTarget, kLargestTarget);
  if (!target) return Faulty("\"target\" is not a whole number");
  read.target = *target;
  return read;
}

}  // namespace r1zero
