#include "tasks/jsonl.h"

#include <algorithm>
#include <set>
#include <utility>

#include "common/error.h"
#include "tasks/jsonl_rows.h"
#include "tasks/permutation.h"
#include "tasks/prompt_template.h"
#include "tasks/vocabulary.h"

namespace r1zero {
namespace {

// What a file holds, in its order.
struct Rows {
  std::vector<Problem> problems;
  std::vector<Document> documents;
};

Rows ReadRows(const std::string& path, const PromptTemplate& prompt_template) {
  Rows rows;
  ForEachRow(path, [&](const JsonlRow& row) {
    if (row.Has("text")) {
      rows.documents.push_back({"", row.Text("text")});
      return;
    }
    const std::string prompt = row.Text(row.Has("question") ? "question" : "prompt");
    rows.problems.push_back({prompt_template.Fill({{"{prompt}", prompt}}), row.GoldText("answer")});
    if (row.Has("response"))
      rows.documents.push_back({rows.problems.back().prompt, row.Text("response")});
  });
  return rows;
}

template <typename T>
const T& Shuffled(const std::vector<T>& all, uint64_t seed, RandomPurpose purpose,
                  int64_t ordinal) {
  const auto count = static_cast<int64_t>(all.size());
  return all[PermutedIndex(seed, purpose, ordinal / count, ordinal % count, count)];
}

class Jsonl : public Task {
 public:
  explicit Jsonl(const TaskConfig& config)
      : file_(config.file),
        prompt_(config.prompt_template.empty() ? "{prompt}" : config.prompt_template) {
    Require(prompt_.Has("{prompt}"), "task.prompt_template is '", prompt_.text(),
            "', expected {prompt} in it");
    Rows rows = ReadRows(config.file, prompt_);
    training_ = std::move(rows.problems);
    documents_ = std::move(rows.documents);
    HoldOut(
        config.held_out_file.empty() ? CutTail() : ReadRows(config.held_out_file, prompt_).problems,
        config.held_out);
    CollectWords();
  }

  std::string name() const override { return "jsonl"; }
  std::string accuracy_verifier() const override { return "exact"; }
  std::vector<std::string> Vocabulary() const override { return words_; }

  Problem Training(uint64_t seed, int64_t ordinal) const override {
    return Shuffled(training_, seed, RandomPurpose::kPrompt, ordinal);
  }

  const std::vector<Problem>& HeldOut() const override { return held_out_; }

  void ForEachPrompt(const std::function<void(const std::string&)>& take) const override {
    Task::ForEachPrompt(take);
    for (const Problem& problem : training_) take(problem.prompt);
  }

  Document Corpus(uint64_t seed, int64_t index) const override {
    Require(!documents_.empty(), file_,
            ": no row has a \"response\" or a \"text\", so there is nothing to pretrain on; add "
            "some, or start from a trained policy");
    return Shuffled(documents_, seed, RandomPurpose::kCorpus, index);
  }

 private:
  std::vector<Problem> CutTail() {
    const size_t tail = (training_.size() + 9) / 10;
    std::vector<Problem> cut(training_.end() - static_cast<std::ptrdiff_t>(tail), training_.end());
    training_.resize(training_.size() - tail);
    return cut;
  }

  // Keeps the first `most` distinct problems of `candidates`; no candidate stays in training.
  void HoldOut(std::vector<Problem> candidates, int64_t most) {
    std::set<std::string> prompts;
    for (Problem& problem : candidates)
      if (prompts.insert(problem.prompt).second && static_cast<int64_t>(held_out_.size()) < most)
        held_out_.push_back(std::move(problem));
    std::erase_if(training_, [&](const Problem& p) { return prompts.contains(p.prompt); });
    std::erase_if(documents_, [&](const Document& d) { return prompts.contains(d.question); });
    Require(!training_.empty() && !held_out_.empty(), file_, ": ", training_.size(),
            " problems to train on and ", held_out_.size(),
            " held out, expected some of each: add rows, or name a task.held_out_file");
  }

  void CollectWords() {
    std::string all;
    for (const std::vector<Problem>* side : {&training_, &held_out_})
      for (const Problem& problem : *side) all += problem.prompt + problem.gold;
    for (const Document& document : documents_) all += document.question + document.text;
    std::vector<std::string> characters;
    AddCharacters(all, characters);
    std::sort(characters.begin(), characters.end());  // UTF-8 sorts by code point
    words_ = TagWords();
    words_.insert(words_.end(), characters.begin(), characters.end());
  }

  std::string file_;
  PromptTemplate prompt_;
  std::vector<Problem> training_, held_out_;
  std::vector<Document> documents_;
  std::vector<std::string> words_;
};

}  // namespace

std::unique_ptr<Task> MakeJsonl(const TaskConfig& config) {
  Require(!config.file.empty(),
          "task.file is empty, expected a file of rows {\"prompt\":...,\"answer\":...}");
  RequireUnset(config.mix, "jsonl");
  RequireNoNumberRange(config, "jsonl");
  return std::make_unique<Jsonl>(config);
}

}  // namespace r1zero
