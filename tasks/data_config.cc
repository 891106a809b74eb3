#include "tasks/data_config.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <sstream>

#include "common/error.h"

namespace r1zero {
namespace {

double WeightOf(const std::string& text) {
  double weight = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), weight);
  const bool is_number = error == std::errc() && end == text.data() + text.size();
  Require(is_number && std::isfinite(weight) && weight > 0, "task.weights has '", text,
          "', expected numbers above 0");
  return weight;
}

std::string Values(DataConfig c) {
  return ConfigValues([&](Fields& f) { f.Section("task", "", [&] { Describe(f, c); }); });
}

}  // namespace

void Describe(Fields& f, DataConfig& c) {
  f.Key("files", c.files, "data: files of training problems, JSON or Parquet, instead of file");
  f.Key("weights", c.weights, "data: shares of the files in the prompts, [3, 1]; empty: equal");
  f.Key(
      "held_out_files", c.held_out_files,
      "data: files of held-out problems, one for each of files; \"\": the last tenth of that one");
  f.Key("answer_column", c.answer_column,
        "data: column of the answer; empty: found; none: the rewards need no answer");
  f.Key("style", c.style, "data, word_sums: how a conversation becomes the prompt",
        {"plain", "r1-zero", "chat"});
  f.Key("system", c.system,
        "data, word_sums: system message of conversations that have none; empty: none");
  f.Key("max_prompt_tokens", c.max_prompt_tokens,
        "data: problems with a longer prompt are left out; 0: none are", {.min = 0, .max = 1e9});
  f.Key("bad_rows", c.bad_rows,
        "data: what a bad row does: stops the run, or is left out and counted", {"stop", "skip"});
  f.Key(
      "curriculum", c.curriculum,
      "data: what pass_rates is for: keep the rows within its bounds, shuffled or easy ones first",
      {"none", "filter", "easy-first"});
  f.Key("pass_rates", c.pass_rates,
        "data: file of pass rates by problem, as r1zero eval writes it");
  f.Key("pass_rate_min", c.pass_rate_min, "data: rows solved less often are left out",
        {.min = 0, .max = 1});
  f.Key("pass_rate_max", c.pass_rate_max, "data: rows solved more often are left out",
        {.min = 0, .max = 1});
}

std::vector<double> WeightsOf(const DataConfig& c, size_t sets) {
  Require(c.weights.empty() || c.weights.size() == sets, "task.weights has ", c.weights.size(),
          " numbers, expected ", sets, ", one for each file");
  std::vector<double> weights(sets, 1);
  for (size_t i = 0; i < c.weights.size(); ++i) weights[i] = WeightOf(c.weights[i]);
  return weights;
}

void Check(const DataConfig& c) {
  Require(c.held_out_files.empty() || c.held_out_files.size() == c.files.size(),
          "task.held_out_files has ", c.held_out_files.size(), " names, expected ", c.files.size(),
          ", one for each of task.files (\"\": its last tenth)");
  for (auto file = c.files.begin(); file != c.files.end(); ++file)
    Require(std::find(c.files.begin(), file, *file) == file, "task.files has '", *file,
            "' twice; task.weights says how often a file is asked");
  Require((c.curriculum == "none") == c.pass_rates.empty(), "task.curriculum is \"", c.curriculum,
          "\" and task.pass_rates is '", c.pass_rates,
          "', expected both or neither: a curriculum is made of measured pass rates");
  Require(c.curriculum != "none" || (c.pass_rate_min == 0 && c.pass_rate_max == 1),
          "task.pass_rate_min and pass_rate_max are ", c.pass_rate_min, " and ", c.pass_rate_max,
          ", but task.curriculum is \"none\", which keeps every row; expected \"filter\" or "
          "\"easy-first\", or neither of them set");
  Require(c.pass_rate_min <= c.pass_rate_max, "task.pass_rate_min is ", c.pass_rate_min,
          ", expected at most task.pass_rate_max = ", c.pass_rate_max);
}

void RequireUnset(const DataConfig& c, const std::string& task) {
  std::istringstream set(Values(c)), defaults(Values({}));
  for (std::string line, unset; std::getline(set, line) && std::getline(defaults, unset);)
    if (line != unset) {
      const std::string key = line.substr(0, line.find(' '));
      const bool is_shared = key == "task.style" || key == "task.system";
      Fail(key, " is set, but only the ",
           is_shared ? "tasks data and word_sums read" : "task data reads", " it, not ", task,
           "; leave it out, or set task.name = \"data\"");
    }
}

}  // namespace r1zero
