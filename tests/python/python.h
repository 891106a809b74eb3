// The Python that tests of agreement run; they are skipped without one.
#pragma once

#include <cstdlib>
#include <string>

namespace r1zero {

// What R1ZERO_PYTHON names; "" if it is not set, or empty.
inline std::string TestPython() {
  const char* const python = std::getenv("R1ZERO_PYTHON");
  return python ? python : "";
}

}  // namespace r1zero
