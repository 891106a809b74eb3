#include "grpo/report.h"

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <sstream>

#include "grpo/chart.h"
#include "grpo/estimate_text.h"
#include "grpo/json_file.h"
#include "grpo/report_text.h"

namespace r1zero {
namespace {

namespace fs = std::filesystem;

constexpr const char* kCss = R"(:root{color-scheme:light dark;
--page:#f7f7f5;--card:#fff;--ink:#1c1c1a;--muted:#6b6b66;--grid:#e4e4df;
--series-1:#2563c9;--series-2:#c8641a;--series-3:#2b8a57;
--think:#2563c9;--answer:#2b8a57;--word:#b4540a;--good:#1f7a4a;--bad:#b3372f}
@media (prefers-color-scheme:dark){:root{
--page:#161615;--card:#20201e;--ink:#ecece7;--muted:#a0a09a;--grid:#363632;
--series-1:#6ea5f7;--series-2:#eb9a55;--series-3:#5fc48d;
--think:#6ea5f7;--answer:#5fc48d;--word:#eb9a55;--good:#5fc48d;--bad:#f08b83}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
main{max-width:1180px;margin:0 auto;padding:1.5rem 1rem 4rem}
h1{font-size:1.6rem;margin:0}h2{font-size:1.15rem;margin:2.2rem 0 .7rem}
header p{margin:.2rem 0;color:var(--muted)}
.verdict{color:var(--ink)!important;max-width:70ch;margin:.8rem 0 1.2rem!important}
.tiles,.charts{display:grid;gap:.8rem;grid-template-columns:repeat(auto-fill,minmax(215px,1fr))}
.charts{grid-template-columns:repeat(auto-fill,minmax(320px,1fr))}
.tile,.charts figure,.pair,.facts,details{background:var(--card);border:1px solid var(--grid);border-radius:8px;padding:.75rem .9rem}
.tile span{color:var(--muted);font-size:.8rem}
.tile b{display:block;font-size:1.35rem;font-weight:600;font-variant-numeric:tabular-nums}
.pair{margin-bottom:.8rem}
.pair>div{display:grid;grid-template-columns:repeat(auto-fit,minmax(300px,1fr));gap:0 1.2rem}
.pair h3,.pair h4{margin:0 0 .3rem;font-size:.95rem}.pair h4{color:var(--muted);font-weight:500;font-size:.8rem}
.text{font:13px/1.55 ui-monospace,monospace;white-space:pre-wrap;overflow-wrap:anywhere}
.completion{border-top:1px solid var(--grid);padding:.4rem 0}
.think{color:var(--think)}.answer{color:var(--answer)}.word{color:var(--word);font-weight:600}
.chips{font-size:.78rem;color:var(--muted)}.chips b{color:var(--ink)}
.chips .good{color:var(--good)}.chips .bad{color:var(--bad)}
details{margin-bottom:.5rem}summary{cursor:pointer}
table{border-collapse:collapse;width:100%;margin-top:.5rem;font-size:.85rem}
th{text-align:left;color:var(--muted);font-weight:500}
th,td{padding:.3rem .6rem .3rem 0;border-top:1px solid var(--grid);vertical-align:top}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
td.up{color:var(--good)}td.down{color:var(--bad)}
.facts td:first-child{color:var(--muted);width:14rem}
pre{overflow-x:auto;font-size:.8rem}
)";

struct RunData {
  Json summary;  // null if there is none
  std::vector<Json> metrics, samples, groups;
  std::string config;
  std::vector<std::string> words;  // counted ones
};

RunData ReadRun(const RunFolder& folder) {
  RunData run;
  if (fs::exists(folder.summary())) run.summary = ReadJson(folder.summary());
  if (fs::exists(folder.config())) run.config = ReadFile(folder.config());
  run.metrics = ReadJsonLines(folder.metrics());
  run.samples = ReadJsonLines(folder.samples());
  run.groups = ReadJsonLines(folder.groups());
  for (const char* when : {"base", "final"})
    if (run.summary.contains(when) && run.summary[when].contains("words"))
      for (const auto& [word, count] : run.summary[when]["words"].items())
        if (std::ranges::find(run.words, word) == run.words.end()) run.words.push_back(word);
  return run;
}

// --- numbers at the top ---

std::string Tile(const RunData& run, const std::string& key, const std::string& name, int digits) {
  const Json &base = run.summary["base"], &final = run.summary["final"];
  if (!base.contains(key) || !final.contains(key)) return "";
  const std::string interval = key + "_ci";
  const auto range = [&](const Json& json) {
    return Fixed(json[interval][0], digits) + "–" + Fixed(json[interval][1], digits);
  };
  return "<div class=\"tile\"><span>" + EscapeHtml(name) + "</span><b>" + Fixed(base[key], digits) +
         " → " + Fixed(final[key], digits) + "</b><span>95%: " + range(base) + " → " +
         range(final) + "</span></div>\n";
}

std::string Header(const RunData& run) {
  std::ostringstream out;
  if (run.summary.is_null())
    return "<header><h1>A run of r1zero</h1><p>not finished yet</p></header>\n";
  const Json& s = run.summary;
  out << "<header><h1>" << EscapeHtml(s.value("run", "")) << "</h1><p>task "
      << EscapeHtml(s.value("task", "")) << ", seed " << s.value("seed", 0) << ", "
      << s.value("steps", 0) << " steps of GRPO";
  const Json& measured = s[s["final"].contains("problems") ? "final" : "base"];
  if (measured.contains("problems"))
    out << "; measured on " << measured.value("problems", 0) << " held-out problems, "
        << measured.value("samples", 0) << " completions each";
  out << "</p><p class=\"verdict\">" << EscapeHtml(s.value("verdict", "")) << "</p></header>\n";
  if (!s["base"].is_object() || !s["final"].is_object()) return out.str();
  out << "<section class=\"tiles\">" << Tile(run, "pass@1", "pass@1, before → after", 2)
      << Tile(run, "pass@8", "pass@8", 2) << Tile(run, "format", "right format", 2)
      << Tile(run, "mean_length", "tokens a completion", 1);
  if (!run.words.empty()) out << Tile(run, "tries", "“" + run.words[0] + "” a completion", 2);
  out << "</section>\n";
  return out.str();
}

// --- curves ---

Series Curve(const RunData& run, const std::string& name, const std::string& key) {
  Series s{.name = name};
  for (const Json& line : run.metrics) {
    if (!line.contains(key) || !line[key].is_number()) continue;
    s.x.push_back(line.value("step", 0.0));
    s.y.push_back(line[key]);
  }
  return s;
}

Series HeldOutCurve(const RunData& run, const std::string& key) {
  Series s = Curve(run, "held out", key);
  s.low = Curve(run, "", key + "_low").y;
  s.high = Curve(run, "", key + "_high").y;
  s.is_sparse = true;
  if (s.low.size() != s.y.size() || s.high.size() != s.y.size()) s.low = s.high = {};
  return s;
}

std::string Charts(const RunData& run) {
  std::string out =
      ChartHtml(
          {"Accuracy (pass@1)",
           {HeldOutCurve(run, "eval/pass@1"), Curve(run, "training", "rewards/accuracy/mean")}}) +
      ChartHtml({"Reward", {Curve(run, "mean", "reward"), Curve(run, "std", "reward_std")}}) +
      ChartHtml(
          {"Right format",
           {HeldOutCurve(run, "eval/format"), Curve(run, "training", "rewards/format/mean")}}) +
      ChartHtml({"Tokens a completion",
                 {HeldOutCurve(run, "eval/mean_length"),
                  Curve(run, "training", "completions/mean_length")}});
  for (const std::string& word : run.words)
    out += ChartHtml(
        {"“" + word + "” a completion",
         {HeldOutCurve(run, "eval/" + word), Curve(run, "training", "completions/" + word)}});
  return out +
         ChartHtml({"Cut off by the limit", {Curve(run, "share", "completions/clipped_ratio")}}) +
         ChartHtml({"Entropy (nats a token)", {Curve(run, "policy", "entropy")}}) +
         ChartHtml({"KL to the reference (nats a token)", {Curve(run, "estimate", "kl")}}) +
         ChartHtml({"Seconds a step",
                    {Curve(run, "rollout", "timing_s/rollout"),
                     Curve(run, "update", "timing_s/update")}});
}

// --- completions ---

std::string Chips(const Json& completion) {
  std::ostringstream out;
  out << "<div class=\"chips\">reward <b>" << Fixed(completion.value("reward", 0.0), 2) << "</b>";
  const Json parts = completion.value("parts", Json::object());
  for (const auto& [name, score] : parts.items()) {
    const bool good = score.is_number() && score.get<double>() > 0;
    out << " · " << EscapeHtml(name) << " <span class=\"" << (good ? "good" : "bad") << "\">"
        << (score.is_number() ? Fixed(score, 2) : "undecided") << "</span>";
  }
  out << " · " << completion.value("tokens", 0) << " tokens"
      << (completion.value("truncated", false) ? " · <span class=\"bad\">cut off</span>" : "")
      << "</div>";
  return out.str();
}

std::string Column(const RunData& run, const Json& sample, const char* when) {
  if (!sample.contains(when)) return "";
  std::string out = std::string("<div><h4>") + when + "</h4>";
  for (const Json& completion : sample[when])
    out += "<div class=\"completion\"><div class=\"text\">" +
           MarkUp(completion.value("text", ""), run.words) + "</div>" + Chips(completion) +
           "</div>";
  return out + "</div>";
}

std::string Samples(const RunData& run) {
  std::string out;
  for (const Json& sample : run.samples)
    out += "<div class=\"pair\"><h3 class=\"text\">" + EscapeHtml(sample.value("prompt", "")) +
           "</h3><div>" + Column(run, sample, "before") + Column(run, sample, "after") +
           "</div></div>\n";
  return out.empty() ? "" : "<h2>The same held-out problems, before and after</h2>\n" + out;
}

std::string GroupRow(const RunData& run, const Json& completion) {
  const double advantage = completion.value("advantage", 0.0);
  const char* css = advantage > 0 ? "up" : advantage < 0 ? "down" : "";
  std::string row = "<tr><td class=\"n\">" + Fixed(completion.value("reward", 0.0), 2) +
                    "</td><td class=\"n " + css + "\">" + (advantage > 0 ? "+" : "") +
                    Fixed(advantage, 2) + "</td>";
  const Json parts = completion.value("parts", Json::object());
  for (const auto& [name, score] : parts.items())
    row += "<td class=\"n\">" + (score.is_number() ? Fixed(score, 2) : std::string("?")) + "</td>";
  return row + "<td class=\"n\">" + std::to_string(completion.value("tokens", 0)) +
         (completion.value("truncated", false) ? "✂" : "") + "</td><td class=\"text\">" +
         MarkUp(completion.value("text", ""), run.words) + "</td></tr>\n";
}

std::string GroupTable(const RunData& run, const Json& group, bool open) {
  const Json completions = group.value("completions", Json::array());
  if (completions.empty()) return "";
  double sum = 0;
  for (const Json& c : completions) sum += c.value("reward", 0.0);
  std::string out =
      std::string("<details") + (open ? " open" : "") + "><summary><span class=\"text\">" +
      EscapeHtml(group.value("prompt", "")) + "</span> · mean reward " +
      Fixed(sum / static_cast<double>(completions.size()), 2) +
      "</summary><table><tr><th class=\"n\">reward</th><th class=\"n\">advantage</th>";
  const Json parts = completions[0].value("parts", Json::object());
  for (const auto& [name, score] : parts.items())
    out += "<th class=\"n\">" + EscapeHtml(name) + "</th>";
  out += "<th class=\"n\">tokens</th><th>completion</th></tr>\n";
  for (const Json& completion : completions) out += GroupRow(run, completion);
  return out + "</table></details>\n";
}

std::string Groups(const RunData& run) {
  if (run.groups.empty()) return "";
  std::string out =
      "<h2>The groups of step " + std::to_string(run.groups[0].value("step", 0)) + "</h2>\n";
  for (const Json& group : run.groups) out += GroupTable(run, group, &group == &run.groups[0]);
  return out;
}

// --- facts ---

std::string FactText(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_float()) return Fixed(value, std::abs(value.get<double>()) < 10 ? 3 : 1);
  std::string digits = value.dump();
  if (value.is_number_integer())
    for (size_t at = digits.size(); at > 3 + (digits[0] == '-'); at -= 3)
      digits.insert(at - 3, ",");
  return digits;
}

std::string Fact(const std::string& name, const Json& value) {
  return "<tr><td>" + EscapeHtml(name) + "</td><td class=\"text\">" + EscapeHtml(FactText(value)) +
         "</td></tr>\n";
}

std::string Facts(const RunData& run) {
  std::string out = "<h2>The run</h2>\n";
  if (run.summary.is_object()) {
    out += "<div class=\"facts\"><table>";
    for (const char* group : {"seconds", "tokens", "readiness"}) {
      const Json facts = run.summary.value(group, Json::object());
      for (const auto& [name, value] : facts.items())
        out += Fact(std::string(group) + ", " + name, value);
    }
    for (const char* key : {"device", "base_sha256", "weight_sha256"})
      out += Fact(key, run.summary.value(key, ""));
    out += "</table></div>\n";
  }
  if (!run.config.empty())
    out += "<details><summary>config.toml</summary><pre>" + EscapeHtml(run.config) +
           "</pre></details>\n";
  return out;
}

}  // namespace

std::string ReportHtml(const RunFolder& folder) {
  const RunData run = ReadRun(folder);
  std::ostringstream out;
  out << "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      << "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>"
      << EscapeHtml(folder.path().filename().string()) << " · r1zero</title>\n<style>" << kCss
      << ChartCss() << "</style></head>\n<body><main>\n"
      << Header(run) << "<h2>Training</h2><section class=\"charts\">" << Charts(run)
      << "</section>\n"
      << Samples(run) << Groups(run) << Facts(run) << "</main></body></html>\n";
  return out.str();
}

}  // namespace r1zero
