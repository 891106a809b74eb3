#include "grpo/summary.h"

#include <algorithm>
#include <sstream>

#include "grpo/estimate_text.h"
#include "grpo/evaluation_json.h"

namespace r1zero {
namespace {

// Each temperature has an object of its own; the plain keys are those of `first`, if there is one.
Json EvaluationsJson(std::span<const Evaluation> evaluations, const Evaluation* first) {
  if (evaluations.empty()) return Json();
  Json json = first ? ToJson(*first) : Json::object();
  for (const Evaluation& evaluation : evaluations)
    json["temperature_" + TemperatureName(evaluation.temperature)] = ToJson(evaluation);
  return json;
}

const Evaluation* First(std::span<const Evaluation> evaluations) {
  return evaluations.empty() ? nullptr : &evaluations[0];
}

// What the first evaluation at the end is compared with.
const Evaluation* FirstBase(const Summary& s) {
  return s.final.empty() ? First(s.base) : FindLike(s.base, s.final[0]);
}

void Row(std::ostringstream& out, const std::string& name, const Estimate* base,
         const Estimate& final, int digits) {
  out << "  " << Left(name, 22) << Left(base ? WithInterval(*base, digits) : "-", 24)
      << WithInterval(final, digits) << "\n";
}

const Estimate* FindCount(const Evaluation& evaluation, const std::string& word) {
  for (const auto& [counted, estimate] : evaluation.counts)
    if (counted == word) return &estimate;
  return nullptr;
}

// `base` may be null: nothing to compare with.
void Table(std::ostringstream& out, const Evaluation* base, const Evaluation& final) {
  out << Left("temperature " + TemperatureName(final.temperature), 24) << Left("base", 24)
      << "trained\n";
  for (const auto& [k, estimate] : final.pass_at)
    if (k == 1 || k == 8 || k == 16)
      Row(out, "pass@" + std::to_string(k), base ? FindPassAt(*base, k) : nullptr, estimate, 3);
  for (const auto& [k, estimate] : final.maj_at)  // maj@1 is pass@1
    if (k == 8 || k == 16)
      Row(out, "maj@" + std::to_string(k), base ? FindMajAt(*base, k) : nullptr, estimate, 3);
  Row(out, "right format", base ? &base->format : nullptr, final.format, 3);
  Row(out, "tokens a completion", base ? &base->mean_length : nullptr, final.mean_length, 1);
  Row(out, "cut off", base ? &base->truncated : nullptr, final.truncated, 3);
  for (const auto& [word, estimate] : final.counts)
    Row(out, "'" + word + "' a completion", base ? FindCount(*base, word) : nullptr, estimate, 2);
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

std::string Settings(std::span<const Evaluation> evaluations) {
  std::ostringstream text;
  for (const Evaluation& e : evaluations)
    text << (&e == &evaluations[0] ? "" : ", ") << e.problems << " problems x " << e.samples
         << " at temperature " << TemperatureName(e.temperature);
  return text.str();
}

// Empty if every evaluation at the end has its like before.
std::string WhyNotCompared(const Summary& s) {
  if (std::ranges::all_of(s.final, [&](const Evaluation& e) { return FindLike(s.base, e); }))
    return "";
  return "The base was measured with other settings (" + Settings(s.base) +
         ") than the trained policy (" + Settings(s.final) +
         "); only what was measured alike is compared.";
}

std::string Verdict(const Summary& s) {
  if (s.base.empty() || s.final.empty()) return "";
  const Evaluation* base = FirstBase(s);
  const std::string verdict = base ? Verdict(*base, s.final[0]) : "";
  const std::string why_not = WhyNotCompared(s);
  return verdict + (verdict.empty() || why_not.empty() ? "" : " ") + why_not;
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
      {"simd", s.simd},
      {"seed", s.seed},
      {"base", EvaluationsJson(s.base, FirstBase(s))},
      {"final", EvaluationsJson(s.final, First(s.final))},
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
    out << s.final[0].problems << " held-out problems, " << s.final[0].samples
        << " samples each, 95% intervals\n\n";
    for (const Evaluation& final : s.final) {
      Table(out, FindLike(s.base, final), final);
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
