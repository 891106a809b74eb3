#include "grpo/summary.h"

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <sstream>

#include "grpo/evaluation_json.h"

namespace r1zero {
namespace {

// The plain keys are those of the first temperature; each temperature also has an object of its
// own.
Json EvaluationsJson(std::span<const Evaluation> evaluations) {
  if (evaluations.empty()) return Json();
  Json json = ToJson(evaluations[0]);
  for (const Evaluation& evaluation : evaluations)
    json["temperature_" + TemperatureName(evaluation.temperature)] = ToJson(evaluation);
  return json;
}

std::string Fixed(double value, int digits) {
  std::ostringstream text;
  text << std::fixed << std::setprecision(digits) << value;
  return text.str();
}

std::string WithInterval(const Estimate& e, int digits) {
  return Fixed(e.value, digits) + " [" + Fixed(e.low, digits) + ", " + Fixed(e.high, digits) + "]";
}

std::string Left(std::string text, size_t width) {
  text.resize(std::max(width, text.size()), ' ');
  return text;
}

void Row(std::ostringstream& out, const std::string& name, const Estimate& base,
         const Estimate& final, int digits) {
  out << "  " << Left(name, 22) << Left(WithInterval(base, digits), 24)
      << WithInterval(final, digits) << "\n";
}

void Table(std::ostringstream& out, const Evaluation& base, const Evaluation& final) {
  out << Left("temperature " + TemperatureName(base.temperature), 24) << Left("base", 24)
      << "trained\n";
  for (const auto& [k, estimate] : base.pass_at) {
    const Estimate* after = FindPassAt(final, k);
    if (after && (k == 1 || k == 8 || k == 16))
      Row(out, "pass@" + std::to_string(k), estimate, *after, 3);
  }
  Row(out, "right format", base.format, final.format, 3);
  Row(out, "tokens a completion", base.mean_length, final.mean_length, 1);
  Row(out, "cut off", base.truncated, final.truncated, 3);
  for (size_t i = 0; i < std::min(base.counts.size(), final.counts.size()); ++i)
    Row(out, "'" + base.counts[i].first + "' a completion", base.counts[i].second,
        final.counts[i].second, 2);
}

// What the figures show and what they do not.
std::string Verdict(const Evaluation& base, const Evaluation& final) {
  const Estimate* before = FindPassAt(base, 1);
  const Estimate* after = FindPassAt(final, 1);
  const auto& [k, base_at_k] = base.pass_at.back();
  if (!before || !after) return "";
  const std::string moved = "from " + Fixed(before->value, 2) + " to " + Fixed(after->value, 2);
  if (after->high < before->low) return "The policy got worse: pass@1 fell " + moved + ".";
  if (after->low <= before->high)
    return "No gain is shown: pass@1 went " + moved + ", within what chance explains.";
  const std::string elicited = "pass@1 rose " + moved + ". The base already solved " +
                               Fixed(100 * base_at_k.value, 0) + "% of these problems within " +
                               std::to_string(k) + " tries (pass@" + std::to_string(k) + ")";
  if (k == 1) return "pass@1 rose " + moved + ".";
  if (after->value <= base_at_k.high)
    return elicited +
           ": reinforcement made likely what the base could do now and then. That is elicitation; "
           "no new skill is claimed.";
  return elicited + "; the trained policy's first try is better than that.";
}

std::string Verdict(const Summary& s) {
  return s.base.empty() || s.final.empty() ? "" : Verdict(s.base[0], s.final[0]);
}

}  // namespace

std::string SummaryJson(const Summary& s) {
  const TrainerProgress& p = s.progress;
  Json readiness = Json::object();
  for (const auto& [name, value] : s.readiness) readiness[name] = value;
  const Json json = {
      {"run", s.run},
      {"task", s.task},
      {"device", s.device},
      {"seed", s.seed},
      {"base", EvaluationsJson(s.base)},
      {"final", EvaluationsJson(s.final)},
      {"verdict", Verdict(s)},
      {"steps", p.step},
      {"policy_version", p.policy_version},
      {"tokens",
       {{"pretraining", s.pretrain_tokens},
        {"prompts", p.tokens_prompted},
        {"generated", p.tokens_generated},
        {"trained", p.tokens_trained}}},
      {"seconds",
       {{"pretraining", s.seconds_pretraining},
        {"rollout", p.seconds_rollout},
        {"training", p.seconds_training},
        {"evaluation", p.seconds_evaluation},
        {"total", s.seconds_total}}},
      {"base_was_cached", s.base_was_cached},
      {"readiness", readiness},
      {"base_sha256", s.base_sha256},
      {"weight_sha256", s.weight_sha256},
  };
  return json.dump(2) + "\n";
}

std::string SummaryText(const Summary& s) {
  std::ostringstream out;
  if (!s.base.empty() && !s.final.empty()) {
    out << s.base[0].problems << " held-out problems, " << s.base[0].samples
        << " samples each, 95% intervals\n\n";
    for (size_t i = 0; i < std::min(s.base.size(), s.final.size()); ++i) {
      Table(out, s.base[i], s.final[i]);
      out << "\n";
    }
    out << Verdict(s) << "\n";
  }
  const TrainerProgress& p = s.progress;
  out << p.step << " steps, " << p.tokens_generated << " tokens generated, " << p.tokens_trained
      << " trained; seconds: rollout " << Fixed(p.seconds_rollout, 0) << ", training "
      << Fixed(p.seconds_training, 0) << ", evaluation " << Fixed(p.seconds_evaluation, 0)
      << ", pretraining " << Fixed(s.seconds_pretraining, 0)
      << (s.base_was_cached ? " (cached)" : "") << ", in all " << Fixed(s.seconds_total, 0)
      << "\nweights " << s.weight_sha256 << "\n";
  return out.str();
}

}  // namespace r1zero
