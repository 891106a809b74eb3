#include "services/memory_parts.h"

#include <algorithm>
#include <cmath>

#include "kernels/kv_blocks.h"

namespace r1zero {
namespace {

constexpr double kHugePage = 2 << 20;         // kernels/aligned.h
constexpr double kCompletionBytes = 700;      // Completion with two NamedRewards
constexpr double kCompletionTokenBytes = 12;  // token, log-probability, text

double Panels(int64_t n) { return static_cast<double>((n + 15) / 16 * 16); }

// Of all matrices of the model: sum of size(N, K), K being the reduced index of the forward product.
template <typename Size>
double SumOverMatrices(const ModelConfig& c, const Size& size) {
  const auto Q = static_cast<int64_t>(QueryWidth(c)), W = static_cast<int64_t>(QkvWidth(c));
  const int64_t D = c.hidden_size, F = c.intermediate_size;
  const double layer = size(W, D) + size(D, Q) + size(2 * F, D) + size(D, F);
  return static_cast<double>(c.num_layers) * layer + size(c.vocab_size, D);
}

}  // namespace

int ElementBytes(const RunPlan& plan) { return kernels::BytesOf(StorageOf(plan.config.policy)); }

double BufferBytes(double elements, int bytes_per_element) {
  const double bytes = elements * bytes_per_element;
  return bytes < kHugePage ? bytes : std::ceil(bytes / kHugePage) * kHugePage;
}

double PackedForwardElements(const ModelConfig& model) {
  return SumOverMatrices(model,
                         [](int64_t N, int64_t K) { return Panels(N) * static_cast<double>(K); });
}

double PackedInputGradientElements(const ModelConfig& model) {
  return SumOverMatrices(model,
                         [](int64_t N, int64_t K) { return Panels(K) * static_cast<double>(N); });
}

double EmbeddingElements(const ModelConfig& model) {
  return static_cast<double>(model.vocab_size) * static_cast<double>(model.hidden_size);
}

double QueryWidth(const ModelConfig& c) { return static_cast<double>(c.num_heads * c.head_width); }

double QkvWidth(const ModelConfig& c) {
  return static_cast<double>((c.num_heads + 2 * c.num_kv_heads) * c.head_width);
}

double WeightBytes(const ModelConfig& model) {
  return sizeof(float) * static_cast<double>(NumParameters(model));
}

double GroupBytes(double completions, double tokens_each) {
  return completions * (kCompletionBytes + kCompletionTokenBytes * tokens_each);
}

double FullLength(const RunPlan& plan) {
  return static_cast<double>(plan.config.rollout.max_total_tokens - plan.longest_prompt_tokens);
}

// As SplitMicroBatches fills them: whole completions up to grpo.micro_batch_tokens, at least one.
PassSize LargestMicroBatch(const RunPlan& plan) {
  const GrpoConfig& grpo = plan.config.grpo;
  const auto prompt = static_cast<double>(plan.longest_prompt_tokens);
  const auto group = static_cast<double>(grpo.group_size);
  const double completion = FullLength(plan), own = completion - 1;  // a last token is not run
  const double prompts =
      std::ceil(static_cast<double>(grpo.prompts_per_step) / static_cast<double>(grpo.minibatches));
  const double of_step = prompts * (prompt + group * own);
  const double most = std::max(static_cast<double>(grpo.micro_batch_tokens), prompt + own);
  PassSize size;
  size.tokens = std::min(of_step, most);
  const double groups = size.tokens / (prompt + group * own);
  size.rows = groups * group * completion;
  size.blocks = size.tokens / kernels::kKvBlockTokens + groups * (group + 1);
  return size;
}

}  // namespace r1zero
