#include "services/weight_stream.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "common/crc32c.h"
#include "common/error.h"

namespace r1zero {
namespace {

static_assert(std::endian::native == std::endian::little, "weights travel as they lie in memory");

std::span<const std::byte> Bytes(const std::string& text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

}  // namespace

void SendWeights(const PublishedWeights& published, const std::string& have_sha256,
                 const std::function<bool(const v1::WeightsChunk&)>& send) {
  const auto bytes = std::as_bytes(std::span(published.weights->flat));
  const auto total = static_cast<int64_t>(bytes.size());
  v1::WeightsChunk chunk;
  chunk.set_version(published.weights->version);
  chunk.set_sha256(published.sha256);
  chunk.set_total_bytes(total);
  if (have_sha256 == published.sha256) {
    chunk.set_unchanged(true);
    send(chunk);
    return;
  }
  for (int64_t offset = 0; offset < total; offset += kWeightChunkBytes) {
    const auto part = bytes.subspan(offset, std::min(kWeightChunkBytes, total - offset));
    chunk.set_offset(offset);
    chunk.set_data(part.data(), part.size());
    chunk.set_crc32c(Crc32c(part));
    if (!send(chunk)) return;
  }
}

WeightReceiver::WeightReceiver(ModelConfig config, std::shared_ptr<const Weights> have,
                               std::string have_sha256)
    : config_(std::move(config)), have_(std::move(have)), have_sha256_(std::move(have_sha256)) {}

void WeightReceiver::Start(const v1::WeightsChunk& first) {
  const auto expected = NumParameters(config_) * static_cast<int64_t>(sizeof(float));
  Require(first.total_bytes() == expected, "weights of version ", first.version(), " have ",
          first.total_bytes(), " bytes, expected ", expected, " of this model");
  weights_ = std::make_shared<Weights>();
  weights_->config = config_;
  weights_->version = first.version();
  sha256_ = first.sha256();
  if (first.unchanged()) {
    Require(have_ && first.sha256() == have_sha256_, "weights of version ", first.version(),
            " are said to be unchanged, but their hash ", first.sha256(), " is not the one here");
    weights_->flat = have_->flat;
    is_copy_ = true;
    received_ = expected;
  } else {
    weights_->flat.resize(expected / sizeof(float));
  }
}

void WeightReceiver::Add(const v1::WeightsChunk& chunk) {
  if (!weights_) {
    Start(chunk);
    if (chunk.unchanged()) return;
  }
  Require(chunk.version() == weights_->version && chunk.sha256() == sha256_, "a chunk of version ",
          chunk.version(), " came among those of version ", weights_->version);
  const auto total = static_cast<int64_t>(std::as_bytes(std::span(weights_->flat)).size());
  const auto size = static_cast<int64_t>(chunk.data().size());
  Require(chunk.offset() == received_, "a chunk is at byte ", chunk.offset(), ", expected ",
          received_);
  Require(size > 0 && size <= total - received_, "a chunk at byte ", received_, " has ", size,
          " bytes, expected 1 to ", total - received_);
  Require(Crc32c(Bytes(chunk.data())) == chunk.crc32c(), "the chunk at byte ", received_,
          " does not match its CRC-32C");
  std::memcpy(reinterpret_cast<std::byte*>(weights_->flat.data()) + received_, chunk.data().data(),
              size);
  hash_.Update(Bytes(chunk.data()));  // while the next chunk is on its way
  received_ += size;
}

PublishedWeights WeightReceiver::Finish() {
  Require(weights_ != nullptr, "the stream of weights is empty");
  const auto total = static_cast<int64_t>(std::as_bytes(std::span(weights_->flat)).size());
  Require(received_ == total, "the stream of weights ended at byte ", received_, " of ", total);
  const std::string found = is_copy_ ? WeightSha256(*weights_) : hash_.Hex();
  Require(found == sha256_, "weights of version ", weights_->version, " have SHA-256 ", found,
          ", expected ", sha256_);
  return {.weights = std::move(weights_), .sha256 = std::move(sha256_)};
}

}  // namespace r1zero
