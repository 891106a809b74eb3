#include "grpo/transcripts.h"

#include <algorithm>
#include <string>

#include "common/file.h"
#include "grpo/json_file.h"

namespace r1zero {
namespace {

constexpr size_t kProblems = 12;
constexpr size_t kSamples = 4;

std::string Name(FinishReason reason) {
  switch (reason) {
    case FinishReason::kStop: return "stop";
    case FinishReason::kLength: return "length";
    case FinishReason::kStopString: return "stop_string";
  }
  return "";
}

Json CompletionJson(const Completion& completion) {
  Json parts = Json::object();
  for (const NamedReward& part : completion.parts)
    parts[part.name] = part.undecided ? Json() : Json(part.score);
  return {{"text", completion.text},
          {"tokens", completion.tokens.size()},
          {"finish_reason", Name(completion.finish_reason)},
          {"truncated", completion.finish_reason == FinishReason::kLength},
          {"reward", completion.reward},
          {"parts", parts}};
}

Json PromptJson(const Prompt& prompt) {
  return {{"ordinal", prompt.ordinal}, {"prompt", prompt.text}, {"gold", prompt.gold}};
}

Json FewCompletions(const Group& group) {
  Json few = Json::array();
  for (size_t i = 0; i < std::min(kSamples, group.completions.size()); ++i)
    few.push_back(CompletionJson(group.completions[i]));
  return few;
}

std::span<const Group> FewProblems(std::span<const Group> groups) {
  return groups.first(std::min(kProblems, groups.size()));
}

}  // namespace

void WriteGroups(const std::filesystem::path& path, int64_t step, std::span<const Group> groups,
                 std::span<const float> advantages) {
  std::string lines;
  size_t next = 0;
  for (const Group& group : groups) {
    Json line = PromptJson(group.prompt);
    line["step"] = step;
    line["completions"] = Json::array();
    for (const Completion& completion : group.completions) {
      line["completions"].push_back(CompletionJson(completion));
      line["completions"].back()["advantage"] = advantages[next++];
    }
    lines += ToLine(line);
  }
  WriteFileDurably(path, lines);
}

void WriteSamplesBefore(const std::filesystem::path& path, std::span<const Group> groups) {
  std::string lines;
  for (const Group& group : FewProblems(groups)) {
    Json line = PromptJson(group.prompt);
    line["before"] = FewCompletions(group);
    lines += ToLine(line);
  }
  WriteFileDurably(path, lines);
}

void AddSamplesAfter(const std::filesystem::path& path, std::span<const Group> groups) {
  const std::vector<Json> before = ReadJsonLines(path);
  std::string lines;
  for (const Group& group : FewProblems(groups)) {
    Json line = PromptJson(group.prompt);
    for (const Json& old : before)
      if (old.value("ordinal", int64_t{-1}) == group.prompt.ordinal && old.contains("before"))
        line["before"] = old["before"];
    line["after"] = FewCompletions(group);
    lines += ToLine(line);
  }
  WriteFileDurably(path, lines);
}

}  // namespace r1zero
