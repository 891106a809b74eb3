// A check of a flag's number that "nan" does not pass; it passes CLI::Range, because no comparison with
// it is true.
#pragma once

#include <CLI/CLI.hpp>
#include <charconv>
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

}  // namespace r1zero
