#include "services/sampling_model.h"

#include <algorithm>
#include <utility>

#include "common/error.h"
#include "common/file.h"
#include "grpo/grpo_config.h"
#include "policy/decoder.h"
#include "policy/hf_folder.h"
#include "rollout/rollout_check.h"
#include "services/machine_memory.h"

namespace r1zero {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kPrefillTokens = 512;
constexpr int64_t kLeastKvBytes = int64_t{1} << 28;

bool IsModelFolder(const fs::path& path) { return fs::exists(path / "config.json"); }

// What LATEST names, or else the last step-... folder.
fs::path NewestCheckpoint(const fs::path& checkpoints) {
  fs::path newest;
  if (fs::exists(checkpoints / "LATEST")) {
    std::string name = ReadFile(checkpoints / "LATEST", 4096);
    while (!name.empty() && name.back() == '\n') name.pop_back();
    if (!name.empty() && IsModelFolder(checkpoints / name)) return checkpoints / name;
  }
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(checkpoints, error))
    if (entry.path().filename().string().starts_with("step-") && IsModelFolder(entry.path()))
      newest = std::max(newest, entry.path());
  return newest;
}

EngineConfig EngineFor(const SamplingModel& model, const EngineSize& size) {
  EngineConfig config{.max_sequences = std::max<int64_t>(size.max_sequences, size.group_size),
                      .max_prefill_tokens = kPrefillTokens};
  const auto block_bytes = static_cast<int64_t>(KvCacheBytes(model.config, 1, model.storage));
  const int64_t budget = std::max(kLeastKvBytes, MachineMemoryBytes() / 4 / size.engines);
  const int64_t most = NumKvBlocks(config, size.max_total_tokens);
  const int64_t one = NumKvBlocks({.max_sequences = 1}, size.max_total_tokens);
  // A group is admitted with a block for each completion.
  const int64_t least = one + size.group_size + 1;
  config.kv_blocks = std::min(most, std::max(least, std::min(budget / block_bytes, kMaxKvBlocks)));
  return config;
}

}  // namespace

fs::path FindModelFolder(const fs::path& path) {
  Require(fs::is_directory(path), path.string(), ": there is no such folder");
  if (IsModelFolder(path)) return path;
  for (const fs::path& checkpoints : {path / "checkpoints", path})
    if (const fs::path newest = NewestCheckpoint(checkpoints); !newest.empty()) return newest;
  Fail(path.string(), " is no model: it has neither a config.json (a Hugging Face folder or a ",
       "checkpoint) nor checkpoints/step-... (a run)");
}

SamplingModel LoadSamplingModel(const fs::path& path, const std::string& storage) {
  PolicyConfig policy;
  policy.storage = storage;
  const fs::path folder = FindModelFolder(path);
  HfFolder loaded = LoadHfFolder(folder);
  return {.folder = folder,
          .config = loaded.weights->config,
          .weights = std::move(loaded.weights),
          .tokenizer = std::move(loaded.tokenizer),
          .storage = StorageOf(policy)};
}

std::vector<int32_t> SamplingModel::EncodePrompt(std::string_view text) const {
  std::vector<int32_t> tokens = tokenizer->EncodePrompt(text);
  Require(!tokens.empty(), "the prompt is empty");
  Require(static_cast<int64_t>(tokens.size()) < config.max_positions, "the prompt has ",
          tokens.size(), " tokens, which leaves no room in the model's context of ",
          config.max_positions);
  return tokens;
}

std::vector<std::string> SamplingModel::TokenTexts() const {
  std::vector<std::string> texts;
  for (int32_t token = 0; token < static_cast<int32_t>(config.vocab_size); ++token)
    texts.push_back(tokenizer->TokenBytes(token));
  return texts;
}

std::string SamplingModel::TokenName(int32_t token) const { return tokenizer->TokenText(token); }

int32_t TotalTokens(const SamplingModel& model, size_t prompt_tokens, int64_t max_tokens) {
  const int64_t wanted = static_cast<int64_t>(prompt_tokens) + max_tokens;
  return static_cast<int32_t>(std::min(wanted, model.config.max_positions));
}

std::unique_ptr<Engine> MakeSamplingEngine(const SamplingModel& model, const EngineSize& size) {
  const EngineConfig config = EngineFor(model, size);
  auto engine = std::make_unique<Engine>(
      MakeCpuDecoder(model.config, config.kv_blocks, MaxBatchTokens(config), model.storage),
      config);
  engine->SetTokenTexts(model.TokenTexts());
  engine->SetWeights(model.weights);
  return engine;
}

}  // namespace r1zero
