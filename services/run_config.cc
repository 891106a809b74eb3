#include "services/run_config.h"

#include <filesystem>
#include <map>
#include <sstream>

#include "common/error.h"
#include "common/sha256.h"
#include "grpo/advantage.h"
#include "grpo/loss.h"

namespace r1zero {
namespace {

// What the pretrained base depends on beside the config: raise it when pretraining itself changes.
constexpr const char* kPretrainingVersion = "1";

DescribeFn Described(RunConfig& config) {
  return [&config](Fields& f) { Describe(f, config); };
}

// Of what a policy's folder holds, wherever it lies. Not of its subfolders.
std::string FolderHash(const std::filesystem::path& folder) {
  std::map<std::string, std::string> hashes;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.is_regular_file())
      hashes[entry.path().filename().string()] = Sha256HexOfFile(entry.path());
  std::string all;
  for (const auto& [name, hash] : hashes) all += name + ' ' + hash + '\n';
  return Sha256Hex(all);
}

// A file's name becomes the hash of what it holds.
void HashFile(std::string& path) {
  if (!path.empty()) path = Sha256HexOfFile(path);
}

void HashFiles(TaskConfig& task) {
  HashFile(task.file);
  HashFile(task.held_out_file);
  HashFile(task.data.pass_rates);
  for (std::string& path : task.data.files) HashFile(path);
  for (std::string& path : task.data.held_out_files) HashFile(path);
}

// The lines of ConfigValues that a hash is made of: the keys of the task data and policy.storage stand in
// it only where they are set, so that runs keep the hashes that they had before there were such keys.
std::string HashedValues(RunConfig config) {
  DataConfig defaults;
  std::istringstream lines(ConfigValues(Described(config)));
  const std::string unset = "\npolicy.storage = \"float32\"\n" + ConfigValues([&](Fields& f) {
                              f.Section("task", "", [&] { Describe(f, defaults); });
                            });
  std::string kept;
  for (std::string line; std::getline(lines, line);)
    if (unset.find('\n' + line + '\n') == unset.npos) kept += line + '\n';
  return kept;
}

std::string Hash(RunConfig config, const std::string& salt) {
  if (!config.policy.path.empty()) config.policy.path = FolderHash(config.policy.path);
  HashFiles(config.task);
  return Sha256Hex(salt + HashedValues(config));
}

void CheckName(const std::string& name) {
  Require(!name.empty() && name.front() != '.' && name.find('/') == std::string::npos,
          "run.name is '", name,
          "'; expected a folder name without '/' that does not begin with '.'");
}

void CheckDevice(const RunConfig& c) {
  const RolloutConfig& r = c.rollout;
  const bool is_plain = r.top_k == 0 && r.top_p == 1 && r.min_p == 0 && r.repetition_penalty == 1;
  Require(c.run.device == "cpu" || is_plain, "run.device is \"", c.run.device,
          "\" and rollout.top_k is ", r.top_k, ", rollout.top_p ", r.top_p, ", rollout.min_p ",
          r.min_p, ", rollout.repetition_penalty ", r.repetition_penalty,
          "; there only plain sampling can be trained on: leave them off, or set run.device = "
          "\"cpu\"");
}

// Rules that span several fields; a single field's bounds stand where it is described.
void CheckAcrossFields(const RunConfig& c) {
  CheckName(c.run.name);
  ParseAdvantageStd(c.grpo.advantage_std);
  ParseAggregation(c.grpo.loss.aggregation);
  Require(c.grpo.prompts_per_step % c.grpo.minibatches == 0, "grpo.minibatches is ",
          c.grpo.minibatches,
          ", which does not divide grpo.prompts_per_step = ", c.grpo.prompts_per_step,
          "; mini-batches hold whole groups, equally many each");
  CheckDevice(c);
  Require(c.policy.path.empty() || c.pretrain.tokens == 0, "policy.path is '", c.policy.path,
          "' and pretrain.tokens is ", c.pretrain.tokens,
          "; a policy is either loaded or pretrained: set pretrain.tokens = 0");
  Require(c.policy.path.empty() || std::filesystem::is_regular_file(
                                       std::filesystem::path(c.policy.path) / "config.json"),
          "policy.path is '", c.policy.path,
          "', which holds no config.json; expected a Hugging Face folder");
  Require(c.eval.temperatures.size() > 0, "eval.temperatures is empty; expected at least one");
  Check(c.rollout);
  Check(c.eval);
}

// Where a rule across several keys was broken: "runs/a.toml with --set run.name=b: ".
std::string Origin(const std::string& path, std::span<const std::string> overrides) {
  std::string sets;
  for (const std::string& text : overrides) sets += " --set " + text;
  if (path.empty()) return sets.empty() ? "" : sets.substr(1) + ": ";
  return path + (sets.empty() ? "" : " with" + sets) + ": ";
}

}  // namespace

void Describe(Fields& f, RunSection& c) {
  f.Key("name", c.name, "the run folder is <out>/<name>");
  f.Key("out", c.out, "folder that holds the run folders");
  f.Key("seed", c.seed, "decides everything random in the run", {.min = 0});
  f.Key("device", c.device, "where the learner computes", {"cpu", "cuda"});
}

void Describe(Fields& f, RunConfig& c) {
  f.Section("run", "name, place and seed", [&] { Describe(f, c.run); });
  f.Section("task", "where prompts come from", [&] { Describe(f, c.task); });
  f.Section("policy", "the model: a Hugging Face folder, or a new one of this shape",
            [&] { Describe(f, c.policy); });
  f.Section("pretrain", "the base policy, trained from scratch on the task's texts",
            [&] { Describe(f, c.pretrain); });
  f.Section("rollout", "sampling completions", [&] { Describe(f, c.rollout); });
  f.Section("reward", "the rules that score a completion", [&] { Describe(f, c.reward); });
  f.Section("grpo", "the update", [&] { Describe(f, c.grpo); });
  f.Section("eval", "measuring on held-out problems", [&] { Describe(f, c.eval); });
  f.Section("checkpoint", "saving", [&] { Describe(f, c.checkpoint); });
}

RunConfig LoadRunConfig(const std::string& path, std::span<const std::string> overrides) {
  RunConfig config;
  ReadConfig(path, overrides, Described(config));
  try {
    CheckAcrossFields(config);
  } catch (const Error& e) {
    throw Error(Origin(path, overrides) + e.what());
  }
  return config;
}

std::string ToToml(const RunConfig& config) {
  RunConfig copy = config;
  return WriteConfig(Described(copy));
}

std::string RunConfigHelp() {
  RunConfig defaults;
  return ConfigHelp(Described(defaults));
}

std::string TrainingSha256(const RunConfig& config) {
  RunConfig c = config;
  const RunConfig defaults;
  c.run.name = defaults.run.name;
  c.run.out = defaults.run.out;
  c.rollout.workers = defaults.rollout.workers;
  c.rollout.lease_seconds = defaults.rollout.lease_seconds;
  c.rollout.max_prompts_per_lease = defaults.rollout.max_prompts_per_lease;
  c.rollout.engine = defaults.rollout.engine;
  c.grpo.threads = defaults.grpo.threads;
  c.grpo.micro_batch_tokens = defaults.grpo.micro_batch_tokens;
  c.grpo.check_old_logprobs = defaults.grpo.check_old_logprobs;
  c.pretrain.cache = defaults.pretrain.cache;
  c.task.held_out = defaults.task.held_out;
  c.eval = defaults.eval;
  c.checkpoint = defaults.checkpoint;
  return Hash(c, "training ");
}

std::string BaseSha256(const RunConfig& config) {
  RunConfig c;
  c.run.seed = config.run.seed;
  c.run.device = config.run.device;
  c.task = config.task;
  c.task.held_out = 0;
  c.policy = config.policy;
  c.policy.storage = RunConfig().policy.storage;  // pretraining is in float32
  c.pretrain = config.pretrain;
  c.pretrain.cache.clear();
  return Hash(c, std::string("base ") + kPretrainingVersion + " ");
}

}  // namespace r1zero
