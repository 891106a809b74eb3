#include "services/problem_file.h"

#include <algorithm>
#include <utility>

#include "common/error.h"
#include "tasks/problem_rows.h"
#include "tasks/prompt_template.h"

namespace r1zero {
namespace {

// A conversation whose last message is the question: the template is put around that.
std::vector<ChatMessage> Asked(std::vector<ChatMessage> messages, const PromptTemplate& question,
                               const std::string& system) {
  messages.back().content = question.Fill({{"{prompt}", messages.back().content}});
  if (!system.empty() && messages.front().role != "system")
    messages.insert(messages.begin(), {"system", system});
  return messages;
}

}  // namespace

FileProblems ReadProblems(const ProblemFileOptions& options, const PromptRenderer& render) {
  const PromptTemplate question(options.prompt_template);
  Require(question.Has("{prompt}"), "--prompt-template is '", options.prompt_template,
          "', expected {prompt} in it");
  const ProblemRows rows(
      options.file,
      {.answer_column = options.answer_column, .prompt_of = [&](std::vector<ChatMessage> messages) {
         return render(Asked(std::move(messages), question, options.system));
       }});
  const int64_t count = options.limit > 0 ? std::min(options.limit, rows.rows()) : rows.rows();
  FileProblems file{.problems = {}, .read_as = Described(rows.format())};
  for (int64_t row = 0; row < count; ++row) {
    Problem problem = rows.Read(static_cast<uint32_t>(row));
    file.problems.push_back({row + 1, std::move(problem.prompt), std::move(problem.gold)});
  }
  return file;
}

}  // namespace r1zero
