#include "tasks/word_sums.h"

#include <set>
#include <utility>

#include "common/error.h"
#include "tasks/prompt_style.h"
#include "tasks/prompt_template.h"
#include "tasks/split.h"
#include "tasks/vocabulary.h"
#include "tasks/word_sums_problem.h"

namespace r1zero {
namespace {

class WordSums : public Task {
 public:
  WordSums(const TaskConfig& config, const PromptReader& reader)
      : user_(config.prompt_template.empty() ? "{prompt}" : config.prompt_template),
        system_(config.data.system),
        render_(MakePromptRenderer(config.data.style, reader.model_folder)) {
    Require(user_.Has("{prompt}"), "task.prompt_template is '", user_.text(),
            "', expected {prompt} in it");
    RequireSystemFits(config.data.style, system_, "task.system");
    DrawHeldOut(config.held_out);
  }

  std::string name() const override { return "word_sums"; }
  std::string accuracy_verifier() const override { return "gsm8k"; }

  std::vector<std::string> Vocabulary() const override {
    std::vector<std::string> words = TagWords();
    for (int64_t i = 0; i < NumWordSums(); i += 61) AddCharacters(At(WordSumAt(i)).prompt, words);
    AddCharacters("0123456789+=-", words);
    return words;
  }

  Problem Training(uint64_t seed, int64_t ordinal) const override {
    RandomStream rng(seed, RandomPurpose::kPrompt, static_cast<uint64_t>(ordinal));
    return At(DrawWordSum(rng, /*held_out=*/false));
  }
  const std::vector<Problem>& HeldOut() const override { return held_out_; }

  Document Corpus(uint64_t, int64_t) const override {
    Fail(
        "task word_sums has no texts to pretrain on; set policy.path to a policy that can read, "
        "and "
        "pretrain.tokens = 0");
  }

 private:
  Problem At(const WordSum& sum) const {
    std::vector<ChatMessage> messages;
    if (!system_.empty()) messages.push_back({"system", system_});
    messages.push_back({"user", user_.Fill({{"{prompt}", sum.question}})});
    return {render_(messages), std::to_string(sum.sum)};
  }
  void DrawHeldOut(int64_t count) {
    constexpr int64_t kMost = 5000;  // of about 19,000
    Require(count <= kMost, "task.held_out is ", count, ", expected at most ", kMost,
            " of word_sums");
    RandomStream rng(kFixedSeed, RandomPurpose::kPrompt);
    std::set<std::string> seen;
    while (static_cast<int64_t>(held_out_.size()) < count) {
      const WordSum sum = DrawWordSum(rng, /*held_out=*/true);
      if (seen.insert(sum.question).second) held_out_.push_back(At(sum));
    }
  }

  PromptTemplate user_;
  std::string system_;
  PromptRenderer render_;
  std::vector<Problem> held_out_;
};

}  // namespace

std::unique_ptr<Task> MakeWordSums(const TaskConfig& config, const PromptReader& reader) {
  Require(config.file.empty() && config.held_out_file.empty(),
          "task.file and task.held_out_file are set, but word_sums is generated and reads no file");
  RequireNoNumberRange(config, "word_sums");
  DataConfig rest = config.data;
  rest.style = DataConfig().style;
  rest.system = DataConfig().system;
  RequireUnset(rest, "word_sums");
  return std::make_unique<WordSums>(config, reader);
}

}  // namespace r1zero
