// The newest weights, handed from the learner to whoever asks. Thread-safe.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "policy/weights.h"

namespace r1zero {

struct PublishedWeights {
  std::shared_ptr<const Weights> weights;  // null before the first Publish
  std::string sha256;
};

class WeightStore {
 public:
  // Replaces the newest weights; versions must not go back, or Error.
  void Publish(std::shared_ptr<const Weights> weights);
  PublishedWeights Latest() const;

 private:
  mutable std::mutex mutex_;
  PublishedWeights latest_;
};

}  // namespace r1zero
