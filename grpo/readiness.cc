#include "grpo/readiness.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "common/error.h"
#include "kernels/head.h"

namespace r1zero {
namespace {

struct ProbeItem {
  std::vector<int32_t> context;
  int32_t next = 0;
};

ProbeItem Encode(const ReadinessProbe& probe, const ReadinessProbe::Item& item,
                 const Tokenizer& tokenizer) {
  const std::vector<int32_t> next = tokenizer.Encode(item.next);
  ProbeItem encoded{tokenizer.Encode(item.context), next.empty() ? 0 : next.front()};
  Require(next.size() == 1 && !encoded.context.empty(), "probe ", probe.name, ": '", item.next,
          "' after '", item.context, "' has ", next.size(),
          " tokens, expected exactly one after at least one");
  return encoded;
}

double Measure(ReadinessProbe::Measure measure, std::span<const float> logits_V, int32_t next) {
  if (measure == ReadinessProbe::Measure::kArgmaxAccuracy)
    return std::max_element(logits_V.begin(), logits_V.end()) - logits_V.begin() == next;
  const auto V = static_cast<int64_t>(logits_V.size());
  return std::exp(double{logits_V[next]} - kernels::LogSumExp(logits_V.data(), V, 1.0f));
}

// The logits after each context, [items, V].
std::vector<float> LogitsAfter(std::span<const ProbeItem> items, Decoder& decoder) {
  const int64_t blocks_each = decoder.num_blocks() / kProbeSequences;
  std::vector<int32_t> blocks(decoder.num_blocks());
  std::iota(blocks.begin(), blocks.end(), 0);
  std::vector<DecoderInput> batch;
  for (size_t i = 0; i < items.size(); ++i)
    batch.push_back({items[i].context, 0, std::span(blocks).subspan(i * blocks_each, blocks_each)});
  std::vector<float> logits_BV(items.size() * decoder.config().vocab_size);
  decoder.Forward(batch, logits_BV.data());
  return logits_BV;
}

double MeasureProbe(const ReadinessProbe& probe, const Tokenizer& tokenizer, Decoder& decoder) {
  std::vector<ProbeItem> items;
  for (const auto& item : probe.items) items.push_back(Encode(probe, item, tokenizer));
  const auto V = static_cast<size_t>(decoder.config().vocab_size);
  double sum = 0;
  for (size_t begin = 0; begin < items.size(); begin += kProbeSequences) {
    const size_t n = std::min<size_t>(kProbeSequences, items.size() - begin);
    const auto logits_BV = LogitsAfter(std::span(items).subspan(begin, n), decoder);
    for (size_t i = 0; i < n; ++i)
      sum += Measure(probe.measure, std::span(logits_BV).subspan(i * V, V), items[begin + i].next);
  }
  return sum / static_cast<double>(items.size());
}

}  // namespace

ProbeValues MeasureProbes(std::span<const ReadinessProbe> probes, const Tokenizer& tokenizer,
                          Decoder& decoder) {
  ProbeValues values;
  for (const ReadinessProbe& probe : probes)
    values.emplace_back(probe.name, MeasureProbe(probe, tokenizer, decoder));
  return values;
}

bool IsReady(std::span<const ReadinessProbe> probes, const ProbeValues& values) {
  for (size_t i = 0; i < probes.size(); ++i)
    if (!(values[i].second >= probes[i].min && values[i].second <= probes[i].max)) return false;
  return true;
}

}  // namespace r1zero
