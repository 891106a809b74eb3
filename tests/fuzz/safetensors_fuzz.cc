// Hostile weight files: whatever the bytes, the readers either give tensors that lie in the file, or
// throw Error.
//
//   libFuzzer (clang, -DR1ZERO_FUZZ=ON)     safetensors_fuzz CORPUS
//   any compiler                            safetensors_fuzz --runs 1000000 [--seed 1]
//
// The second is a mutator of our own: run n depends on (seed, n) alone, so that a number is enough to
// run a failure again (--first n --runs 1). docs/models.md has the command under sanitizers.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "common/error.h"
#include "common/philox.h"
#include "policy/safetensors.h"
#include "policy/weight_files.h"

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

const std::vector<std::string>& Seeds() {
  static const std::vector<std::string> seeds{
      FileOf("{}", 0),
      FileOf(R"({"w":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}})", 24),
      FileOf(R"({"__metadata__":{"format":"pt"},"a":{"dtype":"BF16","shape":[4],)"
             R"("data_offsets":[0,8]},"b":{"dtype":"F16","shape":[],"data_offsets":[8,10]},)"
             R"("c":{"dtype":"F32","shape":[0,7],"data_offsets":[10,10]}})",
             10),
      R"({"metadata":{"total_size":12},"weight_map":{"a":"model-00001-of-00002.safetensors",)"
      R"("b":"model-00002-of-00002.safetensors"}})",
  };
  return seeds;
}

const std::vector<std::string>& Words() {
  static const std::vector<std::string> words{"0",
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
  return words;
}

void Mutate(std::string& bytes, RandomStream& random) {
  const size_t at = random.Below(bytes.size() + 1);
  const size_t count = std::min<size_t>(random.Below(9), bytes.size() - at);
  switch (random.Below(7)) {
    case 0:
      if (at < bytes.size()) bytes[at] = static_cast<char>(bytes[at] ^ (1 << random.Below(8)));
      break;
    case 1:
      if (at < bytes.size()) bytes[at] = static_cast<char>(random.Below(256));
      break;
    case 2: bytes.erase(at, count); break;
    case 3: bytes.insert(at, bytes.substr(at, count)); break;
    case 4: bytes.insert(at, Words()[random.Below(Words().size())]); break;
    case 5: bytes.resize(at); break;
    case 6: {  // a length of the header that fits what is there now, or nearly
      if (bytes.size() < 8) break;
      const uint64_t length = random.Below(bytes.size() - 7);
      std::memcpy(bytes.data(), &length, sizeof(length));
    }
  }
}

// A replaced word often leaves the length right; where it does not, the header is mostly repaired, so
// that what lies behind the first check is reached.
void RepairLength(std::string& bytes) {
  const size_t end = bytes.rfind('}');
  if (bytes.size() < 8 || end == std::string::npos || end < 8) return;
  const uint64_t length = end - 7;
  std::memcpy(bytes.data(), &length, sizeof(length));
}

std::string Input(uint64_t seed, uint64_t run) {
  RandomStream random(seed, RandomPurpose::kPrompt, run);
  std::string bytes = Seeds()[random.Below(Seeds().size())];
  for (int64_t n = 1 + random.Below(4); n > 0; --n) Mutate(bytes, random);
  if (random.Below(4) != 0 && !bytes.starts_with('{')) RepairLength(bytes);
  return bytes;
}

}  // namespace
}  // namespace r1zero

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  r1zero::ReadsAsSafetensors(bytes);
  r1zero::ReadsAsIndex(bytes);
  return 0;
}

#ifndef R1ZERO_LIBFUZZER
int main(int argc, char** argv) {
  uint64_t runs = 10000, seed = 1, first = 0;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string flag = argv[i];
    (flag == "--runs"   ? runs
     : flag == "--seed" ? seed
                        : first) = std::strtoull(argv[i + 1], nullptr, 10);
  }
  uint64_t files = 0, indexes = 0;
  for (uint64_t run = first; run < first + runs; ++run) {
    const std::string bytes = r1zero::Input(seed, run);
    files += r1zero::ReadsAsSafetensors(bytes);
    indexes += r1zero::ReadsAsIndex(bytes);
  }
  std::printf("%llu runs: %llu read as safetensors, %llu as an index, the others were refused\n",
              static_cast<unsigned long long>(runs), static_cast<unsigned long long>(files),
              static_cast<unsigned long long>(indexes));
}
#endif
