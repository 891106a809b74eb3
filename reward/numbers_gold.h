// The gold of `signs` and `countdown`: {"numbers":[3,5,8],"target":16}.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace r1zero {

struct NumbersGold {
  std::vector<int64_t> numbers;  // 1 to 16, each in 0..1e9
  int64_t target = 0;            // in -1e18..1e18
  std::string fault;             // why the gold was not understood; empty if it was
};
NumbersGold ReadNumbersGold(const std::string& gold);

}  // namespace r1zero
