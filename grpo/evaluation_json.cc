#include "grpo/evaluation_json.h"

#include <sstream>

#include "common/error.h"
#include "common/json_fault.h"

namespace r1zero {
namespace {

Json Interval(const Estimate& estimate) { return Json::array({estimate.low, estimate.high}); }

void Put(Json& json, const std::string& name, const Estimate& estimate) {
  json[name] = estimate.value;
  json[name + "_ci"] = Interval(estimate);
}

Estimate Get(const Json& json, const std::string& name) {
  const Json& interval = json.at(name + "_ci");
  return {json.at(name).get<double>(), interval.at(0).get<double>(), interval.at(1).get<double>()};
}

}  // namespace

std::string TemperatureName(double temperature) {
  std::ostringstream text;
  text << temperature;
  return text.str();
}

Json ToJson(const Evaluation& evaluation) {
  Json json;
  json["temperature"] = evaluation.temperature;
  json["problems"] = evaluation.problems;
  json["samples"] = evaluation.samples;
  for (const auto& [k, estimate] : evaluation.pass_at)
    Put(json, "pass@" + std::to_string(k), estimate);
  for (const auto& [k, estimate] : evaluation.maj_at)
    Put(json, "maj@" + std::to_string(k), estimate);
  Put(json, "format", evaluation.format);
  Put(json, "mean_length", evaluation.mean_length);
  Put(json, "clipped_ratio", evaluation.truncated);
  if (!evaluation.counts.empty()) Put(json, "tries", evaluation.counts[0].second);
  json["words"] = json["words_ci"] = Json::object();
  for (const auto& [word, estimate] : evaluation.counts) {
    json["words"][word] = estimate.value;
    json["words_ci"][word] = Interval(estimate);
  }
  return json;
}

Evaluation EvaluationFromJson(const Json& json, const std::string& where) try {
  Evaluation e;
  e.temperature = json.at("temperature").get<double>();
  e.problems = json.at("problems").get<int64_t>();
  e.samples = json.at("samples").get<int64_t>();
  for (int64_t k = 1; k <= e.samples; k *= 2)
    e.pass_at.emplace_back(k, Get(json, "pass@" + std::to_string(k)));
  for (int64_t k = 1; json.contains("maj@" + std::to_string(k)); k *= 2)
    e.maj_at.emplace_back(k, Get(json, "maj@" + std::to_string(k)));
  e.format = Get(json, "format");
  e.mean_length = Get(json, "mean_length");
  e.truncated = Get(json, "clipped_ratio");
  for (const auto& [word, value] : json.at("words").items()) {
    const Json& interval = json.at("words_ci").at(word);
    e.counts.emplace_back(word, Estimate{value.get<double>(), interval.at(0).get<double>(),
                                         interval.at(1).get<double>()});
  }
  return e;
} catch (const Json::exception& e) {
  Fail(where, ": not an evaluation: ", JsonFault(e.what()));
}

Json ToJson(const EvaluationSummary& summary) {
  Json json = {{"problems", summary.problems}, {"samples", summary.samples}};
  for (const auto& [k, estimate] : summary.pass_at)
    Put(json, "pass@" + std::to_string(k), estimate);
  for (const auto& [k, estimate] : summary.maj_at) Put(json, "maj@" + std::to_string(k), estimate);
  Put(json, "format", summary.format);
  Put(json, "mean_length", summary.mean_length);
  Put(json, "clipped_ratio", summary.truncated);
  json["undecided_rows"] = summary.undecided_rows;
  json["reasons"] = Json::object();
  for (const auto& [reason, count] : summary.reasons) json["reasons"][reason] = count;
  json["tokens_generated"] = summary.tokens;
  return json;
}

Json ToJson(const EvaluationComparison& c) {
  Json json = {{"problems", c.problems}, {"only_here", c.only_ours}, {"only_there", c.only_theirs}};
  Put(json, "pass@1_there", c.pass_at_1_theirs);
  Put(json, "pass@1_here", c.pass_at_1_ours);
  Put(json, "pass@1_difference", c.pass_at_1.difference);
  json["pass@1_p_value"] = c.pass_at_1.p_value;
  json["problems_better"] = c.pass_at_1.better;
  json["problems_worse"] = c.pass_at_1.worse;
  json["problems_equal"] = c.pass_at_1.equal;
  json["majority_gained"] = c.majority_gained;
  json["majority_lost"] = c.majority_lost;
  json["majority_p_value"] = c.majority_p_value;
  return json;
}

}  // namespace r1zero
