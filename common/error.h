// The one exception this project throws, and the one way it throws it.
#pragma once

#include <sstream>
#include <stdexcept>
#include <string>

namespace r1zero {

// A failure that a person can act on. what() is one sentence: where, what was found, what was
// expected, and a hint where the fix is not obvious.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Throws Error unless `condition` holds; the parts are streamed one after another.
template <typename... Parts>
void Require(bool condition, const Parts&... parts) {
  if (condition) [[likely]]
    return;
  std::ostringstream message;
  (message << ... << parts);
  throw Error(message.str());
}

// Throws Error.
template <typename... Parts>
[[noreturn]] void Fail(const Parts&... parts) {
  std::ostringstream message;
  (message << ... << parts);
  throw Error(message.str());
}

}  // namespace r1zero
