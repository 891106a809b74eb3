// r1zero eval: how well a model solves the problems of a file.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>

#include "common/error.h"
#include "common/log.h"
#include "common/stop.h"
#include "services/command.h"
#include "services/console.h"
#include "services/evaluation_text.h"
#include "services/machine_memory.h"
#include "services/number_range.h"
#include "services/sampling_flags.h"
#include "services/verbs.h"

namespace r1zero {
namespace {

constexpr char kDescription[] =
    "Measures a model on the problems of a file: pass@k, maj@k, format, lengths, each with a 95% "
    "confidence interval.";
constexpr char kExamples[] = R"(
examples
  r1zero eval --model DIR --data gsm8k/test.jsonl --verifier gsm8k --style r1-zero --out rows.jsonl
  r1zero eval --model out/signs --data problems.jsonl --verifier signs --samples 16 --json result.json
  r1zero eval --model DIR --data test.jsonl --verifier gsm8k_last --temperature 0     greedy, one sample
  r1zero eval --model out/signs ... --out trained.jsonl --compare base.jsonl          a paired test

With --out every problem is written as it is done; after an interruption the same command goes on where
it stopped. The rows are the same bits whatever the number of workers. docs/evaluation.md says what each
number is. Exit status: 0 success, 1 failed, 2 bad usage or input, 130 interrupted.
)";

struct EvalFlags {
  EvaluationOptions run;
  std::string json, compare;
  double price_per_hour = 0;
};

void AddInputFlags(CLI::App& app, EvalFlags& flags) {
  EvaluationOptions& o = flags.run;
  AddModelFlags(app, o.model, o.storage);
  AddPromptFlags(app, o.style, o.data.system);
  app.add_option("--data", o.data.file, "rows of {\"prompt\" or \"question\", \"answer\"}")
      ->required();
  app.add_option("--verifier", o.verifier,
                 "what judges: gsm8k, gsm8k_last, exact, choice, regex, countdown, signs; or "
                 "format, answer_tag, "
                 "random")
      ->required();
  app.add_option("--format", o.format,
                 "what judges the format: format (<think> and <answer>), answer_tag, or any other")
      ->capture_default_str();
  app.add_option("--limit", o.data.limit, "only so many problems, from the beginning; 0: all")
      ->check(CLI::Range(int64_t{0}, int64_t{1} << 40));
  app.add_option("--answer-column", o.data.answer_column,
                 "column of the answers; found by itself where it has a usual name");
  app.add_option("--prompt-template", o.data.prompt_template,
                 "text around {prompt}, inside the style")
      ->capture_default_str();
}

void AddSamplerFlags(CLI::App& app, EvaluationOptions& o) {
  app.add_option("--samples", o.sampling.group_size,
                 "completions of each problem; one at temperature 0")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  AddSamplingFlags(app, o.sampling, o.max_tokens);
  app.add_option("--workers", o.workers, "threads, each with an engine; 0: one a core")
      ->check(CLI::Range(0, 4096))
      ->capture_default_str();
}

void AddOutputFlags(CLI::App& app, EvalFlags& flags) {
  app.add_option("--out", flags.run.out,
                 "write a row for each problem, and go on from those there");
  app.add_option("--json", flags.json, "write the result as JSON");
  app.add_option("--compare", flags.compare,
                 "the --out of another evaluation of the same problems");
  app.add_option("--price", flags.price_per_hour, "of this machine, in USD an hour")
      ->check(NumberWithin(0.0, 1e6));
}

// Before anything is sampled, which may take hours.
void RequireJsonCanBeWritten(const EvalFlags& flags) {
  namespace fs = std::filesystem;
  if (flags.json.empty()) return;
  const fs::path json = fs::weakly_canonical(fs::absolute(flags.json));
  Require(fs::is_directory(json.parent_path()), "--json ", flags.json, ": there is no folder ",
          json.parent_path().string());
  Require(!fs::exists(flags.json) || fs::is_regular_file(flags.json), "--json ", flags.json,
          ": not a regular file, so it cannot be replaced; name another");
  for (const std::string& other : {flags.run.data.file, flags.run.out, flags.compare})
    Require(other.empty() || fs::weakly_canonical(fs::absolute(other)) != json, "--json ",
            flags.json, " would replace ", other, ", which this evaluation needs; name another");
}

// Two verifiers or no common problem leave nothing to compare; other differences are said, and may be
// what is asked about.
std::string DifferencesOf(const EvaluationRun& run, const EvaluationFile& other,
                          const std::string& path) {
  Require(
      run.SharesProblems(other), "--compare ", path, ": none of its ", other.problems.size(),
      " problems is asked here (paired by ", run.IsOfSameFile(other) ? "row" : "prompt",
      "); expected an evaluation of the same --data with the same --style and --prompt-template");
  const Json& here = run.settings();
  if (!other.settings.is_object()) return "";
  std::string text;
  for (const auto& [name, value] : here.items()) {
    const Json there = other.settings.value(name, Json());
    if (there == value) continue;
    Require(name != "verifier", "--compare ", path, ": judged by ", there.dump(), ", this by ",
            value.dump(), "; expected one verifier");
    if (name.starts_with("model") || name.ends_with("sha256")) continue;
    text += (text.empty() ? "" : ", ") + name + " " + there.dump() + " (here " + value.dump() + ")";
  }
  return text;
}

EvaluationResult ResultOf(const EvaluationRun& run, const EvalFlags& flags,
                          const std::optional<EvaluationFile>& other) {
  const uint64_t seed = flags.run.sampling.seed;
  EvaluationResult result{.summary = Summarise(run.problems(), seed),
                          .comparison = {},
                          .compared_with = flags.compare,
                          .price_per_hour = flags.price_per_hour};
  if (!other) return result;
  result.comparison = Compare(run.problems(), other->problems, run.IsOfSameFile(*other), seed);
  return result;
}

int Interrupted(const EvaluationRun& run, Console& console) {
  const EvaluationProgress& p = run.progress();
  console.Line("interrupted with " + std::to_string(p.problems_done) + " of " +
               std::to_string(p.problems) + " problems done" +
               (run.options().out.empty() ? "; with --out they would have been kept"
                                          : "; the same command goes on from there"));
  return kInterrupted;
}

int Evaluate(EvaluationRun& run, const EvalFlags& flags, const std::optional<EvaluationFile>& other,
             const std::string& differs) {
  Console console;
  if (!run.problems().empty())
    console.Line(run.options().out + ": " + std::to_string(run.problems().size()) +
                 (run.problems().size() == 1 ? " problem was" : " problems were") + " done before");
  if (!differs.empty()) console.Line(flags.compare + " was made with " + differs);
  const bool done =
      run.Sample([&](const EvaluationProgress& p) { console.Evaluating(p); }, StopRequested);
  if (!done) return Interrupted(run, console);
  const EvaluationResult result = ResultOf(run, flags, other);
  console.Done();
  std::fputs(EvaluationText(run, result).c_str(), stdout);
  std::fflush(stdout);
  if (!flags.json.empty())
    WriteFileDurably(flags.json, EvaluationReport(run, result).dump(2) + "\n");
  return kSuccess;
}

}  // namespace

int EvalMain(int argc, char** argv) {
  KeepFreedMemory();
  EvalFlags flags;
  CLI::App app(kDescription, "r1zero eval");
  AddInputFlags(app, flags);
  AddSamplerFlags(app, flags.run);
  AddOutputFlags(app, flags);
  app.footer(kExamples);
  const int parsed = ParseCommandLine(app, argc, argv);
  if (parsed >= 0) return parsed;
  if (flags.run.sampling.temperature == 0) flags.run.sampling.group_size = 1;

  SetLogName("eval");
  InstallStopSignals();
  std::unique_ptr<EvaluationRun> run;
  std::optional<EvaluationFile> other;
  std::string differs;
  const int usable = Guarded("eval", kBadConfig, [&] {
    RequireJsonCanBeWritten(flags);
    if (!flags.compare.empty()) other = ReadEvaluation(flags.compare);
    run = std::make_unique<EvaluationRun>(flags.run);
    if (other) differs = DifferencesOf(*run, *other, flags.compare);
    return kSuccess;
  });
  if (usable != kSuccess) return usable;
  return Guarded("eval", kFailed, [&] { return Evaluate(*run, flags, other, differs); });
}

}  // namespace r1zero
