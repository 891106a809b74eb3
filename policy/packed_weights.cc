#include "policy/packed_weights.h"

#include <cmath>

#include "common/error.h"

namespace r1zero {
namespace {

using kernels::PackedMatrix;
using kernels::Storage;

// Goes through the tensors in the manifest's order.
class Packer {
 public:
  Packer(const Weights& weights, Storage storage, PackedWeights& packed)
      : c_(weights.config),
        flat_(weights.flat.data()),
        manifest_(WeightManifest(weights.config)),
        storage_(storage),
        packed_(packed) {
    if (storage == Storage::kBfloat16) packed.vectors.reserve(VectorFloats());
  }

  void Pack() {
    const int64_t D = c_.hidden_size;
    const float* const embedding_VD = Matrix();
    StoreEmbedding(embedding_VD);
    packed_.layers.resize(c_.num_layers);
    for (PackedLayer& layer : packed_.layers) PackLayer(layer);
    packed_.norm_D = Vector();
    PackMatrix(c_.tie_embeddings ? embedding_VD : Matrix(), c_.vocab_size, D, packed_.head);
  }

 private:
  // Floats of all tensors that are no matrix.
  int64_t VectorFloats() const {
    int64_t floats = 0;
    for (const TensorSpec& spec : manifest_) floats += spec.shape.size() == 1 ? spec.size : 0;
    return floats;
  }
  // The next `parts` tensors, which are neighbours, as one matrix.
  const float* Matrix(int parts = 1) {
    const float* first = flat_ + manifest_[tensor_].offset;
    tensor_ += parts;
    return first;
  }
  const float* Vector(int parts = 1) {
    const float* first = flat_ + manifest_[tensor_].offset;
    int64_t size = 0;
    for (; parts > 0; --parts) size += manifest_[tensor_++].size;
    if (storage_ == Storage::kFloat32) return first;
    packed_.vectors.insert(packed_.vectors.end(), first, first + size);  // reserved: stays in place
    return packed_.vectors.data() + packed_.vectors.size() - size;
  }
  void StoreEmbedding(const float* embedding_VD) {
    if (storage_ == Storage::kFloat32) {
      packed_.embedding_VD = embedding_VD;
      return;
    }
    packed_.bfloat16_embedding.resize(c_.vocab_size * c_.hidden_size);
    for (size_t i = 0; i < packed_.bfloat16_embedding.size(); ++i)
      packed_.bfloat16_embedding[i] = kernels::ToBfloat16(embedding_VD[i]);
  }
  void PackMatrix(const float* w_NK, int64_t N, int64_t K, PackedMatrix& matrix) const {
    matrix.storage = storage_;
    kernels::PackForward(w_NK, N, K, matrix);
  }
  void PackLayer(PackedLayer& layer) {
    const int64_t D = c_.hidden_size, F = c_.intermediate_size;
    const int64_t query_width = c_.num_heads * c_.head_width;
    const int64_t kv_width = c_.num_kv_heads * c_.head_width;
    layer.input_norm_D = Vector();
    PackMatrix(Matrix(3), query_width + 2 * kv_width, D, layer.qkv);
    layer.qkv_extras.rms_eps = static_cast<float>(c_.rms_eps);
    if (c_.has_qkv_bias()) layer.qkv_extras.bias_W = Vector(3);
    if (c_.has_qk_norm()) {
      layer.qkv_extras.q_norm_H = Vector();
      layer.qkv_extras.k_norm_H = Vector();
    }
    PackMatrix(Matrix(), D, query_width, layer.o);
    layer.post_attention_norm_D = Vector();
    PackMatrix(Matrix(2), 2 * F, D, layer.gate_up);
    PackMatrix(Matrix(), D, F, layer.down);
  }

  const ModelConfig& c_;
  const float* flat_;
  const std::vector<TensorSpec> manifest_;
  size_t tensor_ = 0;
  const Storage storage_;
  PackedWeights& packed_;
};

}  // namespace

kernels::AttentionShape AttentionShapeOf(const ModelConfig& config) {
  return {.heads = static_cast<int>(config.num_heads),
          .kv_heads = static_cast<int>(config.num_kv_heads),
          .head_width = static_cast<int>(config.head_width),
          .scale = static_cast<float>(1 / std::sqrt(static_cast<double>(config.head_width)))};
}

std::shared_ptr<const PackedWeights> PackWeights(std::shared_ptr<const Weights> weights,
                                                 Storage storage) {
  Require(weights != nullptr, "no weights to pack");
  Require(static_cast<int64_t>(weights->flat.size()) == NumParameters(weights->config),
          "weights hold ", weights->flat.size(), " numbers, the model config says ",
          NumParameters(weights->config));
  auto packed = std::make_shared<PackedWeights>();
  Packer(*weights, storage, *packed).Pack();
  if (storage == Storage::kFloat32) packed->source = std::move(weights);
  return packed;
}

}  // namespace r1zero
