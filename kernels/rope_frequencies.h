// The angles by which rotary embedding turns a pair at each position.
#pragma once

#include <cstdint>
#include <vector>

namespace r1zero::kernels {

// Llama 3.1's way to a longer context (rope_type "llama3" of Hugging Face): with w = 2 pi / f, the
// positions that pair i takes for one turn, and O = original_max_positions,
//
//   w < O / high_freq_factor    f stays
//   w > O / low_freq_factor     f / factor
//   between                     (1 - s) f / factor + s f,
//                               s = (O / w - low_freq_factor) / (high_freq_factor - low_freq_factor)
struct RopeScaling {
  double factor = 0;  // at least 1; 0: no scaling
  double low_freq_factor = 0, high_freq_factor = 0;
  int64_t original_max_positions = 0;

  bool is_on() const { return factor != 0; }
  bool operator==(const RopeScaling&) const = default;
};

// theta^(-i / h) for i in [0, h), h = head_width / 2, scaled if asked for. In double, by operations
// that IEEE 754 rounds the same way everywhere. REQUIRES theta > 1.
std::vector<double> RopeFrequencies(int head_width, double theta, const RopeScaling& scaling = {});

}  // namespace r1zero::kernels
