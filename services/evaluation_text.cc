#include "services/evaluation_text.h"

#include <algorithm>
#include <sstream>

#include "grpo/estimate_text.h"
#include "grpo/evaluation_json.h"
#include "services/console.h"

namespace r1zero {
namespace {

constexpr size_t kMostRowsShown = 20;

void Row(std::ostringstream& out, const std::string& name, const std::string& value) {
  out << Left(name, 22) << value << "\n";
}

std::string Plural(int64_t count, const std::string& noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

std::string Title(const EvaluationRun& run, const EvaluationSummary& s) {
  const EvaluationOptions& o = run.options();
  std::ostringstream out;
  out << run.model().folder.string() << " on " << o.data.file << ", rows read as " << run.read_as()
      << "\n"
      << Plural(s.problems, "problem") << ", " << Plural(s.samples, "sample")
      << " each, temperature " << o.sampling.temperature << ", judged by "
      << run.settings().at("verifier").get<std::string>() << ", 95% intervals\n";
  return out.str();
}

void Ks(std::ostringstream& out, const EvaluationSummary& s) {
  out << Left("k", 22) << Left("pass@k", 24) << "maj@k\n";
  for (size_t i = 0; i < s.pass_at.size(); ++i)
    out << Left(std::to_string(s.pass_at[i].first), 22)
        << Left(WithInterval(s.pass_at[i].second, 3), 24) << WithInterval(s.maj_at[i].second, 3)
        << "\n";
}

std::string Reasons(const EvaluationSummary& s) {
  std::string text;
  for (const auto& [reason, count] : s.reasons)
    text += (text.empty() ? "" : ", ") + reason + " " + std::to_string(count);
  return text;
}

// "3, 17, ... (40 in all)"
std::string Rows(const std::vector<int64_t>& rows) {
  std::string text;
  for (size_t i = 0; i < std::min(rows.size(), kMostRowsShown); ++i)
    text += (i == 0 ? "" : ", ") + std::to_string(rows[i]);
  if (rows.size() > kMostRowsShown) text += ", ... (" + std::to_string(rows.size()) + " in all)";
  return text;
}

double Speed(const EvaluationProgress& p) {
  return p.seconds > 0 ? static_cast<double>(p.tokens) / p.seconds : 0;
}

double Cost(const EvaluationProgress& p, double price_per_hour) {
  return p.seconds / 3600 * price_per_hour;
}

std::string TimeAndCost(const EvaluationProgress& p, double price_per_hour) {
  if (p.tokens == 0) return "nothing was left to sample\n";
  std::string text = std::to_string(p.tokens) + " tokens in " + Fixed(p.seconds, 1) +
                     " s: " + FormatCount(Speed(p)) + " tok/s";
  if (price_per_hour > 0)
    text +=
        "; $" + Fixed(Cost(p, price_per_hour), 4) + " at $" + Fixed(price_per_hour, 2) + " an hour";
  return text + "\n";
}

std::string P(double p) { return p < 1e-4 ? "p < 0.0001" : "p = " + Fixed(p, 4); }

std::string ComparisonText(const EvaluationComparison& c, const std::string& with) {
  std::ostringstream out;
  out << "against " << with << ", on " << Plural(c.problems, "problem") << " that both judged";
  if (c.only_ours + c.only_theirs > 0)
    out << " (" << c.only_ours << " only here, " << c.only_theirs << " only there)";
  out << "\n";
  Row(out, "pass@1 there, here",
      WithInterval(c.pass_at_1_theirs, 3) + ", " + WithInterval(c.pass_at_1_ours, 3));
  Row(out, "difference",
      WithInterval(c.pass_at_1.difference, 3) + ", " + P(c.pass_at_1.p_value) +
          " (sign flips, paired)");
  Row(out, "problems",
      std::to_string(c.pass_at_1.better) + " better, " + std::to_string(c.pass_at_1.worse) +
          " worse, " + std::to_string(c.pass_at_1.equal) + " alike");
  Row(out, "majority vote",
      "solves " + std::to_string(c.majority_gained) + " more, " + std::to_string(c.majority_lost) +
          " no longer, " + P(c.majority_p_value) + " (McNemar)");
  return out.str();
}

}  // namespace

std::string EvaluationText(const EvaluationRun& run, const EvaluationResult& result) {
  const EvaluationSummary& s = result.summary;
  std::ostringstream out;
  out << Title(run, s) << "\n";
  Ks(out, s);
  out << "\n";
  Row(out, "right format", WithInterval(s.format, 3));
  Row(out, "tokens a completion", WithInterval(s.mean_length, 1));
  Row(out, "cut off", WithInterval(s.truncated, 3));
  Row(out, "verdicts", Reasons(s));
  if (!s.undecided_rows.empty()) Row(out, "undecided, left out", "rows " + Rows(s.undecided_rows));
  if (!run.rows_without_gold().empty())
    Row(out, "bad gold, not asked", "rows " + Rows(run.rows_without_gold()));
  out << "\n" << TimeAndCost(run.progress(), result.price_per_hour);
  if (result.comparison) out << "\n" << ComparisonText(*result.comparison, result.compared_with);
  return out.str();
}

Json EvaluationReport(const EvaluationRun& run, const EvaluationResult& result) {
  const EvaluationProgress& p = run.progress();
  Json json = {{"model", run.model().folder.string()},
               {"data", run.options().data.file},
               {"read_as", run.read_as()}};
  json["settings"] = run.settings();
  json.update(ToJson(result.summary));
  json["rows_without_gold"] = run.rows_without_gold();
  json["session"] = {{"tokens", p.tokens}, {"seconds", p.seconds}, {"tokens_per_second", Speed(p)}};
  if (result.price_per_hour > 0) json["session"]["cost_usd"] = Cost(p, result.price_per_hour);
  if (result.comparison) {
    json["compare"] = ToJson(*result.comparison);
    json["compare"]["with"] = result.compared_with;
  }
  return json;
}

}  // namespace r1zero
