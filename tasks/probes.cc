#include "tasks/probes.h"

namespace r1zero {
namespace {

// The number that starts at text[begin], with its sign.
std::string NumberAt(const std::string& text, size_t begin) {
  const size_t digits = text.find_first_of("0123456789", begin);
  const size_t end = text.find_first_not_of("0123456789", digits);
  return text.substr(begin, end == std::string::npos ? end : end - begin);
}

}  // namespace

std::vector<ReadinessProbe> TryProbes(const std::vector<ProbeText>& texts) {
  using Measure = ReadinessProbe::Measure;
  ReadinessProbe sums{.name = "sums", .measure = Measure::kArgmaxAccuracy, .min = 0.99};
  ReadinessProbe hit{.name = "ok_given_hit", .measure = Measure::kMeanProbability, .min = 0.9};
  ReadinessProbe miss{.name = "ok_given_miss", .measure = Measure::kMeanProbability, .max = 0.05};
  for (const auto& [prompt, attempt, target] : texts) {
    const std::string& worked = attempt.worked;
    for (size_t at = worked.find('='); at != std::string::npos; at = worked.find('=', at + 1))
      sums.items.push_back(
          {prompt + "<think>" + worked.substr(0, at + 1), NumberAt(worked, at + 1)});
    ReadinessProbe& ticks = attempt.result == target ? hit : miss;
    ticks.items.push_back({prompt + "<think>" + worked + ":" + std::to_string(target), "ok"});
  }
  return {sums, hit, miss};
}

}  // namespace r1zero
