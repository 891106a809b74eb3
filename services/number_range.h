// A check of a flag's number that "nan" does not pass; it passes CLI::Range, because no comparison with
// it is true.
#pragma once

#include <CLI/CLI.hpp>
#include <charconv>
#include <cstdint>
#include <string>

namespace r1zero {

inline CLI::Validator NumberWithin(double least, double most) {
  const std::string range = CLI::detail::to_string(least) + " to " + CLI::detail::to_string(most);
  return CLI::Validator(
      [=](const std::string& text) -> std::string {
        double value = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        const bool is_number = error == std::errc() && end == text.data() + text.size();
        if (is_number && value >= least && value <= most) return "";
        return "'" + text + "' is not a number from " + range;
      },
      range);
}

// One that fits 64 bits without a sign; others would be taken as another number.
inline CLI::Validator WholeNumber64() {
  return CLI::Validator(
      [](const std::string& text) -> std::string {
        uint64_t value = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (error == std::errc() && end == text.data() + text.size()) return "";
        return "'" + text + "' is not a whole number from 0 to 2^64 - 1";
      },
      "0 to 2^64 - 1");
}

}  // namespace r1zero
