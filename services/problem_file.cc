#include "services/problem_file.h"

#include "common/error.h"
#include "tasks/jsonl_rows.h"
#include "tasks/prompt_template.h"

namespace r1zero {

std::vector<FileProblem> ReadProblems(const ProblemFileOptions& options,
                                      const PromptRenderer& render) {
  const PromptTemplate question(options.prompt_template);
  Require(question.Has("{prompt}"), "--prompt-template is '", options.prompt_template,
          "', expected {prompt} in it");
  std::vector<FileProblem> problems;
  int64_t row_number = 0;
  ForEachRow(options.file, [&](const JsonlRow& row) {
    ++row_number;
    if (options.limit > 0 && row_number > options.limit) return;
    std::vector<ChatMessage> messages;
    if (!options.system.empty()) messages.push_back({"system", options.system});
    const std::string asked = row.Text(row.Has("question") ? "question" : "prompt");
    messages.push_back({"user", question.Fill({{"{prompt}", asked}})});
    problems.push_back({row_number, render(messages), row.GoldText("answer")});
  });
  return problems;
}

}  // namespace r1zero
