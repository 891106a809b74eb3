#include "tasks/data_task.h"

#include <algorithm>
#include <utility>

#include "common/error.h"
#include "tasks/data_split.h"
#include "tasks/mixture.h"
#include "tasks/prompt_style.h"
#include "tasks/prompt_template.h"
#include "tasks/vocabulary.h"

namespace r1zero {
namespace {

constexpr size_t kVocabularyBytes = size_t{1} << 20;  // of text looked at together

// task.file is a list of one.
DataConfig WithFiles(const TaskConfig& config) {
  DataConfig data = config.data;
  Require(config.file.empty() != data.files.empty(), "task.file is '", config.file,
          "' and task.files has ", data.files.size(), " names, expected one of the two");
  Require(config.held_out_file.empty() || !config.file.empty(),
          "task.held_out_file goes with task.file; with task.files use task.held_out_files");
  if (config.file.empty()) return data;
  data.files = {config.file};
  if (!config.held_out_file.empty()) data.held_out_files = {config.held_out_file};
  return data;
}

ProblemReading ReadingOf(const TaskConfig& config, const PromptReader& reader) {
  PromptTemplate user(config.prompt_template.empty() ? "{prompt}" : config.prompt_template);
  Require(user.Has("{prompt}"), "task.prompt_template is '", user.text(),
          "', expected {prompt} in it");
  RequireSystemFits(config.data.style, config.data.system, "task.system");
  const auto prompt_of = [user, system = config.data.system,
                          render = MakePromptRenderer(config.data.style, reader.model_folder)](
                             std::vector<ChatMessage> messages) {
    messages.back().content = user.Fill({{"{prompt}", messages.back().content}});
    if (!system.empty() && messages.front().role != "system")
      messages.insert(messages.begin(), {"system", system});
    return render(messages);
  };
  return {config.data.answer_column, config.data.bad_rows == "skip", prompt_of};
}

SplitOptions FiltersOf(const DataConfig& data, const PromptReader& reader, const PassRates* rates) {
  Require(data.max_prompt_tokens == 0 || reader.count_tokens, "task.max_prompt_tokens is ",
          data.max_prompt_tokens, ", but there is no policy to count with; set policy.path");
  return {reader.count_tokens, data.max_prompt_tokens, rates,
          data.pass_rate_min,  data.pass_rate_max,     data.curriculum == "easy-first"};
}

class Data : public Task {
 public:
  Data(const TaskConfig& config, const DataConfig& data, const PromptReader& reader)
      : mixture_(WeightsOf(data, data.files.size())) {
    const ProblemReading options = ReadingOf(config, reader);
    for (size_t i = 0; i < data.files.size(); ++i) {
      const std::string held_out = data.held_out_files.empty() ? "" : data.held_out_files[i];
      files_.push_back(
          {std::make_unique<ProblemRows>(data.files[i], options),
           held_out.empty() ? nullptr : std::make_unique<ProblemRows>(held_out, options)});
    }
    std::unique_ptr<const PassRates> rates;
    if (!data.pass_rates.empty()) rates = std::make_unique<PassRates>(data.pass_rates);
    Split(Apportion(WeightsOf(data, files_.size()),
                    std::max<int64_t>(config.held_out, static_cast<int64_t>(files_.size()))),
          FiltersOf(data, reader, rates.get()));
  }

  std::string name() const override { return "data"; }

  std::string accuracy_verifier() const override {
    const bool is_gsm8k = std::all_of(files_.begin(), files_.end(), [](const SetFiles& set) {
      return set.training->format().name == "GSM8K";
    });
    return is_gsm8k ? "gsm8k" : "exact";
  }

  std::vector<std::string> Vocabulary() const override {
    std::vector<std::string> characters;
    std::string text;
    const auto add = [&](const std::string& more, size_t bytes_looked_at) {
      text += more;
      if (text.size() < bytes_looked_at) return;
      AddCharacters(text, characters);
      text.clear();
    };
    ForEachProblem([&](const Problem& p) { add(p.prompt + p.gold, kVocabularyBytes); });
    add("", 0);
    std::sort(characters.begin(), characters.end());  // UTF-8 sorts by code point
    std::vector<std::string> words = TagWords();
    words.insert(words.end(), characters.begin(), characters.end());
    return words;
  }

  Problem Training(uint64_t seed, int64_t ordinal) const override {
    const Mixture::Place place = mixture_.At(seed, ordinal);
    const auto set = static_cast<size_t>(place.set);
    return files_[set].training->Read(
        orders_[set].At(seed, place.number, place.set, static_cast<int>(orders_.size())));
  }

  const std::vector<Problem>& HeldOut() const override { return held_out_; }
  std::vector<std::string> Notes() const override { return notes_; }

  void ForEachPrompt(const std::function<void(const std::string&)>& take) const override {
    ForEachProblem([&](const Problem& problem) { take(problem.prompt); });
  }

  Document Corpus(uint64_t, int64_t) const override {
    Fail(
        "the task data has no pretraining texts, so there is nothing to pretrain on; set "
        "policy.path to start from a trained policy");
  }

 private:
  void Split(const std::vector<int64_t>& held_out, const SplitOptions& filters) {
    for (SplitSet& set : SplitSets(files_, held_out, filters)) {
      orders_.push_back(std::move(set.training));
      notes_.push_back(ToText(set.report));
      std::move(set.held_out.begin(), set.held_out.end(), std::back_inserter(held_out_));
    }
  }

  void ForEachProblem(const std::function<void(const Problem&)>& take) const {
    for (const Problem& problem : held_out_) take(problem);
    for (size_t set = 0; set < files_.size(); ++set)
      for (const uint32_t row : orders_[set].rows()) take(files_[set].training->Read(row));
  }

  Mixture mixture_;
  std::vector<SetFiles> files_;
  std::vector<RowOrder> orders_;
  std::vector<Problem> held_out_;
  std::vector<std::string> notes_;
};

}  // namespace

std::unique_ptr<Task> MakeData(const TaskConfig& config, const PromptReader& reader) {
  RequireUnset(config.mix, "data");
  RequireNoNumberRange(config, "data");
  const DataConfig data = WithFiles(config);
  Check(data);
  return std::make_unique<Data>(config, data, reader);
}

}  // namespace r1zero
