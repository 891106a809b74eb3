#include "services/base_policy.h"

#include <filesystem>
#include <nlohmann/json.hpp>

#include "common/error.h"
#include "common/file.h"
#include "common/log.h"
#include "policy/hf_folder.h"

namespace r1zero {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

std::string ProbeText(const std::vector<std::pair<std::string, double>>& probes) {
  std::string text;
  for (const auto& [name, value] : probes)
    text += (text.empty() ? "" : ", ") + name + " " + std::to_string(value);
  return text;
}

BasePolicy FromCache(const fs::path& folder) {
  BasePolicy base;
  base.weights = LoadHfFolder(folder).weights;
  const std::string where = (folder / "pretrain.json").string();
  try {
    const json facts = json::parse(ReadFile(where));
    base.pretrain_tokens = facts.at("tokens");
    base.pretrain_seconds = facts.at("seconds");
    base.ready = facts.at("ready");
    for (const auto& [name, value] : facts.at("probes").items())
      base.probes.emplace_back(name, value);
  } catch (const json::exception& e) {
    Fail(where, ": ", e.what(), "; delete ", folder.string(), " to pretrain again");
  }
  base.cached = true;
  return base;
}

void ToCache(const fs::path& folder, const BasePolicy& base, const Tokenizer& tokenizer) {
  fs::path unfinished = folder;
  unfinished += ".unfinished-" + std::to_string(getpid());
  SaveHfFolder(unfinished, *base.weights, tokenizer);
  json probes = json::object();
  for (const auto& [name, value] : base.probes) probes[name] = value;
  WriteFileDurably(unfinished / "pretrain.json", json{{"tokens", base.pretrain_tokens},
                                                      {"seconds", base.pretrain_seconds},
                                                      {"ready", base.ready},
                                                      {"probes", probes}}
                                                         .dump(2) +
                                                     "\n");
  if (fs::exists(folder))  // another run of the same config was faster; its bits are the same
    fs::remove_all(unfinished);
  else
    PublishFolder(unfinished, folder);
}

BasePolicy PretrainBase(const RunConfig& config, const Task& task, const PolicyShape& shape,
                        const std::function<void(const PretrainProgress&)>& progress) {
  const PretrainResult trained = Pretrain(task, *shape.tokenizer,
                                          {.config = config.pretrain,
                                           .model = shape.model,
                                           .seed = static_cast<uint64_t>(config.run.seed),
                                           .threads = config.grpo.threads,
                                           .device = config.run.device,
                                           .progress = progress});
  LogInfo("pretrained ", trained.tokens, " tokens in ", trained.seconds, " s: loss ", trained.loss,
          ", ", ProbeText(trained.probes));
  return {.weights = trained.weights,
          .pretrain_tokens = trained.tokens,
          .pretrain_seconds = trained.seconds,
          .ready = trained.ready,
          .probes = trained.probes};
}

BasePolicy CachedOrPretrained(const RunConfig& config, const Task& task, const PolicyShape& shape,
                              const std::function<void(const PretrainProgress&)>& progress) {
  if (config.pretrain.cache.empty()) return PretrainBase(config, task, shape, progress);
  const fs::path folder = fs::path(config.pretrain.cache) / BaseSha256(config).substr(0, 16);
  if (fs::exists(folder)) return FromCache(folder);
  EnsureWritableFolder(config.pretrain.cache);
  const BasePolicy base = PretrainBase(config, task, shape, progress);
  ToCache(folder, base, *shape.tokenizer);
  return base;
}

}  // namespace

PolicyShape ResolvePolicyShape(const RunConfig& config, const Task& task) {
  const PolicyConfig& p = config.policy;
  if (!p.path.empty()) {
    HfFolder folder = LoadHfFolder(p.path);
    return {folder.weights->config, folder.tokenizer};
  }
  auto tokenizer =
      std::make_shared<const Tokenizer>(task.Vocabulary(), /*pad_token=*/0, /*eos_token=*/1);
  const ModelConfig model{.vocab_size = tokenizer->vocab_size(),
                          .hidden_size = p.hidden_size,
                          .num_layers = p.num_layers,
                          .num_heads = p.num_heads,
                          .num_kv_heads = p.num_kv_heads,
                          .head_width = p.head_width,
                          .intermediate_size = p.intermediate_size,
                          .max_positions = p.max_positions,
                          .rope_theta = p.rope_theta,
                          .rms_eps = p.rms_eps,
                          .tie_embeddings = p.tie_embeddings,
                          .eos_token = 1,
                          .pad_token = 0};
  CheckModelConfig(model);
  return {model, std::move(tokenizer)};
}

BasePolicy LoadOrPretrainBase(const RunConfig& config, const Task& task, const PolicyShape& shape,
                              const std::function<void(const PretrainProgress&)>& progress) {
  if (!config.policy.path.empty()) return {.weights = LoadHfFolder(config.policy.path).weights};
  if (config.pretrain.tokens == 0)
    return {.weights = std::make_shared<const Weights>(
                InitWeights(shape.model, static_cast<uint64_t>(config.run.seed)))};
  BasePolicy base = CachedOrPretrained(config, task, shape, progress);
  Require(base.ready, "the base policy did not pass the readiness gate after ",
          base.pretrain_tokens, " tokens (", ProbeText(base.probes),
          "); reinforcement learning does not start from there: ",
          "raise pretrain.tokens or pretrain.extra_tokens, or take another run.seed");
  return base;
}

}  // namespace r1zero
