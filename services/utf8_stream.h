// Bytes in, whole characters out: tokens of a byte-level vocabulary may end inside one.
#pragma once

#include <string>
#include <string_view>

namespace r1zero {

class Utf8Stream {
 public:
  // The characters that are complete now. Bytes that can be no part of any become U+FFFD, one for
  // each longest part of a character that was begun (as Unicode recommends).
  std::string Feed(std::string_view bytes);
  std::string Finish();  // U+FFFD if a character was begun, else nothing

 private:
  std::string begun_;
};

}  // namespace r1zero
