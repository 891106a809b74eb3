// A set of weights cut into chunks for the wire, and put together again. Both ends in one file: what
// one writes the other checks.
//
// Each chunk carries a CRC-32C of its bytes and the SHA-256 of all of them, so that a flipped bit is
// found at once, and a chunk of other weights too.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "common/sha256.h"
#include "policy/weight_store.h"
#include "proto/training.pb.h"

namespace r1zero {

inline constexpr int64_t kWeightChunkBytes = 1 << 20;

// Calls `send` for each chunk in order, until it returns false. One chunk without data ("unchanged")
// if the receiver already has these bytes.
void SendWeights(const PublishedWeights& published, const std::string& have_sha256,
                 const std::function<bool(const v1::WeightsChunk&)>& send);

// Puts one stream together. Every method throws Error if the stream is not what it should be.
class WeightReceiver {
 public:
  // `have` (may be null) with its hash: the weights that "unchanged" refers to.
  WeightReceiver(ModelConfig config, std::shared_ptr<const Weights> have, std::string have_sha256);

  void Add(const v1::WeightsChunk& chunk);
  PublishedWeights Finish();  // checks size and SHA-256; call once, after the last chunk

 private:
  void Start(const v1::WeightsChunk& first);

  ModelConfig config_;
  std::shared_ptr<const Weights> have_;
  std::string have_sha256_;
  std::shared_ptr<Weights> weights_;  // null before the first chunk
  std::string sha256_;
  Sha256 hash_;           // of what was received
  bool is_copy_ = false;  // of `have`: nothing was received
  int64_t received_ = 0;  // bytes
};

}  // namespace r1zero
