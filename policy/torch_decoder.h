// The Decoder on libtorch, for devices that the CPU kernels do not serve ("cuda").
#pragma once

#include <string>

#include "policy/decoder.h"

namespace r1zero {

// device: "cpu" (for tests) or "cuda". Error if the device is not there.
std::unique_ptr<Decoder> MakeTorchDecoder(const ModelConfig& config, int64_t num_blocks,
                                          const std::string& device);

}  // namespace r1zero
