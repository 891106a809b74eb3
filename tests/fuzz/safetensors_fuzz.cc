// Hostile weight files: whatever the bytes, the readers either give tensors that lie in the file, or
// throw Error. docs/models.md has the command under sanitizers.
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "common/error.h"
#include "policy/safetensors.h"
#include "policy/weight_files.h"
#include "tests/fuzz/fuzz_target.h"

namespace r1zero {
namespace {

// Reads the last byte of each tensor too: a span that leaves the file is found by the sanitizer.
bool ReadsAsSafetensors(const std::string& bytes) try {
  const auto tensors = ParseSafetensors(std::as_bytes(std::span(bytes)), "fuzz");
  for (const auto& [name, tensor] : tensors) {
    int64_t expected = tensor.dtype == "F32" ? 4 : 2;
    for (const int64_t extent : tensor.shape) expected *= extent;
    if (static_cast<int64_t>(tensor.data.size()) != expected) std::abort();
    const auto* begin = reinterpret_cast<const char*>(tensor.data.data());
    if (tensor.data.empty()) continue;
    if (begin < bytes.data() || begin + expected > bytes.data() + bytes.size()) std::abort();
    [[maybe_unused]] static volatile char last;
    last = begin[expected - 1];
  }
  return true;
} catch (const Error&) {
  return false;
}

bool ReadsAsIndex(const std::string& text) try {
  for (const auto& [tensor, file] : ParseWeightIndex(text, "fuzz"))
    if (file.find('/') != std::string::npos || file.starts_with('.')) std::abort();
  return true;
} catch (const Error&) {
  return false;
}

std::string FileOf(const std::string& header, size_t data_bytes) {
  const uint64_t length = header.size();
  std::string file(reinterpret_cast<const char*>(&length), sizeof(length));
  return file + header + std::string(data_bytes, '\x3f');
}

std::vector<std::string> Seeds() {
  return {
      FileOf("{}", 0),
      FileOf(R"({"w":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}})", 24),
      FileOf(R"({"__metadata__":{"format":"pt"},"a":{"dtype":"BF16","shape":[4],)"
             R"("data_offsets":[0,8]},"b":{"dtype":"F16","shape":[],"data_offsets":[8,10]},)"
             R"("c":{"dtype":"F32","shape":[0,7],"data_offsets":[10,10]}})",
             10),
      R"({"metadata":{"total_size":12},"weight_map":{"a":"model-00001-of-00002.safetensors",)"
      R"("b":"model-00002-of-00002.safetensors"}})",
  };
}

std::vector<std::string> Words() {
  return {"0",
          "-1",
          "9223372036854775807",
          "18446744073709551615",
          "1e400",
          "2.0",
          "null",
          "[]",
          "{}",
          "\"F32\"",
          "\"BF16\"",
          "\"I64\"",
          "\"shape\"",
          "\"dtype\"",
          "\"data_offsets\"",
          "\"w\":",
          ",",
          ":",
          "[0,8]",
          "../x",
          "/",
          ".safetensors",
          "\\u0000",
          "\xff",
          "[[[[",
          "__metadata__"};
}

// A replaced word often leaves the length right; where it does not, the header is mostly repaired, so
// that what lies behind the first check is reached.
void RepairLength(std::string& bytes) {
  const size_t end = bytes.rfind('}');
  if (bytes.size() < 8 || end == std::string::npos || end < 8) return;
  const uint64_t length = end - 7;
  std::memcpy(bytes.data(), &length, sizeof(length));
}

// Mostly; else a length that fits what is there now, or nearly, or whatever became of it.
void Repair(std::string& bytes, RandomStream& random) {
  if (bytes.size() < 8 || bytes.starts_with('{')) return;
  const int64_t kind = random.Below(8);
  if (kind < 6) return RepairLength(bytes);
  const uint64_t length = random.Below(static_cast<int64_t>(bytes.size()) - 7);
  if (kind == 6) std::memcpy(bytes.data(), &length, sizeof(length));
}

uint32_t Read(const std::string& bytes) {
  return (ReadsAsSafetensors(bytes) ? 1 : 0) | (ReadsAsIndex(bytes) ? 2 : 0);
}

}  // namespace

const FuzzTarget& TheFuzzTarget() {
  static const FuzzTarget target{.seeds = Seeds(),
                                 .words = Words(),
                                 .outcomes = {"read as safetensors", "read as an index"},
                                 .read = Read,
                                 .repair = Repair};
  return target;
}

}  // namespace r1zero
