#include "grpo/evaluation_json.h"

#include <sstream>

#include "common/error.h"

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
  Fail(where, ": not an evaluation: ", e.what());
}

}  // namespace r1zero
