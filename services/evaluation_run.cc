#include "services/evaluation_run.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <limits>
#include <set>
#include <thread>
#include <utility>

#include "common/error.h"
#include "common/sha256.h"
#include "services/group_sampler.h"
#include "services/scoring.h"
#include "tasks/prompt_style.h"

namespace r1zero {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kBetweenLooks{200};

// Format is measured beside what is asked for.
RewardConfig RubricOf(const std::string& verifier, const std::string& format) {
  return {.accuracy = verifier, .format = format, .weights = {{"accuracy", 1.0}, {"format", 0.0}}};
}

// As a person writes it: 0.6, not the nearest float's 0.6000000238.
double Shortest(float value) {
  char text[64];
  const auto end = std::to_chars(text, text + sizeof text, value).ptr;
  double shortest = 0;
  std::from_chars(text, end, shortest);
  return shortest;
}

// All that the rows are a function of.
Json SettingsOf(const EvaluationOptions& o, const SamplingModel& model) {
  return {{"weight_sha256", WeightSha256(*model.weights)},
          {"storage", o.storage},
          {"tokenizer_sha256", Sha256Hex(model.tokenizer->ToJson())},
          {"data_sha256", Sha256HexOfFile(o.data.file)},
          {"style", o.style},
          {"system", o.data.system},
          {"prompt_template", o.data.prompt_template},
          {"answer_column", o.data.answer_column},
          {"verifier", MakeVerifier(o.verifier)->name()},
          {"format", MakeVerifier(o.format)->name()},
          {"samples", o.sampling.group_size},
          {"temperature", Shortest(o.sampling.temperature)},
          {"top_p", Shortest(o.sampling.top_p)},
          {"top_k", o.sampling.top_k},
          {"max_tokens", o.max_tokens},
          {"seed", o.sampling.seed}};
}

EvaluatedSample SampleOf(const Completion& completion, const Score& score) {
  const Verdict &accuracy = score.parts[0].verdict, &format = score.parts[1].verdict;
  return {.right = accuracy.outcome == Outcome::kCorrect,
          .undecided = accuracy.outcome == Outcome::kUndecided,
          .format = format.outcome == Outcome::kCorrect,
          .finish_reason = completion.finish_reason,
          .tokens = static_cast<int64_t>(completion.tokens.size()),
          .reason = accuracy.reason,
          .extracted = accuracy.extracted,
          .text = completion.text};
}

int Threads(int workers) {
  if (workers > 0) return workers;
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

double SecondsLeft(const EvaluationProgress& p, int64_t done_before) {
  const int64_t done = p.problems_done - done_before;
  if (done == 0) return std::numeric_limits<double>::infinity();
  return p.seconds * static_cast<double>(p.problems - p.problems_done) / static_cast<double>(done);
}

}  // namespace

EvaluationRun::EvaluationRun(EvaluationOptions options)
    : options_(std::move(options)),
      model_(LoadSamplingModel(options_.model, options_.storage)),
      rubric_(RubricOf(options_.verifier, options_.format)) {
  MakePrompts();
  settings_ = SettingsOf(options_, model_);
  rows_ = std::make_unique<EvaluationRows>(options_.out, settings_);
  RequireRowsOfTheData();
}

// What is gone on with counts in every figure. Rows beyond a --limit are there and do not.
void EvaluationRun::RequireRowsOfTheData() const {
  for (const EvaluatedProblem& problem : rows_->problems()) {
    if (problem.row > prompts_.back().ordinal + 1) continue;
    const auto prompt = std::ranges::lower_bound(prompts_, problem.row - 1, {}, &Prompt::ordinal);
    Require(prompt != prompts_.end() && prompt->ordinal == problem.row - 1 &&
                Sha256Hex(prompt->text) == problem.prompt_sha256,
            options_.out, ": row ", problem.row, " is of another prompt than row ", problem.row,
            " of ", options_.data.file, "; remove that line, or name another --out");
  }
}

void EvaluationRun::MakePrompts() {
  const auto verifier = MakeVerifier(options_.verifier);
  RequireSystemFits(options_.style, options_.data.system, "--system");
  const FileProblems file =
      ReadProblems(options_.data, MakePromptRenderer(options_.style, model_.folder));
  read_as_ = file.read_as;
  std::string fault;
  for (const FileProblem& problem : file.problems) {
    if (std::string why = verifier->CheckGold(problem.gold); !why.empty()) {
      if (fault.empty()) fault = "row " + std::to_string(problem.row) + ": " + why;
      rows_without_gold_.push_back(problem.row);
      continue;
    }
    try {
      prompts_.push_back({PromptUse::kEvaluation, problem.row - 1, problem.prompt, problem.gold,
                          model_.EncodePrompt(problem.prompt)});
    } catch (const Error& e) {
      Fail(options_.data.file, ": row ", problem.row, ": ", e.what());
    }
  }
  Require(!prompts_.empty(), options_.data.file, ": ", verifier->name(),
          " understands none of the ", file.problems.size(), " golds (", fault, "; rows read as ",
          read_as_, "); name another --verifier, or --answer-column");
}

bool EvaluationRun::IsOfSameFile(const EvaluationFile& other) const {
  return other.settings.is_object() &&
         other.settings.value("data_sha256", "") == settings_.at("data_sha256");
}

bool EvaluationRun::SharesProblems(const EvaluationFile& other) const {
  std::set<int64_t> rows;
  std::set<std::string> prompts;
  for (const Prompt& prompt : prompts_) {
    rows.insert(prompt.ordinal + 1);
    prompts.insert(Sha256Hex(prompt.text));
  }
  const bool same_file = IsOfSameFile(other);
  return std::ranges::any_of(other.problems, [&](const EvaluatedProblem& problem) {
    return same_file ? rows.contains(problem.row) : prompts.contains(problem.prompt_sha256);
  });
}

std::vector<EvaluatedProblem> EvaluationRun::problems() const {
  std::vector<EvaluatedProblem> within;
  for (const EvaluatedProblem& problem : rows_->problems())
    if (problem.row <= prompts_.back().ordinal + 1) within.push_back(problem);
  return within;
}

EvaluatedProblem EvaluationRun::Judge(const Group& group) const {
  EvaluatedProblem problem{.row = group.prompt.ordinal + 1,
                           .prompt = group.prompt.text,
                           .gold = group.prompt.gold,
                           .prompt_sha256 = Sha256Hex(group.prompt.text),
                           .samples = {}};
  const std::vector<Judged> judged = ToJudged(group, options_.sampling.seed);
  for (size_t i = 0; i < judged.size(); ++i)
    problem.samples.push_back(SampleOf(group.completions[i], rubric_.Judge(judged[i])));
  return problem;
}

std::vector<Prompt> EvaluationRun::PromptsToDo() const {
  std::vector<Prompt> todo;
  for (const Prompt& prompt : prompts_)
    if (!rows_->Has(prompt.ordinal + 1)) todo.push_back(prompt);
  return todo;
}

bool EvaluationRun::Sample(const std::function<void(const EvaluationProgress&)>& show,
                           const std::function<bool()>& stop) {
  rows_->Start();
  const std::vector<Prompt> todo = PromptsToDo();
  const auto done_before = static_cast<int64_t>(prompts_.size() - todo.size());
  progress_ = {.problems_done = done_before, .problems = static_cast<int64_t>(prompts_.size())};
  if (stop()) return false;
  std::atomic<int64_t> done = done_before;
  const auto start = Clock::now();
  GroupSampler sampler(model_, todo, options_.sampling, options_.max_tokens,
                       Threads(options_.workers), [&](const Group& group) {
                         rows_->Add(Judge(group));
                         ++done;
                         return !stop();
                       });
  model_.weights.reset();  // the sampler has them, and lets them go once they are packed
  for (bool over = false; !over;) {
    if (stop()) sampler.Stop();
    over = sampler.Wait(kBetweenLooks);
    progress_.problems_done = done;
    progress_.tokens = sampler.tokens_sampled();
    progress_.seconds = std::chrono::duration<double>(Clock::now() - start).count();
    progress_.seconds_left = SecondsLeft(progress_, done_before);
    show(progress_);
  }
  if (progress_.problems_done < progress_.problems) return false;
  rows_->Finish();
  return true;
}

}  // namespace r1zero
