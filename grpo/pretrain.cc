#include "grpo/pretrain.h"

#include <torch/types.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "common/error.h"
#include "common/stop.h"
#include "grpo/optimizer.h"
#include "grpo/readiness.h"
#include "grpo/schedule.h"
#include "grpo/training_device.h"
#include "kernels/attention.h"
#include "policy/decoder.h"
#include "policy/torch_decoder.h"
#include "policy/transformer.h"

namespace r1zero {
namespace {

using torch::Tensor;

constexpr int64_t kProbeEvery = 100;         // steps
constexpr int64_t kMicroBatchTokens = 8192;  // bounds activation memory; no result depends on it

// The learning rate after config.tokens, as a share of the peak. At the cosine's end (5%) a policy
// that is not ready hardly moves any more; readiness comes suddenly and needs a rate that still
// explores.
constexpr double kExtraLrFraction = 0.25;

struct TrainingDocument {
  std::vector<int32_t> tokens;
  int64_t first_counted =
      0;  // the first token that the loss counts; >= 1, as nothing predicts token 0
};

std::unique_ptr<Decoder> MakeProbeDecoder(const ModelConfig& model, const std::string& device) {
  constexpr int64_t kBlock = kernels::kKvBlockTokens;
  const int64_t blocks = kProbeSequences * ((model.max_positions + kBlock - 1) / kBlock);
  if (device == "cpu") return MakeCpuDecoder(model, blocks, blocks * kBlock);
  return MakeTorchDecoder(model, blocks, device);
}

class Pretrainer {
 public:
  Pretrainer(const Task& task, const Tokenizer& tokenizer, const PretrainOptions& options)
      : task_(task),
        tokenizer_(tokenizer),
        options_(options),
        config_(options.config),
        probes_(task.Probes()),
        device_(options.device, options.threads),
        policy_(options.model, device_.device, device_.pool),
        optimizer_(
            options.model,
            {config_.beta1, config_.beta2, 1e-8, config_.weight_decay, config_.max_grad_norm},
            device_.device, device_.pool),
        decoder_(MakeProbeDecoder(options.model, options.device)) {
    Require(tokenizer.vocab_size() <= options.model.vocab_size, "pretraining: the tokenizer has ",
            tokenizer.vocab_size(), " words, the model a vocabulary of ", options.model.vocab_size);
    policy_->Load(InitWeights(options.model, options.seed));
  }

  PretrainResult Run();

 private:
  TrainingDocument NextDocument();
  std::vector<TrainingDocument> NextBatch();
  double MicroBatchLoss(std::span<const TrainingDocument> documents, double weight);
  void Step();
  double Lr() const;
  bool Ready();
  void Report() const;
  double Seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

  const Task& task_;
  const Tokenizer& tokenizer_;
  const PretrainOptions& options_;
  const PretrainConfig& config_;
  std::vector<ReadinessProbe> probes_;
  TrainingDevice device_;
  Transformer policy_;
  AdamWOptimizer optimizer_;
  std::unique_ptr<Decoder> decoder_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  int64_t next_document_ = 0;
  int64_t tokens_ = 0;
  double loss_ = 0, lr_ = 0;
  ProbeValues probe_values_;
};

PretrainResult Pretrainer::Run() {
  const auto limit = config_.tokens + static_cast<int64_t>(config_.extra_tokens *
                                                           static_cast<double>(config_.tokens));
  bool ready = false;
  while (!ready && tokens_ < limit) {
    if (StopRequested())
      throw Interrupted("pretraining: interrupted at " + std::to_string(tokens_) + " of " +
                        std::to_string(config_.tokens) + " tokens; it will begin again");
    const bool was_training = tokens_ < config_.tokens;
    Step();
    const bool schedule_ends = was_training && tokens_ >= config_.tokens;
    if (schedule_ends || tokens_ >= limit || optimizer_.steps() % kProbeEvery == 0)
      ready = Ready() && tokens_ >= config_.tokens;
    Report();
  }
  PretrainResult result{policy_->Snapshot(0), optimizer_.steps(), tokens_, loss_, Seconds(), ready,
                        probe_values_};
  return result;
}

TrainingDocument Pretrainer::NextDocument() {
  const int64_t index = next_document_++;
  const Document document = task_.Corpus(options_.seed, index);
  TrainingDocument out{tokenizer_.Encode(document.question)};
  out.first_counted = std::max<int64_t>(1, static_cast<int64_t>(out.tokens.size()));
  const std::vector<int32_t> text = tokenizer_.Encode(document.text);
  out.tokens.insert(out.tokens.end(), text.begin(), text.end());
  out.tokens.push_back(options_.model.eos_tokens.front());
  const auto length = static_cast<int64_t>(out.tokens.size());
  Require(length > 1 && length <= options_.model.max_positions, "corpus of ", task_.name(),
          ": document ", index, " has ", length,
          " tokens, expected 2 to max_positions = ", options_.model.max_positions);
  return out;
}

std::vector<TrainingDocument> Pretrainer::NextBatch() {
  std::vector<TrainingDocument> batch;
  for (int64_t tokens = 0; tokens < config_.batch_tokens;) {
    batch.push_back(NextDocument());
    tokens += static_cast<int64_t>(batch.back().tokens.size());
  }
  return batch;
}

// Adds the gradient of weight * sum of -logprob over the counted tokens; returns the sum.
double Pretrainer::MicroBatchLoss(std::span<const TrainingDocument> documents, double weight) {
  PackedTokens packed;
  LogprobRows rows;
  for (const TrainingDocument& d : documents) {
    const auto first = static_cast<int64_t>(packed.tokens_N.size());
    packed.Append(std::span(d.tokens).first(d.tokens.size() - 1));
    for (size_t t = d.first_counted; t < d.tokens.size(); ++t) {
      rows.hidden_rows_R.push_back(first + static_cast<int64_t>(t) - 1);
      rows.targets_R.push_back(d.tokens[t]);
    }
  }
  const Tensor logprobs_R = policy_->Logprobs(packed, rows, 1.0f).logprobs_R;
  logprobs_R.backward(at::full_like(logprobs_R, -weight));
  const Tensor values_R = logprobs_R.detach().cpu();
  double loss = 0;
  for (int64_t r = 0; r < values_R.numel(); ++r) loss -= values_R.const_data_ptr<float>()[r];
  return loss;
}

void Pretrainer::Step() {
  const std::vector<TrainingDocument> batch = NextBatch();
  int64_t counted = 0, tokens = 0;
  for (const TrainingDocument& d : batch) {
    tokens += static_cast<int64_t>(d.tokens.size());
    counted += static_cast<int64_t>(d.tokens.size()) - d.first_counted;
  }
  policy_->ZeroGradients();
  double loss = 0;
  for (size_t begin = 0, end = 0; begin < batch.size(); begin = end) {
    int64_t micro_tokens = 0;
    while (end < batch.size() && micro_tokens < kMicroBatchTokens)
      micro_tokens += static_cast<int64_t>(batch[end++].tokens.size());
    loss += MicroBatchLoss(std::span(batch).subspan(begin, end - begin),
                           1.0 / static_cast<double>(counted));
  }
  loss_ = loss / static_cast<double>(counted);
  Require(std::isfinite(loss_), "pretraining step ", optimizer_.steps(), ": the loss is ", loss_);
  lr_ = Lr();
  optimizer_.Step(policy_, lr_);
  tokens_ += tokens;
}

double Pretrainer::Lr() const {
  if (tokens_ < config_.tokens) return ScheduledLr(config_, optimizer_.steps(), tokens_);
  return config_.lr * std::max(config_.final_lr_fraction, kExtraLrFraction);
}

bool Pretrainer::Ready() {
  if (probes_.empty()) return true;
  decoder_->SetWeights(policy_->Snapshot(0));
  probe_values_ = MeasureProbes(probes_, tokenizer_, *decoder_);
  return IsReady(probes_, probe_values_);
}

void Pretrainer::Report() const {
  if (!options_.progress) return;
  options_.progress(
      {optimizer_.steps(), tokens_, config_.tokens, loss_, lr_, Seconds(), probe_values_});
}

}  // namespace

PretrainResult Pretrain(const Task& task, const Tokenizer& tokenizer,
                        const PretrainOptions& options) {
  return Pretrainer(task, tokenizer, options).Run();
}

}  // namespace r1zero
