#include "grpo/evaluated_problem.h"

#include <algorithm>
#include <array>

#include "common/error.h"
#include "common/json_fault.h"

namespace r1zero {
namespace {

constexpr std::array<const char*, 3> kFinishReasons = {"stop", "length", "stop_string"};

FinishReason FinishReasonOf(const std::string& name) {
  const auto* found = std::ranges::find(kFinishReasons, name);
  Require(found != kFinishReasons.end(), "finish_reason is '", name,
          "', expected stop, length or stop_string");
  return static_cast<FinishReason>(found - kFinishReasons.begin());
}

Json SampleJson(const EvaluatedSample& s) {
  Json json = {{"right", s.right},
               {"reason", s.reason},
               {"extracted", s.extracted},
               {"format", s.format},
               {"tokens", s.tokens},
               {"finish_reason", FinishReasonName(s.finish_reason)},
               {"text", s.text}};
  if (s.undecided) json["undecided"] = true;
  return json;
}

EvaluatedSample SampleFromJson(const Json& json) {
  return {.right = json.at("right").get<bool>(),
          .undecided = json.value("undecided", false),
          .format = json.at("format").get<bool>(),
          .finish_reason = FinishReasonOf(json.at("finish_reason").get<std::string>()),
          .tokens = json.at("tokens").get<int64_t>(),
          .reason = json.at("reason").get<std::string>(),
          .extracted = json.at("extracted").get<std::string>(),
          .text = json.at("text").get<std::string>()};
}

}  // namespace

const char* FinishReasonName(FinishReason reason) {
  return kFinishReasons[static_cast<size_t>(reason)];
}

bool EvaluatedProblem::undecided() const {
  return std::ranges::any_of(samples, &EvaluatedSample::undecided);
}

Tally EvaluatedProblem::tally() const {
  return {std::ranges::count_if(samples, &EvaluatedSample::right),
          static_cast<int64_t>(samples.size())};
}

std::vector<Vote> EvaluatedProblem::votes() const {
  std::vector<Vote> votes;
  for (const EvaluatedSample& sample : samples) votes.push_back({sample.extracted, sample.right});
  return votes;
}

int64_t EvaluatedProblem::tokens() const {
  int64_t sum = 0;
  for (const EvaluatedSample& sample : samples) sum += sample.tokens;
  return sum;
}

Json ToJson(const EvaluatedProblem& problem) {
  Json json = {{"row", problem.row},
               {"prompt_sha256", problem.prompt_sha256},
               {"samples", problem.samples.size()},
               {"right", problem.tally().right},
               {"prompt", problem.prompt},
               {"gold", problem.gold},
               {"completions", Json::array()}};
  if (problem.undecided()) json["undecided"] = true;
  for (const EvaluatedSample& sample : problem.samples)
    json["completions"].push_back(SampleJson(sample));
  return json;
}

EvaluatedProblem EvaluatedProblemFromJson(const Json& json, const std::string& where) try {
  Require(json.at("row").is_number_integer() && json.at("row") >= 1, "row is ",
          json.at("row").dump(), ", expected a whole number from 1");
  EvaluatedProblem problem{.row = json.at("row").get<int64_t>(),
                           .prompt = json.at("prompt").get<std::string>(),
                           .gold = json.at("gold").get<std::string>(),
                           .prompt_sha256 = json.at("prompt_sha256").get<std::string>(),
                           .samples = {}};
  for (const Json& sample : json.at("completions"))
    problem.samples.push_back(SampleFromJson(sample));
  Require(!problem.samples.empty(), "it has no completions");
  Require(json.value("samples", Json()) == problem.samples.size(), "\"samples\" is ",
          json.value("samples", Json()).dump(), ", it has ", problem.samples.size(),
          " completions");
  Require(json.value("right", Json()) == problem.tally().right, "\"right\" is ",
          json.value("right", Json()).dump(), ", its completions have ", problem.tally().right);
  return problem;
} catch (const Json::exception& e) {
  Fail(where, ": not a row of what r1zero eval --out writes: ", JsonFault(e.what()));
} catch (const Error& e) {
  Fail(where, ": not a row of what r1zero eval --out writes: ", e.what());
}

}  // namespace r1zero
