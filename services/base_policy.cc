#include "services/base_policy.h"

#include <filesystem>
#include <nlohmann/json.hpp>

#include "common/error.h"
#include "common/file.h"
#include "common/json_fault.h"
#include "common/log.h"
#include "policy/hf_folder.h"
#include "services/torch_parts.h"

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

BasePolicy FromCache(const fs::path& folder) try {
  BasePolicy base;
  base.weights = LoadHfFolder(folder).weights;
  const std::string where = (folder / "pretrain.json").string();
  try {
    const json facts = json::parse(ReadFile(where));
    const std::string expected = facts.at("weight_sha256"), found = WeightSha256(*base.weights);
    Require(found == expected, folder.string(), ": the weights have the SHA-256 ", found,
            ", expected ", expected, " (pretrain.json)");
    base.pretrain_tokens = facts.at("tokens");
    base.pretrain_seconds = facts.at("seconds");
    base.ready = facts.at("ready");
    for (const auto& [name, value] : facts.at("probes").items())
      base.probes.emplace_back(name, value);
  } catch (const json::exception& e) {
    Fail(where, ": not what a pretrained base says: ", JsonFault(e.what()));
  }
  base.cached = true;
  return base;
} catch (const Error& e) {
  Fail(e.what(), "; delete ", folder.string(), " to pretrain again");
}

void Save(const fs::path& unfinished, const fs::path& folder, const BasePolicy& base,
          const Tokenizer& tokenizer) {
  SaveHfFolder(unfinished, *base.weights, tokenizer);
  json probes = json::object();
  for (const auto& [name, value] : base.probes) probes[name] = value;
  WriteFileDurably(unfinished / "pretrain.json",
                   json{{"tokens", base.pretrain_tokens},
                        {"seconds", base.pretrain_seconds},
                        {"ready", base.ready},
                        {"weight_sha256", WeightSha256(*base.weights)},
                        {"probes", probes}}
                           .dump(2) +
                       "\n");
  if (fs::exists(folder))  // another run of the same config was faster; its bits are the same
    fs::remove_all(unfinished);
  else
    PublishFolder(unfinished, folder);
}

// The run goes on without a cache if the disk is full: what was trained is not thrown away.
void ToCache(const fs::path& folder, const BasePolicy& base, const Tokenizer& tokenizer) {
  fs::path unfinished = folder;
  unfinished += ".unfinished-" + std::to_string(getpid());
  try {
    Save(unfinished, folder, base, tokenizer);
  } catch (const Error& e) {
    std::error_code ignored;
    fs::remove_all(unfinished, ignored);
    LogWarning("the base policy is not cached: ", e.what());
  }
}

BasePolicy PretrainBase(const RunConfig& config, const Task& task, const PolicyShape& shape,
                        const std::function<void(const PretrainProgress&)>& progress) {
  const PretrainResult trained = Torch().pretrain(task, *shape.tokenizer,
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

BasePolicy LoadOrPretrainBase(const RunPlan& plan,
                              const std::function<void(const PretrainProgress&)>& progress) {
  const RunConfig& config = plan.config;
  if (!config.policy.path.empty()) return {.weights = LoadHfFolder(config.policy.path).weights};
  if (config.pretrain.tokens == 0)
    return {.weights = std::make_shared<const Weights>(
                InitWeights(plan.shape.model, static_cast<uint64_t>(config.run.seed)))};
  BasePolicy base = CachedOrPretrained(config, *plan.task, plan.shape, progress);
  Require(base.ready, "the base policy did not pass the readiness gate after ",
          base.pretrain_tokens, " tokens (", ProbeText(base.probes),
          "); reinforcement learning does not start from there: ",
          "raise pretrain.tokens or pretrain.extra_tokens, or take another run.seed");
  return base;
}

}  // namespace r1zero
