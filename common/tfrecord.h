// TFRecord framing: length (8 bytes little-endian), masked CRC-32C of it, data, masked CRC-32C of
// that. Used by TensorBoard event files and the rollout log.
#pragma once

#include <string>
#include <string_view>

namespace r1zero {

std::string FrameTfRecord(std::string_view data);

}  // namespace r1zero
