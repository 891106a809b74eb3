// SHA-256, for weights, configs, completions and files.
#pragma once

#include <array>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace r1zero {

// Feed bytes with Update; Hex() ends the hash. Not thread-safe.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;
  void Update(std::span<const std::byte> bytes);
  void Update(std::string_view text) { Update(std::as_bytes(std::span(text.data(), text.size()))); }
  std::string Hex();  // 64 lower-case digits; call once

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::string Sha256Hex(std::string_view text);
std::string Sha256Hex(std::span<const std::byte> bytes);
// Of the whole file, read in pieces: it may be as large as a policy. Error with the path and the reason.
std::string Sha256HexOfFile(const std::filesystem::path& path);

}  // namespace r1zero
