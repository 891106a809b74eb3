#include "common/sha256.h"

#include <openssl/evp.h>

#include "common/error.h"
#include "common/large_file.h"

namespace r1zero {

struct Sha256::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  ~State() { EVP_MD_CTX_free(context); }
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
  Require(state_->context && EVP_DigestInit_ex(state_->context, EVP_sha256(), nullptr) == 1,
          "SHA-256: OpenSSL could not start a hash");
}

Sha256::~Sha256() = default;

void Sha256::Update(std::span<const std::byte> bytes) {
  Require(state_ != nullptr, "SHA-256: Update() after Hex()");
  Require(EVP_DigestUpdate(state_->context, bytes.data(), bytes.size()) == 1,
          "SHA-256: OpenSSL refused ", bytes.size(), " bytes");
}

std::string Sha256::Hex() {
  Require(state_ != nullptr, "SHA-256: Hex() called twice");
  std::array<unsigned char, 32> digest;
  Require(EVP_DigestFinal_ex(state_->context, digest.data(), nullptr) == 1,
          "SHA-256: OpenSSL could not end the hash");
  state_.reset();
  constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  for (const unsigned char byte : digest) {
    hex += kDigits[byte >> 4];
    hex += kDigits[byte & 15];
  }
  return hex;
}

std::string Sha256Hex(std::string_view text) {
  return Sha256Hex(std::as_bytes(std::span(text.data(), text.size())));
}

std::string Sha256Hex(std::span<const std::byte> bytes) {
  Sha256 hash;
  hash.Update(bytes);
  return hash.Hex();
}

std::string Sha256HexOfFile(const std::filesystem::path& path) {
  Sha256 hash;
  ReadFileInPieces(path, [&](std::string_view piece) { hash.Update(piece); });
  return hash.Hex();
}

}  // namespace r1zero
