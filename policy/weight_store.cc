#include "policy/weight_store.h"

#include "common/error.h"

namespace r1zero {

void WeightStore::Publish(std::shared_ptr<const Weights> weights) {
  Require(weights != nullptr, "no weights to publish");
  PublishedWeights next{weights, WeightSha256(*weights)};  // hashed outside the lock
  std::lock_guard lock(mutex_);
  const int64_t newest = latest_.weights ? latest_.weights->version : next.weights->version;
  Require(next.weights->version >= newest, "weights of version ", next.weights->version,
          " published after version ", newest, ": versions must not go back");
  latest_ = std::move(next);
}

PublishedWeights WeightStore::Latest() const {
  std::lock_guard lock(mutex_);
  return latest_;
}

}  // namespace r1zero
