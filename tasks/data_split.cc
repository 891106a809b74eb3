#include "tasks/data_split.h"

#include <sstream>
#include <unordered_set>
#include <utility>

#include "common/error.h"

namespace r1zero {
namespace {

// A good row, as long as the split is being made.
struct Known {
  uint64_t key = 0;
  uint32_t row = 0;
  float pass_rate = -1;  // -1: not measured
  bool is_long = false;
};

struct Scanned {
  std::vector<Known> training, candidates;
  SetReport report;
};

class Splitter {
 public:
  Splitter(const std::vector<SetFiles>& sets, const SplitOptions& options)
      : sets_(sets), options_(options) {
    for (const SetFiles& set : sets) scanned_.push_back(Scan(set));
    for (const Scanned& set : scanned_)
      for (const Known& row : set.candidates) kept_apart_.insert(row.key);
  }

  SplitSet Set(size_t set, int64_t held_out) {
    SetReport& report = scanned_[set].report;
    std::vector<RowOrder::RatedRow> training = Training(scanned_[set].training, report);
    report.training = static_cast<int64_t>(training.size());
    Require(!training.empty(), ToText(report),
            "; expected some to train on: add rows, name a held-out file, or widen the filters");
    return {Order(std::move(training)), HeldOut(set, held_out), report};
  }

 private:
  Scanned Scan(const SetFiles& set) const {
    Scanned scanned;
    SetReport& report = scanned.report;
    report.path = set.training->path();
    report.format = set.training->format().name;
    report.rows = set.training->rows();
    scanned.training = ScanFile(*set.training, report);
    scanned.candidates = set.held_out ? ScanFile(*set.held_out, report) : CutTail(scanned.training);
    report.candidates = static_cast<int64_t>(scanned.candidates.size());
    return scanned;
  }

  std::vector<Known> ScanFile(const ProblemRows& file, SetReport& report) const {
    std::vector<Known> rows;
    const auto bad = file.ForEach([&](uint32_t row, const Problem& problem) {
      const uint64_t key = PromptKey(problem.prompt);
      const auto rate = options_.pass_rates ? options_.pass_rates->Of(key) : std::nullopt;
      rows.push_back({key, row, rate ? static_cast<float>(*rate) : -1.0f, IsLong(problem.prompt)});
    });
    if (report.first_bad.empty()) report.first_bad = bad.first;
    report.bad += bad.count;
    return rows;
  }

  bool IsLong(const std::string& prompt) const {
    return options_.max_prompt_tokens > 0 &&
           options_.count_tokens(prompt) > options_.max_prompt_tokens;
  }

  static std::vector<Known> CutTail(std::vector<Known>& rows) {
    const auto begin = rows.end() - static_cast<std::ptrdiff_t>((rows.size() + 9) / 10);
    std::vector<Known> tail(begin, rows.end());
    rows.erase(begin, rows.end());
    return tail;
  }

  // Where a row goes, counted; null: it is trained on.
  int64_t* LeftOut(const Known& row, SetReport& report) const {
    if (kept_apart_.contains(row.key)) return &report.asked_held_out;
    if (row.is_long) return &report.too_long;
    if (!options_.pass_rates) return nullptr;
    if (row.pass_rate < 0) return &report.unmeasured;
    const bool is_within = static_cast<float>(options_.pass_rate_min) <= row.pass_rate &&
                           row.pass_rate <= static_cast<float>(options_.pass_rate_max);
    return is_within ? nullptr : &report.outside_rates;
  }

  std::vector<RowOrder::RatedRow> Training(const std::vector<Known>& rows,
                                           SetReport& report) const {
    std::vector<RowOrder::RatedRow> kept;
    for (const Known& row : rows) {
      if (int64_t* const why = LeftOut(row, report))
        ++*why;
      else
        kept.push_back({row.row, row.pass_rate});
    }
    return kept;
  }

  std::vector<Problem> HeldOut(size_t set, int64_t most) {
    const ProblemRows& file = *(sets_[set].held_out ? sets_[set].held_out : sets_[set].training);
    std::vector<Problem> chosen;
    for (const Known& row : scanned_[set].candidates) {
      if (static_cast<int64_t>(chosen.size()) == most) break;
      if (!row.is_long && chosen_.insert(row.key).second) chosen.push_back(file.Read(row.row));
    }
    return chosen;
  }

  RowOrder Order(std::vector<RowOrder::RatedRow> rows) const {
    if (options_.easy_first) return RowOrder::EasyFirst(std::move(rows));
    std::vector<uint32_t> plain;
    plain.reserve(rows.size());
    for (const RowOrder::RatedRow& row : rows) plain.push_back(row.row);
    return RowOrder(std::move(plain));
  }

  const std::vector<SetFiles>& sets_;
  const SplitOptions& options_;
  std::vector<Scanned> scanned_;
  std::unordered_set<uint64_t> kept_apart_;  // of all that may be held out
  std::unordered_set<uint64_t> chosen_;      // of those that are
};

void AddCount(std::string& text, int64_t count, const std::string& meaning) {
  if (count > 0) text += (text.empty() ? "" : ", ") + std::to_string(count) + ' ' + meaning;
}

}  // namespace

std::string ToText(const SetReport& r) {
  std::ostringstream text;
  text << r.path << ": " << r.rows << " rows read as " << r.format << ": " << r.training
       << " to train on, " << r.candidates << " to hold out";
  std::string left_out;
  AddCount(left_out, r.asked_held_out, "that ask a held-out prompt");
  AddCount(left_out, r.too_long, "with a longer prompt");
  AddCount(left_out, r.unmeasured, "without a pass rate");
  AddCount(left_out, r.outside_rates, "outside the pass rates");
  AddCount(left_out, r.bad, "bad (the first: " + r.first_bad + ")");
  if (!left_out.empty()) text << "; left out: " << left_out;
  return text.str();
}

std::vector<SplitSet> SplitSets(const std::vector<SetFiles>& sets,
                                const std::vector<int64_t>& held_out, const SplitOptions& options) {
  Splitter splitter(sets, options);
  std::vector<SplitSet> split;
  size_t chosen = 0;
  for (size_t i = 0; i < sets.size(); ++i) {
    split.push_back(splitter.Set(i, held_out[i]));
    chosen += split.back().held_out.size();
  }
  Require(chosen > 0, sets.front().training->path(),
          ": no problem is left to hold out, expected some: raise task.max_prompt_tokens, or name "
          "another held-out file");
  return split;
}

}  // namespace r1zero
